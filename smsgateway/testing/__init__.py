"""Public fakes: message centres that misbehave on demand, and what drives them."""
