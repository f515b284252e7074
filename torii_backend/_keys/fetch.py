"""One bounded GET of a JWKS document, over requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Callable, Optional

from torii_backend._keys.fork_safety import import_lock
from torii_backend.errors import ConfigurationError
from torii_backend.settings import is_async_function, package_version

if TYPE_CHECKING:
    import requests

Fetch = Callable[[str, float], tuple[bytes, Mapping[str, str]]]

MAX_BYTES = 512 * 1024
_CHUNK_BYTES = 16 * 1024


class FetchError(Exception):
    """The document could not be had; the message says why, without the address."""


def fetch(url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
    """Fetch a document, with the proxies and certificates that the environment sets for requests.

    Redirects are not followed; no netrc credentials and no cookies are sent.

    Args:
        url: the address, https or loopback.
        timeout: seconds for the whole exchange.

    Returns:
        The body, at most `MAX_BYTES` after decompression, and the response headers.

    Raises:
        FetchError: no connection, a status other than 200, or a body too large or too slow.
    """
    # Verifying with known keys must not pay for these imports (0.1 s).
    with import_lock:
        import requests

        from torii_backend._keys.deadline import Deadline, DeadlineAdapter

    with requests.Session() as session, Deadline(timeout) as deadline:
        adapter = DeadlineAdapter(deadline)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        try:
            return _get(session, url, timeout)
        finally:
            # A body that was cut off may look like a whole one.
            if deadline.is_over:
                raise FetchError("the answer took too long")


def resolve_fetch(own: Optional[Fetch], session: Optional[requests.Session]) -> Fetch:
    """Settle how documents are fetched.

    Args:
        own: a callable of the user's, or None.
        session: a requests session of the user's, or None. The limits are those of `fetch`, but for
            time: `timeout` then bounds each wait on the socket.

    Raises:
        ConfigurationError: both are given, or one is not what it should be.
    """
    if own is not None and session is not None:
        raise ConfigurationError("pass either fetch or session, not both.")
    if session is not None:
        if not callable(getattr(session, "get", None)):
            raise ConfigurationError("session must be a requests.Session.")
        return lambda url, timeout: _get(session, url, timeout)
    if own is None:
        return fetch
    if not callable(own) or is_async_function(own):
        raise ConfigurationError(
            "fetch must be a plain function: (url, timeout) -> (body, headers)."
        )
    return own


def _get(session: requests.Session, url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
    import requests

    try:
        with session.get(
            url,
            timeout=timeout,
            stream=True,
            allow_redirects=False,
            # An auth callable that adds nothing keeps requests from looking into netrc.
            auth=session.auth or (lambda request: request),
            headers={
                "User-Agent": f"torii-backend/{package_version()}",
                "Accept": "application/json",
            },
        ) as response:
            if response.status_code != 200:
                raise FetchError(f"the answer has status {response.status_code}")
            return _read(response), response.headers
    except (requests.RequestException, OSError) as error:
        raise FetchError(f"no usable answer ({type(error).__name__})") from None


def _read(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_BYTES:
            raise FetchError("the answer is larger than 512 KiB")
    return bytes(body)
