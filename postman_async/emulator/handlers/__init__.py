"""The operations, one module for each namespace."""
