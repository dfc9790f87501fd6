"""What is installed, set and reachable."""
