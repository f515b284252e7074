"""`testing`: what tests of guarded applications use."""
