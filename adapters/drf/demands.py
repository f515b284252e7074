"""What permission and authentication classes demand of a request, judged by the classes alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from rest_framework.permissions import (
    AND,
    NOT,
    OR,
    SAFE_METHODS,
    AllowAny,
    BasePermission,
    DjangoModelPermissions,
    IsAdminUser,
    IsAuthenticated,
    IsAuthenticatedOrReadOnly,
    OperandHolder,
    SingleOperandHolder,
)
from rest_framework.settings import api_settings

from torii_backend._guard.audit import OPEN, Verdict, name_of, strongest
from torii_backend._guard.audit_place import acts_as_ours
from torii_backend._guard.view_code import changes_itself
from torii_backend.django.class_views import ANY_METHOD
from torii_backend.django.layers import weakest
from torii_backend.drf.authentication import ToriiAuthentication
from torii_backend.drf.permissions import RequirePolicy

_LETS_ALL_PASS = (AllowAny.has_permission, BasePermission.has_permission)
_DEMANDS_USER = (IsAuthenticated.has_permission, IsAdminUser.has_permission)


class SignedInBy(NamedTuple):
    """Who else than a `ToriiAuthentication` may say who the user of a request is.

    Attributes:
        others: names of other classes that may find a user.
        foreign: those of them that REST framework doesn't have, so that they may find an Auth, too.
    """

    others: tuple[str, ...]
    foreign: tuple[str, ...]


def signed_in_by(authentication_classes: Iterable[Any]) -> SignedInBy:
    """Return who may sign a user in."""
    others = [each for each in authentication_classes if not is_ours(each)]
    foreign = [
        each
        for each in others
        if getattr(each, "__module__", "") != "rest_framework.authentication"
    ]
    names = tuple(map(name_of, others))
    anonymous: Any = api_settings.UNAUTHENTICATED_USER
    if anonymous is not None and name_of(anonymous) != "AnonymousUser":
        names = (*names, "UNAUTHENTICATED_USER")
    return SignedInBy(names, tuple(map(name_of, foreign)))


def is_ours(authentication_class: Any) -> bool:
    """Return whether a class authenticates as `ToriiAuthentication` does."""
    return (
        isinstance(authentication_class, type)
        and issubclass(authentication_class, ToriiAuthentication)
        and acts_as_ours(authentication_class, "authenticate")
    )


def verdict_of_permission(permission: Any, method: str, by: SignedInBy) -> Verdict:
    """Say what a permission demands of a request."""
    if isinstance(permission, RequirePolicy):
        return _verdict_of_policy(permission, by)
    if isinstance(permission, (OperandHolder, SingleOperandHolder)):
        return _verdict_of_operation(permission, method, by)
    check = getattr(permission, "has_permission", None) if isinstance(permission, type) else None
    reads = check is IsAuthenticatedOrReadOnly.has_permission
    if check in _LETS_ALL_PASS or (reads and method in (*SAFE_METHODS, ANY_METHOD)):
        return OPEN
    if check is DjangoModelPermissions.has_permission:
        demands_user = permission.authenticated_users_only is True
    else:
        demands_user = reads or check in _DEMANDS_USER
    name = name_of(permission)
    if demands_user and changes_itself(permission, ["has_permission"], (), ("rest_framework",)):
        demands_user = False
    return _demanding_user(name, by) if demands_user else Verdict("unknown", name)


def _demanding_user(name: str, by: SignedInBy) -> Verdict:
    if by.others:
        return Verdict("unknown", f"{name} by {', '.join(by.others)}")
    return Verdict("guarded", name)


def _verdict_of_policy(permission: RequirePolicy, by: SignedInBy) -> Verdict:
    name = type(permission).__name__
    if by.foreign:
        return Verdict("unknown", f"{name} by {', '.join(by.foreign)}")
    same = acts_as_ours(type(permission))
    return Verdict("guarded", permission.shown) if same else Verdict("unknown", name)


def _verdict_of_operation(permission: Any, method: str, by: SignedInBy) -> Verdict:
    operator = permission.operator_class
    operands = [
        verdict_of_permission(getattr(permission, name), method, by)
        for name in ("op1_class", "op2_class")
        if hasattr(permission, name)
    ]
    if operator is AND:
        return strongest(operands)
    if operator is OR:
        return weakest(operands)
    if operator is NOT and operands[0].state == "guarded":
        # It lets those pass who aren't signed in.
        return OPEN
    return Verdict("unknown", f"{operator.__name__} {operands[0].detail}".strip())
