"""Webhooks of the emulator: what it sends, where to, when, and how that went."""
