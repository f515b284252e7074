"""The REST client against a scripted API on loopback."""
