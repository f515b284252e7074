"""`@require_auth` above `@app.route` guards nothing: the first request fails, and so do all others."""

from __future__ import annotations

import gc
from functools import partial, wraps
from typing import Any, Callable

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView, View

from torii_backend import ConfigurationError
from torii_backend.flask import Torii, optional_auth, require_auth

from .issuers import Issuers

SENTENCE = r"'me' is registered without its guard\. Write @require_auth below @app\.route"


def _app(issuer: str, **options: Any) -> Flask:
    app = Flask(__name__)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    Torii(app, issuer=issuer, **options)
    return app


def _logged(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def logged(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return logged


def _assert_found(app: Flask) -> None:
    # In a factory, nobody keeps what the decorator returned.
    gc.collect()
    client = app.test_client()
    for path in ("/me", "/elsewhere", "/me"):
        with pytest.raises(ConfigurationError, match=SENTENCE):
            client.get(path)


def _assert_in_order(app: Flask, issuers: Issuers) -> None:
    client = app.test_client()
    good = {"Authorization": f"Bearer {issuers.token()}"}
    assert client.get("/me").status_code == 401
    assert client.get("/me", headers=good).data == b"in"


@pytest.mark.parametrize("decorate", [require_auth, require_auth(role="admin")])
def test_the_decorator_above_the_route_is_found(issuer: str, decorate: Any) -> None:
    app = _app(issuer, required=False, exempt=["/me"])

    def me() -> str:
        return "in"

    decorate(app.get("/me")(me))
    _assert_found(app)


def _unmarked(view: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate without `functools.wraps`."""

    def unmarked(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return unmarked


def _below_a_decorator_without_wraps(app: Flask, view: Any) -> None:
    require_auth(_unmarked(app.get("/me", endpoint="me")(_logged(view))))


def _below_a_decorator_without_arguments(app: Flask, view: Any) -> None:
    def without(view: Any) -> Any:
        def call() -> Any:
            return view()

        return call

    require_auth(without(app.get("/me", endpoint="me")(view)))


def _below_a_decorator_with_two_functions(app: Flask, view: Any) -> None:
    def having(check: Any, view: Any) -> Any:
        return lambda name="Ada": check() or view(name)

    require_auth(having(list, app.get("/me", endpoint="me")(view)))


def _below_another_route(app: Flask, view: Any) -> None:
    guarded = require_auth(app.get("/me", endpoint="me")(view))
    app.get("/other", endpoint="other")(guarded)


def _below_a_second_guard(app: Flask, view: Any) -> None:
    require_auth(role="admin", organization=True)(app.get("/me", endpoint="me")(require_auth(view)))


def _above_a_decorator_without_wraps(app: Flask, view: Any) -> None:
    app.add_url_rule("/me", "me", _unmarked(view))
    require_auth(view)


def _as_a_partial(app: Flask, view: Any) -> None:
    app.add_url_rule("/me", "me", partial(view))
    require_auth(view)


def _by_a_rule(app: Flask, view: Any) -> None:
    app.add_url_rule("/me", "me", view)
    require_auth(view)


def _with_a_wrapper(app: Flask, view: Any) -> None:
    app.add_url_rule("/me", "me", _logged(view))
    optional_auth(view)


def _as_a_class(app: Flask, view: Any) -> None:
    class Me(View):
        def dispatch_request(self) -> Any:
            return view()

    function = Me.as_view("me")
    app.add_url_rule("/me", view_func=function)
    require_auth(function)


def _in_nested_blueprints(app: Flask, view: Any) -> None:
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    require_auth(_logged(inner.get("/me", endpoint="me")(_logged(view))))
    outer.register_blueprint(inner)
    app.register_blueprint(outer)


def _before_requests(app: Flask, view: Any) -> None:
    @require_auth
    @app.before_request
    def me() -> None:
        """Count on the guard."""


@pytest.mark.parametrize(
    "register",
    [
        _by_a_rule,
        _with_a_wrapper,
        _below_a_decorator_without_wraps,
        _below_a_decorator_without_arguments,
        _below_a_decorator_with_two_functions,
        _below_another_route,
        _below_a_second_guard,
        _above_a_decorator_without_wraps,
        _as_a_partial,
        _as_a_class,
        _in_nested_blueprints,
        _before_requests,
    ],
)
@pytest.mark.parametrize("handles_errors", [True, False])
def test_it_is_found_without_the_extension(
    issuer: str, register: Callable[[Flask, Any], None], handles_errors: bool
) -> None:
    app = Flask(__name__)
    app.config["TORII_ISSUER"] = issuer
    app.add_url_rule("/elsewhere", view_func=lambda: "in", endpoint="elsewhere")
    register(app, lambda: "in")
    if handles_errors:
        app.register_error_handler(ConfigurationError, str)
    for path in ("/me", "/elsewhere", "/me"):
        response = app.test_client().get(path)
        assert response.status_code == (200 if handles_errors else 500)
        assert (b"without its guard" in response.data) is handles_errors


@pytest.mark.parametrize("decorate", [require_auth, optional_auth, require_auth(role="admin")])
def test_a_class_is_refused_when_it_is_decorated(decorate: Any) -> None:
    """Flask-RESTX and flask-smorest register a class and return it."""

    class Me(MethodView):
        """What they would call."""

    with pytest.raises(ConfigurationError, match=r"not a class\. .* decorators = \[require_auth\]"):
        decorate(Me)


def test_a_view_that_is_registered_after_the_extension_is_looked_at(issuer: str) -> None:
    app = Flask(__name__)
    app.config["PROPAGATE_EXCEPTIONS"] = True

    @require_auth
    @app.get("/me")
    def me() -> str:
        return "in"

    Torii(app, issuer=issuer)
    _assert_found(app)


def test_it_is_found_in_a_blueprint(issuer: str) -> None:
    app = _app(issuer)
    blueprint = Blueprint("shop", __name__)

    @require_auth
    @blueprint.get("/me")
    def me() -> str:
        return "in"

    app.register_blueprint(blueprint)
    with pytest.raises(ConfigurationError, match=r"'shop\.me' is registered without its guard"):
        app.test_client().get("/me")


def test_it_is_found_above_and_below_other_decorators(issuer: str) -> None:
    above, below = _app(issuer), _app(issuer)

    @_logged
    @require_auth
    @_logged
    @above.get("/me")
    def me() -> str:
        return "in"

    _assert_found(above)

    @require_auth
    @below.get("/me", endpoint="me")
    @_logged
    def another() -> str:
        return "in"

    _assert_found(below)


def test_the_right_order_passes(issuers: Issuers) -> None:
    app = _app(issuers.home.issuer)

    @app.get("/me")
    @_logged
    @require_auth
    @_logged
    def me() -> str:
        return "in"

    _assert_in_order(app, issuers)


def _shared() -> str:
    return "in"


_GUARDED = require_auth(_shared)


def test_a_view_may_be_registered_bare_beside_its_guarded_form(issuers: Issuers) -> None:
    app = _app(issuers.home.issuer, exempt=["/open"])
    app.add_url_rule("/open", view_func=_shared, endpoint="open")
    app.add_url_rule("/me", view_func=_logged(_GUARDED), endpoint="me")
    _assert_in_order(app, issuers)
    assert app.test_client().get("/open").data == b"in"


def test_a_view_may_be_guarded_in_one_application_and_bare_in_another(issuers: Issuers) -> None:
    bare, guarded = _app(issuers.home.issuer), _app(issuers.home.issuer, required=False)
    bare.add_url_rule("/me", view_func=_shared)
    guarded.add_url_rule("/me", view_func=_GUARDED)
    _assert_in_order(bare, issuers)
    _assert_in_order(guarded, issuers)


def view() -> str:
    return "in"


_VIEW = view


@pytest.mark.parametrize("decorate", [_logged, _unmarked])
def test_a_view_of_a_module_is_found_too(
    issuer: str, monkeypatch: pytest.MonkeyPatch, decorate: Any
) -> None:
    app = _app(issuer)
    monkeypatch.setitem(globals(), "view", require_auth(decorate(view)))
    registered = _VIEW
    app.add_url_rule("/me", "me", registered)
    _assert_found(app)


def test_classes_and_views_without_a_guard_pass(issuers: Issuers) -> None:
    app = _app(issuers.home.issuer)

    class Me(MethodView):
        @require_auth
        def get(self) -> str:
            return "in"

    class Callables:
        __hash__ = None  # type: ignore[assignment]
        __name__ = "callables"

        def __call__(self) -> str:
            return "in"

        def __eq__(self, other: object) -> bool:
            return True

    app.add_url_rule("/me", view_func=Me.as_view("me"))
    app.add_url_rule("/other", view_func=Callables(), endpoint="other")
    _assert_in_order(app, issuers)


def test_a_guarded_view_may_use_an_open_one(issuers: Issuers) -> None:
    app = _app(issuers.home.issuer, exempt=["/open"])

    @app.get("/open")
    def opened() -> str:
        return "in"

    class Me(MethodView):
        @require_auth
        def get(self) -> str:
            return opened()

    @app.get("/other")
    @require_auth
    def other(*args: Any, **kwargs: Any) -> str:
        return opened()

    @require_auth
    def helper() -> str:
        return opened() or helper() or later()

    def later() -> str:
        return "in"

    app.add_url_rule("/me", view_func=Me.as_view("me"))
    app.add_url_rule("/later", view_func=later, endpoint="later")
    _assert_in_order(app, issuers)
    assert app.test_client().get("/open").data == b"in"


def test_a_view_without_weak_references_may_be_guarded(issuers: Issuers) -> None:
    class Slotted:
        __slots__ = ()

        def __call__(self) -> str:
            return "in"

    app = _app(issuers.home.issuer)
    app.add_url_rule("/me", "me", require_auth(Slotted()))
    _assert_in_order(app, issuers)
