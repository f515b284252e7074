"""Policy: may this Auth pass? Pure, but for the checks that an application brings."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterable, Mapping
from inspect import isawaitable
from types import BuiltinMethodType, MethodType, MethodWrapperType
from typing import Any, Callable, Literal, NamedTuple, TypedDict, Union

from msgspec import UNSET, UnsetType

from torii_backend._guard.refusal import with_auth
from torii_backend.auth import Auth, not_from_requests
from torii_backend.errors import (
    ConfigurationError,
    PermissionDenied,
    PermissionDeniedReason,
)
from torii_backend.settings import Unchanging, require_bool

Verdict = Union[bool, str]
Check = Callable[[Auth], Union[Verdict, Awaitable[Verdict]]]
Scalar = Union[str, int, float, bool, None]
Accepted = Union[Scalar, Collection[Scalar]]


class PolicyOptions(TypedDict, total=False):
    """The keywords of a `Policy`.

    Attributes:
        email_verified: True demands that the claim of this name is there and JSON true.
        profile_complete: True demands that the claim of this name is there and JSON true.
        impersonation: `forbid` rejects impersonated sessions; `allow` is the default.
        organization: True demands an active organization; an id or several, one of these.
        role: the role key in the active organization, or several of which one is enough. It may be
            any organization in which users can get that role, so give `organization` as well.
        any_organization: True says that the role counts in any organization. Guards don't warn then.
        claims: claims by name, with the value or values of which each claim must have one.
        check: your function that takes the Auth. True passes, False refuses, and a string refuses
            with that message. It may be async if the framework can await it.
    """

    email_verified: bool
    profile_complete: bool
    impersonation: Literal["allow", "forbid"]
    organization: Union[bool, str, Collection[str]]
    role: Union[str, Collection[str]]
    any_organization: bool
    claims: Mapping[str, Accepted]
    check: Check


class _Condition(NamedTuple):
    keyword: str
    wanted: Any


class _SameCheck:
    """A check, equal to itself only: an object may be hard to hash, or call others its equals."""

    __slots__ = ("function",)

    def __init__(self, function: Check) -> None:
        self.function: Check = function

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SameCheck) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> object:
        # Python makes a method anew each time that it is looked up.
        is_method = isinstance(self.function, (MethodType, BuiltinMethodType, MethodWrapperType))
        return self.function if is_method else id(self.function)


@not_from_requests()
class Policy(Unchanging):
    """What an Auth must be to pass; all conditions must hold.

    Policies are combined with `&`, compared, hashed and printed by their conditions.

    Args:
        email_verified: True demands that the claim of this name is there and JSON true.
        profile_complete: True demands that the claim of this name is there and JSON true.
        impersonation: `forbid` rejects impersonated sessions; `allow` is the default.
        organization: True demands an active organization; an id or several, one of these.
        role: the role key in the active organization, or several of which one is enough; compared
            as exact strings. Give `organization` as well, else it may be any.
        any_organization: True says that the role counts in any organization. Guards don't warn then.
        claims: claims by name, with the value or values of which each claim must have one: strings,
            numbers, booleans or None. A claim that is an array or an object never matches.
        check: your own function, see `PolicyOptions`.

    Raises:
        ConfigurationError: a keyword has an invalid value, or one that no Auth could meet.
    """

    __slots__ = ("_conditions",)

    def __init__(
        self,
        *,
        email_verified: bool = False,
        profile_complete: bool = False,
        impersonation: Literal["allow", "forbid"] = "allow",
        organization: Union[bool, str, Collection[str], UnsetType] = UNSET,
        role: Union[str, Collection[str], UnsetType] = UNSET,
        any_organization: bool = False,
        claims: Union[Mapping[str, Accepted], UnsetType] = UNSET,
        check: Union[Check, UnsetType] = UNSET,
    ) -> None:
        self._conditions = (
            *_flag("email_verified", email_verified),
            *_flag("profile_complete", profile_complete),
            *_impersonation(impersonation),
            *_organization(organization),
            *_role(role),
            *_flag("any_organization", any_organization),
            *_claims(claims),
            *_check(check),
        )

    def enforce(self, auth: Auth) -> None:
        """Let an Auth pass or refuse it.

        Raises:
            PermissionDenied: a condition does not hold; `reason` tells which.
            ConfigurationError: the check is async, or gives neither a boolean nor a string.
        """
        try:
            for condition in self._conditions:
                if condition.keyword == "check":
                    verdict = condition.wanted.function(auth)
                    if isawaitable(verdict):
                        getattr(verdict, "close", object)()
                        raise ConfigurationError(
                            "check must not be async in this guard. Pass a plain function."
                        )
                    _judge(verdict)
                else:
                    _require(condition, auth)
        except PermissionDenied as denied:
            raise with_auth(denied, auth) from denied.__cause__

    async def enforce_async(self, auth: Auth) -> None:
        """Async version of `enforce`. Awaits an async check."""
        try:
            for condition in self._conditions:
                if condition.keyword == "check":
                    verdict = condition.wanted.function(auth)
                    _judge(await verdict if isawaitable(verdict) else verdict)
                else:
                    _require(condition, auth)
        except PermissionDenied as denied:
            raise with_auth(denied, auth) from denied.__cause__

    def trusts_any_organization(self) -> bool:
        """Return whether a role counts in any organization, though the policy doesn't say so."""
        keywords = {condition.keyword for condition in self._conditions}
        return "role" in keywords and keywords.isdisjoint({"organization", "any_organization"})

    def __and__(self, other: Policy) -> Policy:
        """Make the policy that demands what both demand."""
        if not isinstance(other, Policy):
            return NotImplemented
        conditions = dict.fromkeys(self._conditions + other._conditions)
        both = Policy()
        both._conditions = tuple(sorted(conditions, key=lambda one: one.keyword == "check"))
        return both

    def __bool__(self) -> bool:
        """Return whether there is any condition."""
        return bool(self._conditions)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Policy):
            return NotImplemented
        return set(self._conditions) == set(other._conditions)

    def __hash__(self) -> int:
        return hash(frozenset(self._conditions))

    def __repr__(self) -> str:
        named = [
            condition.wanted for condition in self._conditions if condition.keyword == "claims"
        ]
        claims = (
            f"{name!r}: {_listed(value for _, value in accepted)}" for name, accepted in named
        )
        shown = [
            _shown(condition) for condition in self._conditions if condition.keyword != "claims"
        ]
        if named:
            shown.append(f"claims={{{', '.join(claims)}}}")
        return f"Policy({', '.join(shown)})"


