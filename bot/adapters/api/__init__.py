"""The HTTP API: several wire formats, one file each, over the same service, credits and pictures."""
