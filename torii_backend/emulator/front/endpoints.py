"""All endpoints for front-ends."""

from __future__ import annotations

from torii_backend.emulator.front.boot import Boot
from torii_backend.emulator.front.frontend import Frontend
from torii_backend.emulator.front.login import Login
from torii_backend.emulator.front.oauth import OAuth
from torii_backend.emulator.front.oauth_provider import OAuthProvider
from torii_backend.emulator.front.organizations import Organizations
from torii_backend.emulator.front.passwords import Passwords
from torii_backend.emulator.front.profile import Profile
from torii_backend.emulator.front.session import SessionEndpoints
from torii_backend.emulator.front.settings import FrontSettings
from torii_backend.emulator.front.sign_up import SignUp
from torii_backend.emulator.routes import Route


def endpoints(frontend: Frontend, settings: FrontSettings, refresh_path: str) -> list[Route]:
    """Return the routes, with their endpoints."""
    return [
        *Boot(frontend, settings).routes(),
        *Login(frontend).routes(),
        *SignUp(frontend, settings).routes(),
        *Passwords(frontend).routes(),
        *SessionEndpoints(frontend, refresh_path).routes(),
        *Profile(frontend).routes(),
        *Organizations(frontend).routes(),
        *OAuth(frontend, settings).routes(),
        *OAuthProvider(frontend, settings).routes(),
    ]
