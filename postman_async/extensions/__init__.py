"""What is written by hand below the generated classes: their bases, and the base of all models."""
