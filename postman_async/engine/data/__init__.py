"""How models are read from JSON and written to it."""
