"""Floor 1, the nouns: frozen, closed, without I/O."""
