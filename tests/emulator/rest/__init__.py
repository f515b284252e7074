"""Contract tests of the REST API: what the emulator must do is read from the spec, not its code."""
