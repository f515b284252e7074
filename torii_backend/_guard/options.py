"""The keywords that every guard takes: checked, combined, and shown by tools. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Callable, Optional, TypedDict, TypeVar, Union, cast
from typing import get_type_hints as type_hints_of

from msgspec import UNSET, UnsetType

from torii_backend._guard.exempt_paths import Exempt, ExemptPaths, require_mount_point
from torii_backend._guard.policy import Policy, PolicyOptions, reject_none
from torii_backend._guard.refusal import RefusalResponse
from torii_backend._guard.request import IncomingRequest
from torii_backend._guard.resource_metadata import ResourceMetadata, require_resource
from torii_backend._verify.verifier import DEFAULT_LEEWAY, Verifier
from torii_backend.auth import marked_signature
from torii_backend.errors import ConfigurationError, ToriiAuthError
from torii_backend.settings import (
    Audience,
    InsecureHosts,
    Issuer,
    is_async_function,
    meant_by,
    require_bool,
    require_header_name,
    require_scheme,
    require_seconds,
    resolve_audience,
    resolve_fetch_timeout,
    resolve_insecure_hosts,
    resolve_issuers,
    without_secrets,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

IssuerOf = Callable[[IncomingRequest], Issuer]
ErrorHandler = Callable[[ToriiAuthError, IncomingRequest], Optional[RefusalResponse]]
OnError = Union[Callable[[ToriiAuthError], Optional[RefusalResponse]], ErrorHandler]
Function = TypeVar("Function", bound=Callable[..., Any])
Options = TypeVar("Options", bound=Mapping[str, Any])


class _IssuerOptions(TypedDict, total=False):
    """The keywords that come first."""

    issuer: Union[Issuer, IssuerOf]
    required: bool


class OptionsBesidesIssuer(PolicyOptions, total=False):
    """The other keywords, for functions that name `issuer` and `required` themselves."""

    audience: Audience
    leeway: float
    header: str
    scheme: Optional[str]
    exempt: Exempt
    root_path: Optional[str]
    preflight: bool
    policy: Policy
    fetch_timeout: Optional[float]
    insecure_hosts: InsecureHosts
    verifier: Optional[Verifier]
    on_error: Optional[OnError]
    resource: Optional[ResourceMetadata]


class GuardOptions(_IssuerOptions, OptionsBesidesIssuer, total=False):
    """The keywords that every guard takes. Those of `PolicyOptions` are among them.

    Attributes:
        issuer: one tenant host URL or several. TORII_ISSUER is read if you leave it out. For hosts
            with several tenants, pass a function. It takes the `IncomingRequest` and returns the
            issuer that the token must come from, or None to reject the token.
        required: False makes sign-in optional: without bearer credentials the Auth is None. Invalid
            tokens are still rejected.
        audience: accepted `aud` value or values. `aud` isn't checked if you leave it out.
        leeway: seconds by which clocks may differ, 30 by default.
        header: the header that carries `Bearer <token>`, authorization by default.
        scheme: None if the header carries the token alone, without the word Bearer. The default is
            bearer, and there is no other.
        exempt: paths that need no sign-in: exact paths, prefixes that end in `*`, and functions that
            return True for what is exempt. They take the path, a `str` that is an `IncomingRequest` as
            well: it has `method`, `path`, `host` and `getlist(header)`. A mapping adds a reason to each,
            such as `{"/health": "load balancer"}`, which audits of routes show.
        root_path: the path that you mount the application at, such as /api, or that your server is
            configured with. Below any other mount point, which a client may have chosen by a header, a
            path is exempt only if `exempt` lists it with the mount point as well.
        preflight: whether CORS preflight requests pass without sign-in, because browsers send them
            without credentials. True by default.
        policy: a `Policy` to enforce, besides the one that the policy keywords make.
        fetch_timeout: seconds that a fetch of keys may take, from 0.1 to 60. TORII_FETCH_TIMEOUT is
            read if you leave it out, and 5 is the default.
        insecure_hosts: names of hosts such as torii, which can't be public, that an issuer may have with
            plain http. TORII_INSECURE_HOSTS is read if you leave it out.
        verifier: a Verifier to share, instead of issuer, audience, leeway, fetch_timeout and
            insecure_hosts.
        on_error: called with each refusal, and with the `IncomingRequest` if it takes a second
            positional argument. It may return a RefusalResponse to send instead of the standard one.
        resource: a `ResourceMetadata`, whose URL the 401 and 403 responses tell (RFC 9728). The WSGI
            and ASGI middleware, and Flask's `Torii`, serve its document as well.
    """


_NONE_IS_A_VALUE = ("scheme",)
_VERIFIER_OPTIONS = ("issuer", "audience", "leeway", "fetch_timeout", "insecure_hosts")


class CheckedOptions:
    """The options of one guard, checked, with their defaults; made by `checked_options`."""

    def __init__(
        self,
        *,
        issuer: Union[Issuer, IssuerOf] = None,
        required: bool = True,
        audience: Audience = None,
        leeway: float = DEFAULT_LEEWAY,
        header: str = "authorization",
        scheme: Optional[str] = "bearer",
        exempt: Exempt = (),
        root_path: Optional[str] = None,
        preflight: bool = True,
        policy: Union[Policy, UnsetType] = UNSET,
        fetch_timeout: Optional[float] = None,
        insecure_hosts: InsecureHosts = None,
        verifier: Optional[Verifier] = None,
        on_error: Optional[OnError] = None,
        resource: Optional[ResourceMetadata] = None,
        **conditions: Unpack[PolicyOptions],
    ) -> None:
        if not isinstance(verifier, (Verifier, type(None))):
            raise ConfigurationError("verifier must be a torii_backend.Verifier.")
        # A missing issuer may still come from elsewhere.
        if issuer is not None and not callable(issuer):
            resolve_issuers(issuer, insecure_hosts)
        if is_async_function(issuer):
            raise ConfigurationError("issuer must not be async: pass a plain function.")
        resolve_audience(audience)
        self.issuer: Union[Issuer, IssuerOf] = issuer
        self.audience: Audience = audience
        self.leeway: float = require_seconds(leeway, "leeway")
        resolve_fetch_timeout(fetch_timeout)
        self.fetch_timeout: Optional[float] = fetch_timeout
        resolve_insecure_hosts(insecure_hosts)
        self.insecure_hosts: InsecureHosts = insecure_hosts
        self.verifier: Optional[Verifier] = verifier
        self.required: bool = require_bool(required, "required")
        self.header: str = require_header_name(header)
        self.scheme: Optional[str] = require_scheme(scheme)
        self.exempt: ExemptPaths = ExemptPaths(exempt)
        self.root_path: str = require_mount_point(root_path)
        self.preflight: bool = require_bool(preflight, "preflight")
        self.policy: Policy = combined_policy(policy, **conditions)
        self.on_error: Optional[ErrorHandler] = _error_handler(on_error)
        self.resource: Optional[ResourceMetadata] = require_resource(resource)


def checked_options(**options: Unpack[GuardOptions]) -> CheckedOptions:
    """Check the options of a guard. A missing issuer is allowed, it may still come from elsewhere."""
    refuse_unknown(options, GuardOptions)
    given = any(options.get(name) is not None for name in _VERIFIER_OPTIONS)
    if given and options.get("verifier"):
        raise ConfigurationError(
            f"pass either verifier or {', '.join(_VERIFIER_OPTIONS[:-1])} and insecure_hosts, not both."
        )
    return CheckedOptions(**options)


def refuse_unknown(options: Mapping[str, object], known: type[Mapping[str, object]]) -> None:
    """Raise TypeError for a keyword that a guard doesn't take, as Python does for a function."""
    names = known.__annotations__
    unknown = sorted(options.keys() - names.keys())
    if unknown:
        meant = meant_by(unknown[0], names)
        hint = "" if meant is None else f" Did you mean {meant!r}?"
        raise TypeError(f"a guard got an unexpected keyword argument {unknown[0]!r}.{hint}")