def _require(condition: _Condition, auth: Auth) -> None:
    keyword, wanted = condition
    if not _HOLDS[keyword](wanted, auth):
        reason, sentence = _REFUSALS[keyword]
        raise PermissionDenied(
            f"{sentence[:-1]}: {wanted[0]}." if keyword == "claims" else sentence, reason
        )


def _judge(verdict: object) -> None:
    if verdict is True:
        return
    if verdict is False:
        raise PermissionDenied(reason="check")
    if isinstance(verdict, str):
        raise PermissionDenied(verdict, "check")
    raise ConfigurationError("check must return True, False or a string, such as 'No quota left'.")


def _has_claim(wanted: tuple[str, frozenset[tuple[bool, Scalar]]], auth: Auth) -> bool:
    name, accepted = wanted
    value = auth.claims.get(name, wanted)  # the default never matches, as it is not a JSON value
    return isinstance(value, (str, int, float, type(None))) and _told_apart(value) in accepted


_HOLDS: dict[str, Callable[[Any, Auth], bool]] = {
    "email_verified": lambda _, auth: auth.claims.get("email_verified") is True,
    "profile_complete": lambda _, auth: auth.claims.get("profile_complete") is True,
    "impersonation": lambda _, auth: not auth.impersonating,
    "organization": lambda wanted, auth: (
        auth.organization_id is not None if wanted is True else auth.organization_id in wanted
    ),
    "role": lambda wanted, auth: auth.organization_role in wanted,
    "any_organization": lambda _, __: True,
    "claims": _has_claim,
}
_REFUSALS: dict[str, tuple[PermissionDeniedReason, str]] = {
    "email_verified": ("email_unverified", "The email address of the user is not verified."),
    "profile_complete": ("profile_incomplete", "The profile of the user is not complete."),
    "impersonation": ("impersonation", "This action isn't available while impersonating a user."),
    "organization": ("organization", "This action isn't available in the active organization."),
    "role": ("role", "The user's role doesn't allow this action."),
    "claims": ("claim", "A claim of the access token doesn't allow this action."),
}


