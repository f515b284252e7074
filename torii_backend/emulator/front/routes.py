"""All routes for front-ends."""

from __future__ import annotations

import re

from torii_backend.emulator.front.boot import Boot
from torii_backend.emulator.front.frontend import Frontend
from torii_backend.emulator.front.login import Login
from torii_backend.emulator.front.oauth import OAuth
from torii_backend.emulator.front.organizations import Organizations
from torii_backend.emulator.front.passwords import Passwords
from torii_backend.emulator.front.profile import Profile
from torii_backend.emulator.front.session import SessionEndpoints
from torii_backend.emulator.front.settings import FrontSettings
from torii_backend.emulator.front.shapes import PATHS
from torii_backend.emulator.front.sign_up import SignUp
from torii_backend.emulator.routes import Route
from torii_backend.emulator.tenant import REDEEM_PATH
from torii_backend.errors import ConfigurationError

_PATH = re.compile(r"/_torii(?:/[A-Za-z][A-Za-z0-9._~-]*)+")


def front_routes(frontend: Frontend, settings: FrontSettings, refresh_path: str) -> list[Route]:
    """Return the routes for front-ends."""
    return [
        *Boot(frontend, settings).routes(),
        *Login(frontend).routes(),
        *SignUp(frontend, settings).routes(),
        *Passwords(frontend).routes(),
        *SessionEndpoints(frontend, refresh_path).routes(),
        *Profile(frontend).routes(),
        *Organizations(frontend).routes(),
        *OAuth(frontend, settings).routes(),
    ]


def require_refresh_path(path: str) -> str:
    """Return a free path below `/_torii/`, which is what a first-party proxy forwards."""
    if not isinstance(path, str) or _PATH.fullmatch(path) is None or _is_taken(path):
        raise ConfigurationError(
            "refresh_path must be a free path below /_torii/, such as /_torii/auth/session/refresh."
        )
    return path


def _is_taken(path: str) -> bool:
    taken = re.compile("|".join(re.sub(r"{\w+}", "[^/]+", each) for each in (*PATHS, REDEEM_PATH)))
    return taken.fullmatch(path) is not None
