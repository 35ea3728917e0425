"""Runs many monitors in parallel: batches, outcomes, reports, and the journal."""
