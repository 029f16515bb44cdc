"""How fast the engine is on this device, beside the reference on the same weights in the same run."""
