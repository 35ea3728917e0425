"""The HTTP server: listener, middleware, routing, and the call a handler is given."""
