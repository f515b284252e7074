"""The emulator that commands ask."""

from tests.emulator.conftest import _no_secret_key, torii, wire  # noqa: F401
