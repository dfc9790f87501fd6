"""The line itself: planned, called, recorded, interrupted, repeated."""
