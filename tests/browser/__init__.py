"""The pages of the emulator in a real Chromium, which Playwright drives."""
