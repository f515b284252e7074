"""The routes of what people open in a browser. What a page needs is imported when it is first requested."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from torii_backend.emulator.front.frontend import Frontend
from torii_backend.emulator.routes import Route

if TYPE_CHECKING:
    from torii_backend.emulator.pages.sign_in_endpoints import SignInPages

_PAGES = "torii_backend.emulator.pages"
_CONSOLE = "torii_backend.emulator.console"
CONSOLE_PATH = "/_emulator/"


class BrowserRoutes:
    """The sign-in page, and the console if it is turned on."""

    def __init__(self, frontend: Frontend, *, console: bool) -> None:
        self._frontend = frontend
        self._console = console

    def routes(self) -> list[Route]:
        """Return the routes."""
        routes = [
            Route("GET", "/_emulator/sign-in", self._show_sign_in),
            Route("POST", "/_emulator/sign-in", self._submit_sign_in),
            Route("GET", "/_emulator/page.css", partial(_file, _PAGES, "page.css")),
        ]
        if self._console:
            routes += [
                Route("GET", "/_emulator", _to_console),
                Route("GET", CONSOLE_PATH, partial(_file, _CONSOLE, "index.html")),
                *(
                    Route("GET", CONSOLE_PATH + name, partial(_file, _CONSOLE, name))
                    for name in ("console.css", "console.js", "dom.js")
                ),
            ]
        return routes

    def _show_sign_in(self, request: Request) -> Response:
        return self._pages().show(request)

    def _submit_sign_in(self, request: Request) -> Response:
        return self._pages().submit(request)

    def _pages(self) -> SignInPages:
        from torii_backend.emulator.pages.sign_in_endpoints import SignInPages

        return SignInPages(self._frontend)


def _file(package: str, name: str, _: Request) -> Response:
    from torii_backend.emulator.pages.static_file import static_file

    return static_file(package, name)


def _to_console(_: Request) -> Response:
    return redirect(CONSOLE_PATH)
