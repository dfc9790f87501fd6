"""Floor 3: the line itself. All state is in the ledger."""