def require_view(view: object) -> None:
    """Reject what is not a view: most likely an issuer that was not passed by name."""
    if view is not None and not callable(view):
        raise TypeError(
            "a guard takes its options by name, such as issuer='https://acme.torii.so'."
        )


def combined_policy(
    policy: Union[Policy, UnsetType], **conditions: Unpack[PolicyOptions]
) -> Policy:
    """Return the policy that a `policy=` and the policy keywords of a guard amount to."""
    reject_none(policy, "policy")
    stated = Policy(**conditions)
    if policy is UNSET:
        return stated
    if not isinstance(policy, Policy):
        raise ConfigurationError("policy must be a torii_backend.Policy.")
    return policy & stated


def _error_handler(on_error: Optional[OnError]) -> Optional[ErrorHandler]:
    """Return `on_error` as a function of refusal and request, even if it takes only the first."""
    if on_error is None:
        return None
    if not callable(on_error):
        raise ConfigurationError("on_error must be a function, such as on_error(refusal, request).")
    if is_async_function(on_error):
        raise ConfigurationError("on_error must not be async: pass a plain function.")
    handler: Any = on_error
    return handler if _takes_request(handler) else lambda refusal, _: handler(refusal)


def _takes_request(on_error: Callable[..., Any]) -> bool:
    try:
        parameters = signature(on_error)
    except (TypeError, ValueError):
        # Some functions written in C don't have a signature.
        return False
    for count in (2, 1):
        try:
            given = parameters.bind(*range(count)).arguments
        except TypeError:
            continue
        last = parameters.parameters[list(given)[-1]]
        # A default of another name, as in on_error(refusal, log=LOG), is the function's own business.
        return count == 2 and (last.default is last.empty or last.name == "request")
    raise ConfigurationError(
        "on_error must take one or two positional arguments, as in on_error(refusal) or "
        "on_error(refusal, request)."
    )


