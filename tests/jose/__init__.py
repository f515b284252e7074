"""`_jose`: parsing tokens and key sets."""
