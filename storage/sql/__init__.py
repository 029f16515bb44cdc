"""The verbs of storage in SQL by hand, one module for each duty, for every engine alike."""
