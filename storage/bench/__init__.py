"""How fast storage is on its engines, and whether history slows it: `python -m storage.bench`."""
