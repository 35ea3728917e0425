"""How fast this is, measured side by side with what one would use instead.

``python -m benchmarks`` prints the tables; see `benchmarks.__main__`.  Not part of the package.
"""
