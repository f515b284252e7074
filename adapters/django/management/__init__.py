"""Commands for `manage.py`, which Django finds with `torii_backend.django` in INSTALLED_APPS."""
