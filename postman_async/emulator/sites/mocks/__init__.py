"""Mock servers: the examples of a collection, found by Postman's rules and served."""
