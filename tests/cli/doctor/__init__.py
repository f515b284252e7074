"""`torii doctor`: each check is made to fail on purpose."""
