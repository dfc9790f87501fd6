"""Floor 3: from the ledger to what is published."""
