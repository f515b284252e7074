"""What the tests of the core share: an issuer, a clock, and a server of key sets."""
