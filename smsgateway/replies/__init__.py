"""What citizens answer: safe, help, no more; the welfare board; what nobody foresaw is kept."""
