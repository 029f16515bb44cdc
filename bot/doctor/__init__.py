"""Examines a set-up and says the one thing to fix next."""
