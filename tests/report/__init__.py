"""The report: every number of it, on tables small enough to compute by hand."""
