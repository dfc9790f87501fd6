"""The three wire protocols, each in its own words."""
