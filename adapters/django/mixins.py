"""The mixin that guards class-based views."""

from __future__ import annotations

from typing import Any, Callable, ClassVar

from django.http.response import HttpResponseBase
from django.views import View

from torii_backend._guard.options import GuardOptions, checked_options
from torii_backend.auth import not_from_requests
from torii_backend.django.decorators import require_auth
from torii_backend.errors import ConfigurationError


@not_from_requests()
class RequireAuthMixin:
    """Requires sign-in for a class-based view, sync or async.

    Write it before the other bases. It runs before any code of the view.

    Attributes:
        auth_options: the keywords of `require_auth`, such as `{"organization": True}`. With
            `{"required": False}` sign-in is optional.

    Raises:
        ConfigurationError: an option is wrong, or the mixin comes after `View`.
    """

    auth_options: ClassVar[GuardOptions] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        checked_options(**cls.auth_options)
        bases = cls.__mro__
        if View in bases and bases.index(View) < bases.index(RequireAuthMixin):
            # The as_view() of View is found first then, and never calls ours.
            raise ConfigurationError(
                f"RequireAuthMixin must come before the other bases of {cls.__name__}. "
                "After View it does not guard the view."
            )

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view function, guarded.

        Args:
            initkwargs: as in `View.as_view`. `auth_options` replaces those of the class.

        Raises:
            ConfigurationError: an option is wrong.
        """
        view: Callable[..., HttpResponseBase] = super().as_view(**initkwargs)  # type: ignore[misc]
        options: GuardOptions = initkwargs.get("auth_options", cls.auth_options)
        return require_auth(**options)(view)
