"""What a command shows: streams, the live display and the summary."""
