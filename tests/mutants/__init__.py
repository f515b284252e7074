"""One small patch for each check: with it applied, the test that it names must fail."""
