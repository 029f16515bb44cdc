"""Telegram: commands, plain words and buttons in, one message per job out."""
