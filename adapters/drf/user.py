"""The user of a request in a project without its own users."""

from __future__ import annotations

from collections.abc import Iterable

from torii_backend.auth import Auth, not_from_requests


@not_from_requests()
class ToriiUser:
    """The user of an Auth, with the attributes that Django expects of a user.

    Two of them are equal if they have the same id.

    Args:
        auth: the Auth of the request.

    Attributes:
        auth: the Auth of the request.
        pk: the user's id in Torii. `id` and `username` are the same.
        is_authenticated: always True.
        is_anonymous: always False.
        is_active: always True.
        is_staff: always False, and so is `is_superuser`. Only Django's own users have them.
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

    def get_username(self) -> str:
        """Return the user's id in Torii."""
        return self.username

    def has_perm(self, perm: str, obj: object = None) -> bool:  # noqa: ARG002
        """Return False, because only Django's own users have permissions."""
        return False

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        """Return whether the list is empty, as it is when REST framework asks about a read request."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:  # noqa: ARG002
        """Return False, as templates ask by `{% if perms.shop %}`."""
        return False

    def get_all_permissions(self, obj: object = None) -> set[str]:  # noqa: ARG002
        """Return no permissions."""
        return set()

    def __eq__(self, other: object) -> bool:
        return self.pk == other.pk if isinstance(other, ToriiUser) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.pk)

    def __str__(self) -> str:
        return self.username
