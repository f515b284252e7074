"""Routes that are hard to judge, with what is true of each: one module a framework."""
