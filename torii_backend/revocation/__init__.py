"""Revocation: access tokens that are refused before they expire."""
