"""Runs of monitors, from the trigger to the recorded result."""
