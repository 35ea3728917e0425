"""How one call crosses the wire: pure decisions, and one transport that acts on them."""
