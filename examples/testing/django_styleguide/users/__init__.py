"""Members of the project."""
