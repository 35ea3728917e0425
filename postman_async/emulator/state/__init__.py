"""The state of the emulator: the database, ids, the clock, and the rules for documents."""
