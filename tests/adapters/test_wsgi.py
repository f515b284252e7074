"""What WSGI asks of a middleware, beyond the contract (PEP 3333)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Callable, Optional
from wsgiref.validate import validator

import pytest

from torii_backend import ConfigurationError, current_auth
from torii_backend.wsgi import AuthMiddleware

from .issuers import Issuers
from .messages import Request, bearer
from .transport import call_wsgi, environ_of

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

_HEADERS = [("Content-Type", "text/plain")]


def _current() -> str:
    auth = current_auth()
    return "nobody" if auth is None else auth.user_id


class Body:
    """An iterable that is not an iterator, and notes who is signed in when it is closed."""

    def __init__(self, *, fails: bool = False) -> None:
        self.closed_by: list[str] = []
        self._fails = fails

    def __iter__(self) -> Iterator[bytes]:
        yield _current().encode()

    def close(self) -> None:
        self.closed_by.append(_current())
        if self._fails:
            raise RuntimeError("the body cannot be closed")


def _answering(make_body: Callable[[], Iterable[bytes]]) -> WSGIApplication:
    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", _HEADERS)
        return make_body()

    return app


def _opened(app: WSGIApplication, request: Request) -> Any:
    """Start a request, and leave its body unread."""
    return app(environ_of(request), lambda *_: lambda _: None)


def _forgotten() -> bool:
    with pytest.raises(ConfigurationError):
        current_auth()
    return True


def test_the_body_of_the_application_is_closed_once_and_knows_its_user(issuers: Issuers) -> None:
    body = Body()
    guarded = AuthMiddleware(_answering(lambda: body), issuer=issuers.home.issuer)
    response = call_wsgi(guarded, bearer(issuers.token()))
    assert (response.body, body.closed_by) == (b"ada", ["ada"])
    assert _forgotten()


def test_a_body_that_is_not_read_is_closed_all_the_same(issuers: Issuers) -> None:
    body = Body()
    guarded = AuthMiddleware(_answering(lambda: body), issuer=issuers.home.issuer)
    response = _opened(guarded, bearer(issuers.token()))
    next(iter(response))
    response.close()
    assert body.closed_by == ["ada"]
    assert _forgotten()


def test_a_body_that_fails_to_close_leaves_nobody_behind(issuers: Issuers) -> None:
    guarded = AuthMiddleware(_answering(lambda: Body(fails=True)), issuer=issuers.home.issuer)
    response = _opened(guarded, bearer(issuers.token()))
    with pytest.raises(RuntimeError, match="cannot be closed"):
        response.close()
    assert _forgotten()


def test_a_body_without_close_is_fine(issuers: Issuers) -> None:
    guarded = AuthMiddleware(_answering(lambda: [b"a", b"b"]), issuer=issuers.home.issuer)
    assert call_wsgi(guarded, bearer(issuers.token())).body == b"ab"


def test_a_body_that_fails_half_way_leaves_nobody_behind(issuers: Issuers) -> None:
    def half() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("no more")

    guarded = AuthMiddleware(_answering(half), issuer=issuers.home.issuer)
    with pytest.raises(RuntimeError, match="no more"):
        call_wsgi(guarded, bearer(issuers.token()))
    assert _forgotten()


def test_two_bodies_read_in_turns_keep_their_users(issuers: Issuers) -> None:
    """A server, or a test client, may have two responses open in one thread."""

    def names() -> Iterator[bytes]:
        yield _current().encode()
        yield _current().encode()

    guarded = AuthMiddleware(_answering(names), issuer=issuers.home.issuer)
    ada, grace = (_opened(guarded, bearer(issuers.token(user))) for user in ("ada", "grace"))
    parts = (iter(ada), iter(grace))
    read = [next(parts[0]), next(parts[1]), next(parts[0]), next(parts[1])]
    ada.close()
    grace.close()
    assert _forgotten()
    assert read == [b"ada", b"grace", b"ada", b"grace"]


def test_the_application_may_use_write(issuers: Issuers) -> None:
    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", _HEADERS)(_current().encode())
        return [b"!"]

    guarded = AuthMiddleware(app, issuer=issuers.home.issuer)
    assert call_wsgi(guarded, bearer(issuers.token())).body == b"ada!"


def test_the_application_is_not_called_for_a_refusal(issuer: str) -> None:
    called: list[str] = []

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        called.append(environ["PATH_INFO"])
        return []

    assert call_wsgi(AuthMiddleware(app, issuer=issuer), Request()).status == 401
    assert called == []


def test_what_the_environ_said_before_does_not_count(issuers: Issuers) -> None:
    seen: list[object] = []

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ["torii.auth"])
        start_response("200 OK", _HEADERS)
        return []

    guarded = AuthMiddleware(app, issuer=issuers.home.issuer, required=False)
    environ = {**environ_of(Request()), "torii.auth": "ada"}
    validator(guarded)(environ, lambda *_: lambda _: None).close()  # type: ignore[attr-defined]
    assert seen == [None]


@pytest.mark.parametrize("target_key", ["RAW_URI", "REQUEST_URI", None])
@pytest.mark.parametrize(
    ("mount", "path", "status"),
    [("/shop", "/health", 200), ("/shop", "/me", 401), ("/health", "/me", 401)],
)
def test_exempt_paths_count_from_the_mount_point(
    issuer: str, target_key: Optional[str], mount: str, path: str, status: int
) -> None:
    app = _answering(lambda: [b"ok"])
    guarded = AuthMiddleware(app, issuer=issuer, exempt=["/health"], root_path=mount)
    target = {} if target_key is None else {target_key: mount + path}
    request = Request(path, shows_target=False)
    assert call_wsgi(guarded, request, SCRIPT_NAME=mount, **target).status == status


@pytest.mark.parametrize(
    ("path", "target", "status"),
    [
        ("/health", "http://testserver/health", 200),
        ("/health", "/health?next=/me", 200),
        ("/me", "http://testserver/me", 401),
        ("/me", "/health", 401),
        ("/health", "/me", 401),
    ],
)
def test_path_and_target_have_to_agree(issuer: str, path: str, target: str, status: int) -> None:
    guarded = AuthMiddleware(_answering(lambda: [b"ok"]), issuer=issuer, exempt=["/health"])
    assert call_wsgi(guarded, Request(path), RAW_URI=target).status == status


def test_a_wrong_keyword_is_a_type_error(issuer: str) -> None:
    with pytest.raises(TypeError, match="requierd"):
        AuthMiddleware(_answering(list), issuer=issuer, requierd=False)  # type: ignore[call-arg]


def test_a_missing_issuer_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="TORII_ISSUER"):
        AuthMiddleware(_answering(list))
