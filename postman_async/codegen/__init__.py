"""The generator: from the spec to the endpoint methods, the models and the registry.

It is a small compiler.  `read` resolves references, `lower` makes the intermediate form of `ir`
with the names of `names`, `render` turns that into files by the templates.
"""
