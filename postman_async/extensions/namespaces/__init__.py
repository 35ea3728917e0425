"""The bases of generated namespaces: one module per group, both the async and the sync class."""
