"""The rate limits of the service, and the limiter that keeps a client within them."""
