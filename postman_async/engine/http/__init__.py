"""One call over HTTP: from its arguments to the request, and from the response to a value."""
