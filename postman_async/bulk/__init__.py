"""Run many monitors: outcomes, reports, and the loop that keeps them going."""
