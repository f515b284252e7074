"""Sources of the framework adapters; they install as torii_backend.<name>."""
