"""One platform each: an adapter knows no SQL, no torch and no prices."""
