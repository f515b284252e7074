"""`_jose`: tokens and key sets, taken apart."""
