"""Floor 2, the doors: what a plugin is, and how it is found."""
