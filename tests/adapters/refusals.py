"""The refusals, byte for byte, as every adapter has to send them."""

from __future__ import annotations

from typing import NamedTuple, Optional

from .messages import Response


class Refusal(NamedTuple):
    """One expected answer.

    Attributes:
        status: the status code.
        www_authenticate: the challenge (RFC 6750 section 3), or None if none is sent.
        body: the bytes before any envelope.
        retries: whether Retry-After is sent.
    """

    status: int
    www_authenticate: Optional[str]
    body: bytes
    retries: bool = False


def _invalid_token(reason: str, sentence: str) -> Refusal:
    return Refusal(
        401,
        f'Bearer realm="torii", error="invalid_token", error_description="{sentence}"',
        b'{"error":{"code":"authentication_failed","message":"%s","reason":"%s"}}'
        % (sentence.encode(), reason.encode()),
    )


def _denied(sentence: str, reason: str) -> Refusal:
    return Refusal(
        403,
        f'Bearer realm="torii", error="insufficient_scope", error_description="{sentence}"',
        b'{"error":{"code":"permission_denied","message":"%s","reason":"%s"}}'
        % (sentence.encode(), reason.encode()),
    )


REFUSALS: dict[str, Refusal] = {
    "no_credentials": Refusal(
        401,
        'Bearer realm="torii"',
        b'{"error":{"code":"authentication_failed","message":"The request has no bearer token."}}',
    ),
    "malformed_credentials": Refusal(
        400,
        'Bearer realm="torii", error="invalid_request", '
        'error_description="The bearer credentials are malformed."',
        b'{"error":{"code":"invalid_request","message":"The bearer credentials are malformed."}}',
    ),
    "several_credentials": Refusal(
        400,
        'Bearer realm="torii", error="invalid_request", '
        'error_description="The request has more than one set of credentials."',
        b'{"error":{"code":"invalid_request",'
        b'"message":"The request has more than one set of credentials."}}',
    ),
    "malformed": _invalid_token("malformed", "The access token is not a well-formed JWT."),
    "unsupported_algorithm": _invalid_token(
        "unsupported_algorithm", "The access token is not signed with ES256."
    ),
    "unknown_key": _invalid_token(
        "unknown_key", "The access token was signed with a key that the issuer does not publish."
    ),
    "bad_signature": _invalid_token(
        "bad_signature", "The signature of the access token is invalid."
    ),
    "expired": _invalid_token("expired", "The access token has expired."),
    "not_yet_valid": _invalid_token("not_yet_valid", "The access token is not valid yet."),
    "wrong_issuer": _invalid_token(
        "wrong_issuer", "The access token was issued by an untrusted issuer."
    ),
    "wrong_audience": _invalid_token(
        "wrong_audience", "The access token is for a different audience."
    ),
    "missing_claim": _invalid_token(
        "missing_claim", "The access token is missing a required claim."
    ),
    "invalid_claim": _invalid_token(
        "invalid_claim", "The access token has a claim of the wrong type or value."
    ),
    "revoked": _invalid_token("revoked", "The access token has been revoked."),
    "email_unverified": _denied(
        "The email address of the user is not verified.", "email_unverified"
    ),
    "profile_incomplete": _denied("The profile of the user is not complete.", "profile_incomplete"),
    "impersonation": _denied(
        "This action isn't available while impersonating a user.", "impersonation"
    ),
    "organization": _denied(
        "This action isn't available in the active organization.", "organization"
    ),
    "role": _denied("The user's role doesn't allow this action.", "role"),
    "claim": _denied("A claim of the access token doesn't allow this action: plan.", "claim"),
    "check": _denied("The signed-in user isn't allowed to do this.", "check"),
    "user": _denied("The user has no active account in this application.", "user"),
    "explained": _denied("Ask an owner for an invitation.", "check"),
    "keys_unavailable": Refusal(
        503,
        None,
        b'{"error":{"code":"keys_unavailable",'
        b'"message":"The issuer\'s signing keys are temporarily unavailable."}}',
        retries=True,
    ),
    "revocations_unavailable": Refusal(
        503,
        None,
        b'{"error":{"code":"revocations_unavailable",'
        b'"message":"The list of revoked access tokens is temporarily unavailable."}}',
        retries=True,
    ),
}

LONGEST_PAUSE = 375


def assert_refused_as(response: Response, refusal: str) -> None:
    """Compare what came, but for most headers, with the refusal of this name."""
    expected = REFUSALS[refusal]
    assert (response.status, response.body) == (expected.status, expected.body)
    assert response.header("www-authenticate") == expected.www_authenticate


def assert_refused(response: Response, expected: Refusal, body: bytes, *, head: bool) -> None:
    """Compare a response with a refusal.

    Args:
        response: what came.
        expected: what should have come.
        body: the expected body, in the adapter's own envelope where it has one.
        head: whether the request was a HEAD: whether its body is dropped by the adapter or by the
            server is not the same everywhere.
    """
    got = (
        response.status,
        response.header("content-type"),
        response.header("www-authenticate"),
        b"" if head else response.body,
    )
    assert got == (
        expected.status,
        "application/json",
        expected.www_authenticate,
        b"" if head else body,
    )
    assert not head or response.body in (b"", body)
    assert response.header("content-length") in (None, str(len(body)))
    retry_after = response.header("retry-after")
    if expected.retries:
        assert retry_after is not None and 1 <= int(retry_after) <= LONGEST_PAUSE
    else:
        assert retry_after is None
    shown = {"content-type", "content-length", "www-authenticate", "retry-after", "vary"}
    assert {name for name, _ in response.headers} <= shown
