"""The generator: everything that turns a recipe into pixels."""
