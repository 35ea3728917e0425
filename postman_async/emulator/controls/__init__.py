"""What a test does to an emulator: faults, limits, scripted runs, request log, control API."""
