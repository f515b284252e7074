"""The keywords that every guard takes, checked and combined. Pure."""

from __future__ import annotations

from functools import partial
from inspect import iscoroutinefunction, signature
from typing import Any, Callable, Optional, Union, cast

from torii_backend._guard.exempt_paths import Exempt, ExemptPaths
from torii_backend._guard.policy import Policy, PolicyOptions
from torii_backend._guard.refusal import RefusalResponse
from torii_backend._guard.request import IncomingRequest
from torii_backend._verify.verifier import DEFAULT_LEEWAY, Verifier
from torii_backend.errors import ConfigurationError, ToriiAuthError
from torii_backend.settings import (
    Audience,
    Issuer,
    require_bool,
    require_header_name,
    require_seconds,
    resolve_audience,
    resolve_issuers,
)

IssuerOf = Callable[[IncomingRequest], Issuer]
ErrorHandler = Callable[[ToriiAuthError, IncomingRequest], Optional[RefusalResponse]]
OnError = Union[Callable[[ToriiAuthError], Optional[RefusalResponse]], ErrorHandler]


class SharedOptions(PolicyOptions, total=False):
    """The keywords that every adapter takes, but for the two in `GuardOptions`.

    Those of `PolicyOptions` are among them: they say who of the signed-in users may pass.

    Attributes:
        audience: accepted `aud` value or values; left out, `aud` is not checked.
        leeway: seconds by which clocks may differ, 30 by default.
        header: the header that carries `Bearer <token>`, authorization by default.
        exempt: paths that need no sign-in: exact ones, prefixes that end in `*`, and functions that
            take a path and return True for those.
        preflight: whether CORS preflight requests pass without sign-in, as browsers send them
            without credentials; True by default.
        policy: a `Policy` to meet, besides the one that the policy keywords make.
        verifier: a Verifier to share, instead of issuer, audience and leeway.
        on_error: called with each refusal, and with the `IncomingRequest` if it takes a second
            positional argument. It may return a RefusalResponse to send instead of the standard one.
    """

    audience: Audience
    leeway: float
    header: str
    exempt: Exempt
    preflight: bool
    policy: Optional[Policy]
    verifier: Optional[Verifier]
    on_error: Optional[OnError]


class GuardOptions(SharedOptions, total=False):
    """The keywords that every adapter takes.

    Attributes:
        issuer: one tenant host URL or several; left out, TORII_ISSUER is read. A function takes the
            `IncomingRequest` and returns the issuer that this request's token must come from, or
            None to refuse the token: for hosts with several tenants.
        required: False lets a request without bearer credentials in as None; a bad token never.
    """

    issuer: Union[Issuer, IssuerOf]
    required: bool


_VERIFIER_OPTIONS = frozenset({"issuer", "audience", "leeway"})


def check_options(options: GuardOptions) -> None:
    """Check the options of a guard, all but a missing issuer: that may yet come from elsewhere.

    Raises:
        TypeError: a keyword is unknown.
        ConfigurationError: a setting is wrong.
    """
    unknown = options.keys() - GuardOptions.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected keyword argument: {', '.join(sorted(unknown))}")
    if not isinstance(options.get("verifier"), (Verifier, type(None))):
        raise ConfigurationError("verifier must be a torii_backend.Verifier.")
    given = {name for name in _VERIFIER_OPTIONS if options.get(name) is not None}
    if given and options.get("verifier"):
        raise ConfigurationError("pass either verifier or issuer, audience and leeway, not both.")
    issuer = options.get("issuer")
    if "issuer" in given and not callable(issuer):
        resolve_issuers(issuer)
    resolve_audience(options.get("audience"))
    require_seconds(options.get("leeway", DEFAULT_LEEWAY), "leeway")
    require_header_name(options.get("header", "authorization"))
    ExemptPaths(options.get("exempt", ()))
    require_bool(options.get("required", True), "required")
    require_bool(options.get("preflight", True), "preflight")
    policy_of(options)
    for name in ("issuer", "on_error"):
        if _is_async(options.get(name)):
            raise ConfigurationError(f"{name} must not be async: pass a plain function.")
    error_handler(options.get("on_error"))


def policy_of(options: GuardOptions) -> Policy:
    """Make the policy that the options of a guard amount to.

    Raises:
        ConfigurationError: a keyword of the policy is wrong.
    """
    names = PolicyOptions.__annotations__.keys()
    keywords = {name: value for name, value in options.items() if name in names}
    policy = options.get("policy")
    if not isinstance(policy, (Policy, type(None))):
        raise ConfigurationError("policy must be a torii_backend.Policy.")
    stated = Policy(**cast("PolicyOptions", keywords))
    return stated if policy is None else policy & stated


def error_handler(on_error: Optional[OnError]) -> Optional[ErrorHandler]:
    """Return `on_error` as a function of refusal and request, whichever of them it takes."""
    if on_error is None:
        return None
    if not callable(on_error):
        raise ConfigurationError("on_error must be a function, such as on_error(refusal, request).")
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
            parameters.bind(*range(count))
        except TypeError:
            continue
        return count == 2
    raise ConfigurationError(
        "on_error must take one or two positional arguments, as in on_error(refusal) or "
        "on_error(refusal, request)."
    )


def merged_options(configured: GuardOptions, keywords: GuardOptions) -> GuardOptions:
    """Lay keyword arguments over a framework's configuration; None leaves what is configured.

    A verifier replaces a configured issuer, audience and leeway, and an issuer a configured verifier.
    An audience or leeway alone cannot stand beside a configured verifier, which has its own.
    """
    given = {name: value for name, value in keywords.items() if value is not None}
    replaced: set[str] = set()
    if "verifier" in given:
        replaced.update(_VERIFIER_OPTIONS)
    if "issuer" in given:
        replaced.add("verifier")
    kept = {name: value for name, value in configured.items() if name not in replaced}
    return cast("GuardOptions", {**kept, **given})


def view_options(configured: GuardOptions, keywords: GuardOptions) -> GuardOptions:
    """Make the options of one view's guard: keywords over the configuration.

    `required` and `exempt` are not inherited: they say whom the guard of the whole application may
    let in unauthenticated.
    """
    inherited = {**configured}
    inherited.pop("required", None)
    inherited.pop("exempt", None)
    return merged_options(cast("GuardOptions", inherited), keywords)


def _is_async(function: Any) -> bool:
    while isinstance(function, partial):
        function = function.func
    call = type(function).__call__ if callable(function) else None
    return iscoroutinefunction(function) or iscoroutinefunction(call)
