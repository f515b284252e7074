"""The commands of `torii`, one file each."""
