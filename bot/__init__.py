"""People, limits, words: commands in, updates out."""
