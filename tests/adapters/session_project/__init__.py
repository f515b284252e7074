"""A Django project with users and sessions, and what users of it see."""
