"""Discord: slash commands and buttons in, one message per job out."""
