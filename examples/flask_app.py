# TORII_ISSUER=http://127.0.0.1:4100 flask --app examples/flask_app.py run --port 8000
"""Guard Flask views. Start a local Torii first: `torii emulator`."""

from __future__ import annotations

from flask import Flask, g

from torii_backend.flask import require_auth

app = Flask(__name__)


@app.get("/health")
def health() -> dict[str, None]:
    """Respond to everyone: this view has no guard."""
    return {"user_id": None}


# Below @app.get, so that Flask registers the guarded view. The issuer comes from TORII_ISSUER.
@app.get("/me")
@require_auth
def me() -> dict[str, str]:
    """Return who is signed in."""
    return {"user_id": g.auth.user_id}
