"""List, show and change monitors."""
