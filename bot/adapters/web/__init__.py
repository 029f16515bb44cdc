"""The web chat: a local page for one person, its socket, and the pictures it shows."""
