"""The commands of `python -m torii_backend`, one file each."""
