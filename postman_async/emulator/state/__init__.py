"""What the emulator stores: the database, ids, the clock, and rules about documents."""
