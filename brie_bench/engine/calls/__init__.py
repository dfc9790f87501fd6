"""What surrounds a call: who asks, at what pace, how often, at what price, and within which budget."""