def merged_options(configured: GuardOptions, keywords: GuardOptions) -> GuardOptions:
    """Merge keyword arguments over a framework's configuration; None keeps what is configured.

    A verifier replaces the configured options of one, such as the issuer, and an issuer a configured
    verifier. One of the others alone can't be combined with a configured verifier, which has its own.
    """
    given = {
        name: value
        for name, value in keywords.items()
        if value is not None or name in _NONE_IS_A_VALUE
    }
    replaced: set[str] = set()
    if "verifier" in given:
        replaced.update(_VERIFIER_OPTIONS)
    if "issuer" in given:
        replaced.add("verifier")
    kept = {name: value for name, value in configured.items() if name not in replaced}
    return cast("GuardOptions", {**kept, **given})


def view_options(configured: GuardOptions, keywords: GuardOptions) -> GuardOptions:
    """Make the options of one view's guard: its keywords over the configuration.

    `required` and `exempt` are not inherited: they say which requests may pass the guard of the whole
    application without sign-in.
    """
    inherited = {**configured}
    inherited.pop("required", None)
    inherited.pop("exempt", None)
    return merged_options(cast("GuardOptions", inherited), keywords)


def masked_options(options: Options) -> Options:
    """Mask a password in the issuer, which is refused anyway: error trackers send variables."""
    masked: dict[str, Any] = {**options}
    if "issuer" in masked:
        masked["issuer"] = without_secrets(masked["issuer"])
    return cast("Options", masked)


def shows_options(options: type, **defaults: object) -> Callable[[Function], Function]:
    """Make `help()`, completion and `get_type_hints()` show the keywords behind `**options`.

    `Unpack` doesn't exist at run time before Python 3.11, so nothing could resolve it there.

    It also calls the function with `masked_options`.

    Args:
        options: the TypedDict of the keywords.
        defaults: the defaults of keywords that `CheckedOptions` and `Policy` don't know.
    """

    def show(function: Function) -> Function:
        own = signature(function)
        named = [each for each in own.parameters.values() if each.kind is not Parameter.VAR_KEYWORD]
        (unpacked,) = own.parameters.keys() - {each.name for each in named}
        hints = {
            name: hint
            for name, hint in type_hints_of(options).items()
            if name not in own.parameters
        }

        @wraps(function)
        def shown(*args: Any, **given: Any) -> Any:
            given = masked_options(given)
            return function(*args, **given)

        known = {**_DEFAULTS, **defaults}
        keywords = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=known[name], annotation=hint)
            for name, hint in hints.items()
        ]
        guard: Any = shown
        guard.__signature__ = own.replace(parameters=[*named, *keywords])
        name, after = function.__qualname__.partition(".")[0], int("self" in own.parameters)
        guard.__signature__ = marked_signature(guard, name, after=after)
        annotations = {n: each for n, each in function.__annotations__.items() if n != unpacked}
        guard.__annotations__ = {**annotations, **hints}
        return cast("Function", shown)

    return show


_DEFAULTS: dict[str, object] = {
    parameter.name: parameter.default
    for function in (CheckedOptions, Policy)
    for parameter in signature(function).parameters.values()
}
