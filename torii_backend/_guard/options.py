"""The keywords that every guard takes, checked and combined. Pure."""

from __future__ import annotations

from functools import partial
from inspect import iscoroutinefunction
from typing import Any, Callable, Optional, Union, cast

from torii_backend._guard.exempt_paths import Exempt, ExemptPaths
from torii_backend._guard.policy import Policy, PolicyOptions
from torii_backend._guard.refusal import Challenge
from torii_backend._guard.request import IncomingRequest
from torii_backend._verify.verifier import DEFAULT_LEEWAY, Verifier
from torii_backend.errors import ConfigurationError, ToriiAuthError
from torii_backend.settings import (
    Audience,
    Issuer,
    checked_header,
    checked_seconds,
    checked_switch,
    resolve_audience,
    resolve_issuers,
)

IssuerOf = Callable[[IncomingRequest], Issuer]
OnError = Callable[[ToriiAuthError], Optional[Challenge]]


class SharedOptions(PolicyOptions, total=False):
    """The keywords that every adapter takes, but for the two in `AuthOptions`.

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
        on_error: called with each refusal; may return a Challenge to send instead of the standard.
    """

    audience: Audience
    leeway: float
    header: str
    exempt: Exempt
    preflight: bool
    policy: Optional[Policy]
    verifier: Optional[Verifier]
    on_error: Optional[OnError]


class AuthOptions(SharedOptions, total=False):
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


def check_options(options: AuthOptions) -> None:
    """Check the options of a guard, all but a missing issuer: that may yet come from elsewhere.

    Raises:
        TypeError: a keyword is unknown.
        ConfigurationError: a setting is wrong.
    """
    unknown = options.keys() - AuthOptions.__annotations__.keys()
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
    checked_seconds(options.get("leeway", DEFAULT_LEEWAY), "leeway")
    checked_header(options.get("header", "authorization"))
    ExemptPaths(options.get("exempt", ()))
    checked_switch(options.get("required", True), "required")
    checked_switch(options.get("preflight", True), "preflight")
    policy_of(options)
    on_error = options.get("on_error")
    if on_error is not None and not callable(on_error):
        raise ConfigurationError("on_error must be callable.")
    for name in ("issuer", "on_error"):
        if _is_async(options.get(name)):
            raise ConfigurationError(f"{name} must not be async: pass a plain function.")


def policy_of(options: AuthOptions) -> Policy:
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


def merged_options(configured: AuthOptions, keywords: AuthOptions) -> AuthOptions:
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
    return cast("AuthOptions", {**kept, **given})


def view_options(configured: AuthOptions, keywords: AuthOptions) -> AuthOptions:
    """Make the options of one view's guard: keywords over the configuration.

    `required` and `exempt` are not inherited: they say whom the guard of the whole application may
    let in unauthenticated.
    """
    inherited = {**configured}
    inherited.pop("required", None)
    inherited.pop("exempt", None)
    return merged_options(cast("AuthOptions", inherited), keywords)


def _is_async(function: Any) -> bool:
    while isinstance(function, partial):
        function = function.func
    call = type(function).__call__ if callable(function) else None
    return iscoroutinefunction(function) or iscoroutinefunction(call)
