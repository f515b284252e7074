"""The user of a request, where the project has no users of its own."""

from __future__ import annotations

from collections.abc import Iterable

from torii_backend.auth import Auth


class ToriiUser:
    """Whoever an Auth speaks for, as far as Django asks.

    Args:
        auth: the Auth of the request.

    Attributes:
        auth: the same.
        pk: the id of the user at Torii; `id` and `username` are the same.
        is_authenticated: True.
        is_anonymous: False.
        is_active: True.
        is_staff: False; so is `is_superuser`: they are ranks of Django's own users.
    """

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    def __init__(self, auth: Auth) -> None:
        self.auth: Auth = auth
        self.pk: str = auth.user_id
        self.id: str = auth.user_id
        self.username: str = auth.user_id

    def has_perm(self, perm: str, obj: object = None) -> bool:  # noqa: ARG002
        """Return False: permissions are given to Django's own users."""
        return False

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        """Tell whether no permission is asked for, as REST framework does of who only reads."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def __str__(self) -> str:
        return self.username
