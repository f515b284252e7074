"""drf-spectacular knows `ToriiAuthentication`: the schema says how to sign in, and Swagger UI shows "Authorize".

`torii_backend.django` in INSTALLED_APPS imports this module if drf-spectacular is among them, too. A
project without our app imports it itself.
"""

from __future__ import annotations

import re
from typing import Any, Union

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import ResolvedComponent

from torii_backend.drf.authentication import ToriiAuthentication

_DESCRIPTION = "A Torii access token."


class ToriiScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The security scheme of `ToriiAuthentication` and its subclasses.

    Those that read the token from the same header share one, so that people enter it once.

    Args:
        target: an object of the class; drf-spectacular passes it.
    """

    target_class: Union[str, type[object], None] = ToriiAuthentication
    match_subclasses = True
    # A project may have an extension of its own for our class, which comes first.
    priority = -1

    def __init__(self, target: ToriiAuthentication) -> None:
        super().__init__(target)  # type: ignore[no-untyped-call]
        # drf-spectacular would register a scheme of this name for each class, and warn of the second.
        self.name: Union[str, list[str]] = []
        # Not from the guard, which needs an issuer: the schema may be made where there is none.
        options = target._lazy_guard.options()
        self._header = options.get("header", "authorization").title()
        self._is_bare = options.get("scheme", "bearer") is None

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[Any]]:
        """Register the security scheme, and return what names it; drf-spectacular calls this."""
        name, definition = self._scheme()
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name=name,
            type=ResolvedComponent.SECURITY_SCHEMA,
            object=ToriiAuthentication,
            schema=definition,
        )
        auto_schema.registry.register_on_missing(component)
        return {name: []}

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:  # noqa: ARG002
        """Return nothing to register: `get_security_requirement` has done so."""
        return []

    def _scheme(self) -> tuple[str, dict[str, Any]]:
        """Return name and content of the scheme, as our other adapters have them."""
        if self._header == "Authorization" and not self._is_bare:
            kind = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            return "Torii", {**kind, "description": _DESCRIPTION}
        # OpenAPI allows fewer characters in a name than HTTP.
        name = re.sub("[^A-Za-z0-9.-]", "_", f"Torii-{self._header}")
        form = (
            _DESCRIPTION if self._is_bare else f"The word Bearer, a space and a{_DESCRIPTION[1:]}"
        )
        place = {"type": "apiKey", "in": "header", "name": self._header}
        return name, {**place, "description": form}
