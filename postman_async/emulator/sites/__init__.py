"""What the emulator serves besides the API: mock servers, webhooks and an echo service."""
