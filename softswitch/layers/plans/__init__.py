"""Plans (预案): versioned data that says who is rung, told and tasked; dry runs, and runs that survive any end."""
