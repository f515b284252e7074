"""Refuse OAuth scopes for a guard, when it is declared: nothing would enforce them.

FastAPI tells a dependency about scopes only once a request is there, and doesn't say whose they are.
But it asks for the signature of a guard while the route is declared. The `Depends` and `Security`
objects on the way from the route to the guard are then in the variables of its functions.

Newer versions look at the dependencies of an included router only once a request is there, so we have
them looked at when the router is included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import wraps
from types import FrameType
from typing import Any, Optional

from fastapi import APIRouter, params
from fastapi.dependencies import utils
from fastapi.dependencies.models import Dependant

from torii_backend.errors import ConfigurationError


def refuse_scopes(caller: Optional[FrameType]) -> None:
    """Raise if the dependency that is being declared has scopes that nobody reads.

    Args:
        caller: the frame that asks for the guard's signature.
    """
    for depends in _enclosing_dependencies(caller):
        if isinstance(depends, params.Security) and depends.scopes:
            dependency: Any = depends.dependency
            if not _reads_scopes(utils.get_dependant(path="", call=dependency)):
                raise ConfigurationError(
                    "scopes must be left out, because a guard doesn't enforce them: write "
                    "Depends(require_auth(claims={...})), or check= with a function, instead of "
                    "Security(..., scopes=[...])."
                )


def _enclosing_dependencies(frame: Optional[FrameType]) -> Iterator[params.Depends]:
    while frame is not None and frame.f_globals.get("__name__") in ("inspect", utils.__name__):
        variables = frame.f_locals
        declared = getattr(variables.get("param_details"), "depends", None)
        for depends in (declared, variables.get("depends")):
            if isinstance(depends, params.Depends):
                yield depends
        frame = frame.f_back


def _reads_scopes(dependant: Dependant) -> bool:
    """Return whether a dependency, or one below it, takes `SecurityScopes` to enforce them."""
    return dependant.security_scopes_param_name is not None or any(
        map(_reads_scopes, dependant.dependencies)
    )


_include_router = APIRouter.include_router


@wraps(_include_router)
def _including(
    self: APIRouter,
    router: APIRouter,
    *,
    dependencies: Optional[Sequence[params.Depends]] = None,
    **options: Any,
) -> None:
    for depends in (*self.dependencies, *(dependencies or ()), *router.dependencies):
        try:
            utils.get_parameterless_sub_dependant(depends=depends, path="")
        except ConfigurationError:
            raise
        except Exception:  # noqa: BLE001, S110 (FastAPI itself says so, and knows the path)
            pass
    _include_router(self, router, dependencies=dependencies, **options)


APIRouter.include_router = _including  # type: ignore[method-assign]
