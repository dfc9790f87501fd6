"""A provider's batch service in place of calls: submitted once, found again, collected in any order."""
