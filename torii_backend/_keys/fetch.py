"""One bounded GET of a JWKS document, over requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Callable, Optional

from torii_backend.errors import ConfigurationError
from torii_backend.settings import is_async_function, is_local, package_version

if TYPE_CHECKING:
    import requests

Fetch = Callable[[str, float], tuple[bytes, Mapping[str, str]]]

MAX_BYTES = 512 * 1024
_CHUNK_BYTES = 16 * 1024


class FetchError(Exception):
    """The JWKS could not be fetched. The message gives the reason, but never the URL."""


class SetUpError(FetchError):
    """The JWKS can't be fetched as this process is set up, such as with a CA file that is missing."""


def fetch(url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
    """Fetch a document of at most MAX_BYTES within `timeout` seconds; raise FetchError otherwise.

    Proxies and certificates are those that the environment sets for requests, but loopback addresses
    and plain http are asked without a proxy. No redirect is followed, and no cookies or netrc credentials are sent.
    """
    # Not at the top: verifying with known keys must not pay for these imports (0.1 s).
    import requests

    with requests.Session() as session:
        return _get(session, url, timeout)


def resolve_fetch(custom: Optional[Fetch], session: Optional[requests.Session]) -> Fetch:
    """Return the function that fetches documents, by these two settings of Verifier.

    A custom session has the limits of `fetch`. Its adapters that don't derive from HTTPAdapter only
    bound each wait by `timeout`.
    """
    if custom is not None and session is not None:
        raise ConfigurationError("fetch and session must not both be set. Pass one of them.")
    if session is not None:
        if not callable(getattr(session, "get", None)):
            raise ConfigurationError(
                "session must be a requests session, such as requests.Session()."
            )
        return lambda url, timeout: _get(session, url, timeout)
    if custom is None:
        return fetch
    if not callable(custom) or is_async_function(custom):
        raise ConfigurationError(
            "fetch must be a plain function, such as (url, timeout) -> (body, headers)."
        )
    return custom


def _get(session: requests.Session, url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
    from torii_backend._keys.deadline import Deadline

    with Deadline(timeout) as deadline:
        try:
            return _get_watched(deadline.watched(session), url, timeout)
        finally:
            # A body that was cut off may look complete.
            if deadline.is_over:
                raise FetchError("the response took too long")


def _get_watched(
    session: requests.Session, url: str, timeout: float
) -> tuple[bytes, Mapping[str, str]]:
    import requests
    from urllib3.exceptions import HTTPError

    try:
        with session.get(
            url,
            timeout=timeout,
            stream=True,
            allow_redirects=False,
            # An auth callable that adds nothing keeps requests from reading netrc.
            auth=session.auth or (lambda request: request),
            headers={
                "User-Agent": f"torii-backend/{package_version()}",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
            },
            **_proxies(session, url),
        ) as response:
            if response.status_code != 200:
                raise FetchError(f"the response has status {response.status_code}")
            # A few bytes may unpack to gigabytes, and some versions of urllib3 do so in one piece.
            if response.headers.get("Content-Encoding", "").strip().lower() not in {"", "identity"}:
                raise FetchError("the response is compressed")
            return _read(response), response.headers
    except (requests.RequestException, HTTPError, OSError) as error:
        if _is_set_up_fault(error):
            raise SetUpError(f"the request can't be sent ({type(error).__name__})") from error
        raise FetchError(f"no usable response ({type(error).__name__})") from error


def _proxies(session: requests.Session, url: str) -> dict[str, Any]:
    """Return the argument that keeps a local Torii from the proxies of the environment."""
    # A proxy elsewhere could not reach it, and could replace keys that come over plain http.
    if not is_local(url):
        return {}
    none: dict[str, Any] = dict.fromkeys(("http", "https", "all"))
    return {"proxies": {**none, **getattr(session, "proxies", {})}}


def _is_set_up_fault(error: Exception) -> bool:
    """Return whether requests refuses the settings: a proxy, a scheme, or a file of certificates."""
    if isinstance(error, (ValueError, FileNotFoundError, PermissionError)):
        # Such as InvalidProxyURL, and InvalidSchema if the packages for SOCKS are missing.
        return True
    # A CA file without a certificate, or one that is missing: requests raises a bare OSError.
    return "[X509" in str(error) or (type(error) is OSError and error.errno is None)


def _read(response: requests.Response) -> bytes:
    from urllib3 import HTTPResponse

    raw = response.raw
    # Not by iter_content if possible: urllib3 reads the line before each chunk without a limit.
    pieces: Iterator[bytes] = (
        iter(lambda: raw.read(_CHUNK_BYTES, decode_content=False), b"")
        if isinstance(raw, HTTPResponse)
        else response.iter_content(_CHUNK_BYTES)
    )
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > MAX_BYTES:
            raise FetchError("the response is larger than 512 KiB")
    return bytes(body)
