"""Keep what signs users in without a token away from live environments."""

from __future__ import annotations

import os

from torii_backend.errors import ConfigurationError


def refuse_live_key() -> None:
    """Raise if the environment has a live secret key. Everything in this package calls it first.

    Raises:
        ConfigurationError: TORII_SECRET_KEY begins with sk_live_.
    """
    if os.environ.get("TORII_SECRET_KEY", "").strip().startswith("sk_live_"):
        raise ConfigurationError(
            "TORII_SECRET_KEY must be a test key, such as sk_test_…, wherever torii_backend.testing is "
            "used. It is a live key (sk_live_)."
        )
