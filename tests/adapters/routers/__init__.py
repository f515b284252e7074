"""One file a framework: `build(options)` guards an application with its own routes.

`/me` answers SECRET; `/health` and what is below `/public/` answer OPEN. The header `X-Forwarded-Prefix`
says under which mount point that is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tests.adapters.contract import drivers_in
from tests.adapters.transport import AsgiApplication

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

SECRET = b"secret"
OPEN = b"open"


def mounted_wsgi(app: WSGIApplication) -> WSGIApplication:
    """Tell an application its mount point; the path loses it, if the proxy has left it there."""

    def mounted(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        mount, path = environ.get("HTTP_X_FORWARDED_PREFIX", ""), environ["PATH_INFO"]
        below = f"{path}/".startswith(f"{mount}/")
        found = {"SCRIPT_NAME": mount, "PATH_INFO": path[len(mount) :] if below else path}
        return app({**environ, **found}, start_response)

    return mounted


def mounted_asgi(app: AsgiApplication) -> AsgiApplication:
    """Tell an application its mount point; the path stays as it came."""

    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        mount = dict(scope["headers"]).get(b"x-forwarded-prefix", b"").decode()
        await app({**scope, "root_path": mount}, receive, send)

    return mounted


NAMES, ROUTERS = drivers_in(__name__, __path__)
