"""The emulator that commands ask."""

from tests.emulator.conftest import _no_secret_key, torii, wire  # noqa: F401
from tests.emulator.webhooks.conftest import endpoint  # noqa: F401
