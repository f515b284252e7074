"""Test a guarded app: sign a user in with one line, and see which routes are open."""

from __future__ import annotations
