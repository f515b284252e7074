# TORII_ISSUER=http://127.0.0.1:4100 uvicorn --app-dir examples/browser app:app --port 8000
"""A page that signs users in, and the API that it calls. docs/browser.md has the three commands that start it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Optional

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import FileResponse

from torii_backend import Auth
from torii_backend.asgi import ToriiProxy
from torii_backend.fastapi import require_auth

FOLDER = Path(__file__).parent
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

app = FastAPI()


@app.middleware("http")
async def protect(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Keep scripts of others out of the page, which holds an access token."""
    response = await call_next(request)
    response.headers["Content-Security-Policy"] = CSP
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


# The browser sees one origin, so the session's cookie is a first-party one. The issuer comes from
# TORII_ISSUER. Add the proxy last, so that it is outside everything else.
app.add_middleware(ToriiProxy)


@app.get("/")
def page() -> FileResponse:
    """Respond with the page, which needs no guard."""
    return FileResponse(FOLDER / "index.html")


@app.get("/page.css")
def stylesheet() -> FileResponse:
    """Respond with the look of the page."""
    return FileResponse(FOLDER / "page.css")


@app.get("/page.js")
def module() -> FileResponse:
    """Respond with what the page does."""
    return FileResponse(FOLDER / "page.js")


@app.get("/me")
def me(auth: Annotated[Auth, Depends(require_auth())]) -> dict[str, Optional[str]]:
    """Return who is signed in."""
    return {
        "user_id": auth.user_id,
        "organization_id": auth.organization_id,
        "organization_role": auth.organization_role,
    }
