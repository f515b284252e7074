"""The admin API, with which tests and the console control the emulator over HTTP."""
