"""Recorded judgments in and out of the ledger."""
