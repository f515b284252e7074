"""Auth: the identity in a verified access token."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, Any, Callable, NoReturn, Optional, TypeVar, Union

import msgspec

from torii_backend.errors import (
    ConfigurationError,
    InvalidToken,
    ToriiError,
    parse_validation_message,
)

if TYPE_CHECKING:
    from inspect import Signature
    from uuid import UUID

Kind = TypeVar("Kind")
Public = TypeVar("Public", bound=Callable[..., Any])
GUARD = "require_auth(...)"


def not_from_requests(instead: str = GUARD) -> Callable[[Public], Public]:
    """Mark a class or a function that FastAPI must not call with what a client sends.

    `Depends(Auth)` would take an Auth from the query string. When a route is declared, FastAPI reads
    the signature of its dependencies, and pydantic asks each annotation for a schema: ours raises.

    Args:
        instead: what to write in `Depends`.
    """

    def mark(kind: Public) -> Public:
        marked: Any = kind
        name, is_class = kind.__name__, isinstance(kind, type)
        if not is_class:
            is_method = marked.__code__.co_varnames[:1] == ("self",)
            marked.__signature__ = marked_signature(kind, name, instead, after=int(is_method))
            return kind
        marked.__get_pydantic_core_schema__ = classmethod(_schema)
        fields: tuple[str, ...] = getattr(kind, "__struct_fields__", ())
        if fields:
            # msgspec makes the signature of a Struct from its annotations.
            own, first = kind.__annotations__, fields[0]
            own[first] = Annotated[own[first], _Marked(own[first], name, instead)]
        else:
            marked.__signature__ = SignatureOfClass(instead)
        return kind

    return mark


class _Marked:
    """Replaces the annotation of a parameter, and looks like it."""

    def __init__(self, annotation: Any, name: str, instead: str) -> None:
        self._annotation = annotation
        self._guide = f"Write Depends({instead}), not Depends({name})."

    def __repr__(self) -> str:
        return repr(self._annotation)

    def __call__(self) -> NoReturn:
        """Be callable: before Python 3.11 `Annotated` takes nothing else for a type."""
        raise ConfigurationError(self._guide)

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> NoReturn:
        raise ConfigurationError(self._guide)


class SignatureOfClass:
    """The `__signature__` of a marked class and of its subclasses, made when it is read."""

    def __init__(self, instead: str) -> None:
        self._instead = instead

    def __get__(self, instance: object, owner: type) -> Signature:
        if instance is not None:
            raise AttributeError("__signature__")
        make: Any = getattr(owner, "__init__")  # noqa: B009 (mypy)
        if make is object.__init__:
            make = owner.__new__
        marked = marked_signature(make, owner.__name__, self._instead, after=1)
        return marked.replace(parameters=[*marked.parameters.values()][1:])


def marked_signature(
    function: Callable[..., Any], name: str, instead: str = GUARD, after: int = 0
) -> Signature:
    """Return the signature with its first parameter marked. One is added if there is none."""
    from inspect import Parameter, signature

    own = signature(function)
    named = [*own.parameters.values()]
    kept, given = named[:after], named[after:]
    first, *others = given or [Parameter("_", Parameter.KEYWORD_ONLY, default=None)]
    marked = first.replace(annotation=_Marked(first.annotation, name, instead))
    return own.replace(parameters=[*kept, marked, *others])


def _schema(cls: type, source: object, handler: Callable[[object], Any]) -> Any:
    """Let pydantic models hold an object of ours (`arbitrary_types_allowed`), but not read one."""
    try:
        return handler(source)
    except RuntimeError:  # pydantic knows no schema
        name = cls.__name__
        raise ConfigurationError(
            f"{name} must not be read from a request, nor be a response model: write "
            f"Annotated[{name}, Depends(...)] with a function that returns it, or a response_model= "
            "that names its fields."
        ) from None


not_from_requests()(ToriiError)


class _Missing:
    """A method of dict that a read-only one lacks."""

    def __get__(self, instance: object, owner: type) -> NoReturn:
        raise AttributeError("claims are read-only")


_MISSING: Any = _Missing()


class ReadOnlyDict(dict[str, Any]):
    """A JSON object of a token. It is a dict so that JSON encoders, pickle and caches take it."""

    __slots__ = ()

    clear: Any = _MISSING
    pop: Any = _MISSING
    popitem: Any = _MISSING
    setdefault: Any = _MISSING
    update: Any = _MISSING

    def __setitem__(self, name: object, value: object) -> NoReturn:
        raise TypeError("claims are read-only")

    def __delitem__(self, name: object) -> NoReturn:
        raise TypeError("claims are read-only")

    def __ior__(self, other: object) -> NoReturn:  # type: ignore[misc]
        raise TypeError("claims are read-only")

    def __copy__(self) -> ReadOnlyDict:
        return self

    def __deepcopy__(self, _: object) -> ReadOnlyDict:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return ReadOnlyDict, (dict(self),)


@not_from_requests()
class Auth(msgspec.Struct, frozen=True, eq=False, gc=False):
    """The identity in one verified access token. It is the same class in every framework.

    Two Auth objects are equal only if they are the same object. `repr` shows ids only. It can be
    pickled; copies of it are itself.

    Attributes:
        user_id: the signed-in user (`sub`).
        environment_id: the Torii environment of the user (`pid`).
        issuer: the configured issuer that signed the token, without trailing slash (`iss`).
        claims: every claim, read-only at any depth. Objects are mappings, and arrays are tuples.
        email_verified: whether the claim of this name is JSON true.
        profile_complete: whether the claim of this name is JSON true; True if it is absent.
        impersonating: whether someone acts as the user (`impersonating` is true, or `act` is present).
        actor: the id of the person who acts as the user (`act.sub`, RFC 8693 section 4.1).
        locale: the user's language, such as `en`.
        organization_id: the active organization (`org_id`, else `o`).
        organization_role: the user's role key in it, an exact string (`org_role`, else in `o`).
    """

    user_id: str
    environment_id: str
    issuer: str
    claims: Mapping[str, Any]
    email_verified: bool
    profile_complete: bool
    impersonating: bool
    actor: Optional[str]
    locale: Optional[str]
    organization_id: Optional[str]
    organization_role: Optional[str]

    @property
    def issued_at(self) -> datetime:
        """When the token was issued, in UTC (`iat`)."""
        return datetime.fromtimestamp(self.claims["iat"], timezone.utc)

    @property
    def expires_at(self) -> datetime:
        """When the token expires, in UTC (`exp`)."""
        return datetime.fromtimestamp(self.claims["exp"], timezone.utc)

    @property
    def raw(self) -> Mapping[str, Any]:
        """The same mapping as `claims`."""
        return self.claims

    def in_organization(self, organization_id: Union[str, UUID]) -> bool:
        """Return whether this is the active organization.

        Args:
            organization_id: the id, as text or as UUID.
        """
        return self.organization_id == str(organization_id)

    def has_role(self, role: str) -> bool:
        """Return whether the user has this role in the active organization.

        Args:
            role: the role key, compared as an exact string.
        """
        return self.organization_role == role

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as plain JSON types, such as for a response or a queue.

        Returns:
            A new dict. Its `claims` are all claims, which may hold personal data.
        """
        return {name: _plain(getattr(self, name)) for name in self.__struct_fields__}

    def __copy__(self) -> Auth:
        return self

    def __deepcopy__(self, _: object) -> Auth:
        return self

    def claims_as(self, kind: type[Kind]) -> Kind:
        """Convert the claims to a type that you define.

        Args:
            kind: a msgspec struct, a dataclass, a TypedDict or another type that msgspec converts
                to. Claims that it does not name are ignored.

        Returns:
            An object of that type.

        Raises:
            InvalidToken: a claim is missing or has another type. `reason` is invalid_claim, and
                `claim` names the claim at the top level, unless your type raised the error itself.
                In a guarded view you need not catch it: the response is a 401.
        """
        try:
            # Through JSON, because msgspec cannot convert read-only mappings to every type.
            return msgspec.json.decode(msgspec.json.encode(self.claims, enc_hook=dict), type=kind)
        except msgspec.ValidationError as error:
            raise InvalidToken("invalid_claim", _claim_at_fault(error, self.claims)) from None

    def __repr__(self) -> str:
        names = ("user_id", "environment_id", "organization_id", "actor")
        ids = ((name, getattr(self, name)) for name in names)
        shown = ", ".join(f"{name}={value!r}" for name, value in ids if value is not None)
        return f"Auth({shown})"


ToriiAuth = Auth


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, tuple) else value


def _claim_at_fault(error: msgspec.ValidationError, claims: Mapping[str, Any]) -> Optional[str]:
    """Return the claim that msgspec rejected; None if a type of the application did."""
    if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
        return None
    own_words = "" if error.__cause__ is None else str(error.__cause__)
    problem = parse_validation_message(str(error)[len(own_words) :])
    if problem.path is None:
        return problem.missing
    path = f"{problem.path}."
    at_fault = (name for name in claims if path.startswith((f"{name}.", f"{name}[")))
    return max(at_fault, key=len, default=None)
