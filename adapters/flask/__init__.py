"""Guard a Flask application, as a whole, by blueprints or view by view.

    torii = Torii(app)      # every request needs sign-in, except for exempt paths

    @app.get("/me")
    @require_auth           # or: this view needs it
    def me():
        return {"user_id": g.auth.user_id}

    # or: the views of this blueprint need the role of an admin
    admin.before_request(Torii().guard(role="admin", organization="org_1"))

Settings come from keywords, then `app.config["TORII_ISSUER"]` and the like, then TORII_ISSUER.
`current_auth()` works wherever Flask's `request` works.
"""

from __future__ import annotations

from torii_backend._guard.context import current_auth
from torii_backend.flask.decorator import optional_auth, require_auth
from torii_backend.flask.events import receive
from torii_backend.flask.extension import Torii
from torii_backend.flask.routes import unguarded_routes

__all__ = [
    "Torii",
    "current_auth",
    "optional_auth",
    "receive",
    "require_auth",
    "unguarded_routes",
]
