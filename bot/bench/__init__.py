"""Measures the whole product on this machine."""