_EXAMPLES = {"organization": "'org_123'", "role": "'admin'"}


def _flag(keyword: str, flag: bool) -> list[_Condition]:
    return [_Condition(keyword, True)] if require_bool(flag, keyword) else []


def _impersonation(impersonation: str) -> list[_Condition]:
    if impersonation not in ("allow", "forbid"):
        raise ConfigurationError(
            "impersonation must be 'allow' or 'forbid', such as impersonation='forbid'."
        )
    return [_Condition("impersonation", "forbid")] if impersonation == "forbid" else []


def reject_none(value: object, keyword: str) -> None:
    """Reject None: a variable that isn't set would lift the condition that it should make."""
    if value is None:
        raise ConfigurationError(
            f"{keyword} must not be None. Set the variable that it comes from, or leave it out."
        )


def _organization(
    organization: Union[bool, str, Collection[str], UnsetType],
) -> list[_Condition]:
    reject_none(organization, "organization")
    if organization is UNSET or organization is False:
        return []
    wanted = organization is True or _strings(organization, "organization")
    return [_Condition("organization", wanted)]


def _role(role: Union[str, Collection[str], UnsetType]) -> list[_Condition]:
    reject_none(role, "role")
    return [] if role is UNSET else [_Condition("role", _strings(role, "role"))]


def _check(check: Union[Check, UnsetType]) -> list[_Condition]:
    reject_none(check, "check")
    if check is UNSET:
        return []
    if not callable(check):
        raise ConfigurationError(
            "check must be a function that takes the Auth, such as check=is_allowed."
        )
    return [_Condition("check", _SameCheck(check))]


def _strings(values: Union[str, Collection[str], bool], keyword: str) -> frozenset[str]:
    """Check one string or several and give them as a set."""
    found = [values] if isinstance(values, str) else values
    if not isinstance(found, Collection) or isinstance(found, (bytes, Mapping)):
        raise ConfigurationError(
            f"{keyword} must be a string or a collection of strings, such as {_EXAMPLES[keyword]}."
        )
    if not found or not all(isinstance(value, str) and value for value in found):
        raise ConfigurationError(
            f"{keyword} must be one or more non-empty strings, such as {_EXAMPLES[keyword]}. "
            "Leave it out to accept any."
        )
    return frozenset(found)


def _claims(claims: Union[Mapping[str, Accepted], UnsetType]) -> list[_Condition]:
    reject_none(claims, "claims")
    if claims is UNSET:
        return []
    if not isinstance(claims, Mapping) or not all(isinstance(name, str) for name in claims):
        raise ConfigurationError(
            "claims must map claim names to accepted values, such as {'plan': 'pro'}."
        )
    if not claims:
        raise ConfigurationError(
            "claims must name at least one claim, such as {'plan': 'pro'}. Leave it out to check none."
        )
    return [_Condition("claims", (name, _accepted(name, claims[name]))) for name in claims]


def _accepted(name: str, values: Any) -> frozenset[tuple[bool, Scalar]]:
    several = isinstance(values, Collection) and not isinstance(values, (str, bytes, Mapping))
    found: list[Any] = list(values) if several else [values]
    if not found or not all(isinstance(value, (str, int, float, type(None))) for value in found):
        raise ConfigurationError(
            f"claims must map {name!r} to one or more strings, numbers, booleans or None, such as "
            f"{{{name!r}: 'pro'}}."
        )
    return frozenset(_told_apart(value) for value in found)


def _told_apart(value: Scalar) -> tuple[bool, Scalar]:
    """Distinguish true from 1, which are equal in Python but not in JSON."""
    return isinstance(value, bool), value


def _shown(condition: _Condition) -> str:
    keyword, wanted = condition
    if keyword == "check":
        check = wanted.function
        return f"check={getattr(check, '__qualname__', type(check).__name__)}"
    return f"{keyword}={_listed(wanted) if isinstance(wanted, frozenset) else repr(wanted)}"


def _listed(values: Iterable[object]) -> str:
    shown = sorted(map(repr, values))
    return shown[0] if len(shown) == 1 else f"{{{', '.join(shown)}}}"
