"""The keys of an issuer: fetched, cached and refreshed. The only I/O and threads of the core."""
