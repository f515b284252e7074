"""What the tests of the core share: an issuer, a clock that stands still, a server of key sets."""
