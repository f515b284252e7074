"""The pytest plugin: fixtures, a marker and an ini option."""

from __future__ import annotations
