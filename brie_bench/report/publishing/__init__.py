"""A leaderboard's folder: its records, what is made of them, and the check that makes it again."""
