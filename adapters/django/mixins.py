"""The mixin that guards class-based views."""

from __future__ import annotations

from typing import Any, Callable, ClassVar

from django.http.response import HttpResponseBase
from django.views import View

from torii_backend._guard.options import GuardOptions, check_options
from torii_backend.django.decorators import require_auth
from torii_backend.errors import ConfigurationError


class RequireAuthMixin:
    """Lets only authenticated requests through to a class-based view, sync or async.

    It stands before `View` among the bases, and runs before anything of the view does.

    Attributes:
        auth_options: the keywords of `torii_backend._guard.options.GuardOptions`, as in `@require_auth`.

    Raises:
        ConfigurationError: an option is wrong, or the class stands after `View`.
    """

    auth_options: ClassVar[GuardOptions] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        check_options(cls.auth_options)
        bases = cls.__mro__
        if View in bases and bases.index(View) < bases.index(RequireAuthMixin):
            # The as_view() of View comes first then, and never calls ours.
            raise ConfigurationError(
                f"write RequireAuthMixin before the other bases of {cls.__name__}: "
                "after View it would guard nothing."
            )

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view function, guarded.

        Args:
            initkwargs: as in `View.as_view`; with `auth_options`, those of the class do not count.

        Raises:
            ConfigurationError: an option is wrong.
        """
        view: Callable[..., HttpResponseBase] = super().as_view(**initkwargs)  # type: ignore[misc]
        options: GuardOptions = initkwargs.get("auth_options", cls.auth_options)
        return require_auth(**options)(view)
