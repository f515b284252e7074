"""`unguarded_routes` lists what can be called without sign-in, and nothing that it isn't sure of is left out."""

from __future__ import annotations

from functools import partial, wraps
from typing import Any, Callable

import pytest
from flask import Blueprint, Flask, request
from flask.views import MethodView, View

from torii_backend import ConfigurationError
from torii_backend.flask import Torii, optional_auth, require_auth, unguarded_routes

ISSUER = "https://acme.torii.so"


def _view(**_: Any) -> str:
    return "in"


def _never(_: str) -> bool:
    return False


def _twice(view: Callable[..., Any]) -> Callable[..., Any]:
    return require_auth(optional_auth(view))


def _unmarked(view: Callable[..., Any]) -> Callable[..., Any]:
    """Guard a view below a decorator that may do anything with it."""
    guarded = require_auth(view)

    def unmarked(*args: Any, **kwargs: Any) -> Any:
        return guarded(*args, **kwargs)

    return unmarked


def _app(*rules: str, static: bool = False) -> Flask:
    app = Flask(__name__, static_folder="static" if static else None)
    app.config["TORII_ISSUER"] = ISSUER
    for rule in rules:
        app.add_url_rule(rule, rule, _view)
    return app


def test_an_application_without_a_guard_is_open() -> None:
    app = _app("/", "/users/<int:id>", static=True)
    app.add_url_rule("/me", "me", _view, methods=["POST", "PUT", "OPTIONS"])
    assert unguarded_routes(app) == [
        "GET /",
        "GET /static/<path:filename>",
        "GET /users/<int:id>",
        "OPTIONS,POST,PUT /me",
    ]


def test_the_extension_guards_all_but_what_it_exempts() -> None:
    app = _app("/", "/health", "/docs/<name>", "/docs/<name>/raw", "/me", static=True)
    torii = Torii(exempt=["/health", "/static/*", "/docs/intro"])
    assert len(unguarded_routes(app)) == 6
    torii.init_app(app)
    opened = ["GET /docs/<name>", "GET /health", "GET /static/<path:filename>"]
    assert unguarded_routes(app) == opened
    app.add_url_rule("/late", "late", _view)
    assert unguarded_routes(app) == opened


@pytest.mark.parametrize(
    ("rule", "exempt", "is_open"),
    [
        ("/<name>", ["/static/*"], False),
        ("/<name>", ["/health"], True),
        ("/<name>", ["/*"], True),
        ("/<uuid:name>/a", ["/health/a"], True),
        ("/<float:a>-<float:b>/", ["/1-2"], False),
        ("/<float:a>-<float:b>/", ["/1-2/"], True),
        ("/<path:rest>", ["/static/*"], True),
        ("/files/<path:rest>", ["/file"], False),
        ("/files/<path:rest>", ["/files/"], True),
        ("/a/<any('x/y', z):b>", ["/a/x/*"], True),
        ("/a/<any('>', z):b>", ["/elsewhere"], True),
        ("/users/<id>", ["/users"], False),
        ("/users/<id>", [_never], True),
        ("/users", [_never], True),
    ],
)
def test_a_route_is_open_if_one_of_its_paths_may_be_exempt(
    rule: str, exempt: list[Any], is_open: bool
) -> None:
    app = _app(rule)
    Torii(app, exempt=exempt)
    assert unguarded_routes(app) == ([f"GET {rule}"] if is_open else [])


@pytest.mark.parametrize(
    ("decorate", "is_open"),
    [
        (require_auth, False),
        (require_auth(role="admin"), False),
        (require_auth(required=False), True),
        (optional_auth, True),
        (require_auth(exempt=["/me"]), True),
        (_twice, False),
        (_unmarked, True),
        (lambda view: partial(require_auth(view)), False),
    ],
)
def test_a_view_may_be_guarded(decorate: Callable[[Any], Any], is_open: bool) -> None:
    app = _app()
    app.add_url_rule("/me", "me", decorate(_view))
    assert unguarded_routes(app) == (["GET /me"] if is_open else [])
    Torii(app, exempt=["/me"])
    assert unguarded_routes(app) == (["GET /me"] if is_open else [])


def test_a_cache_above_a_guard_may_leave_it_out() -> None:
    names: dict[str, Any] = {"__name__": "flask_caching", "wraps": wraps}
    exec("def cached(f):\n @wraps(f)\n def inner(): return f()\n return inner", names)  # noqa: S102
    app = _app()
    app.add_url_rule("/above", "above", names["cached"](require_auth(_view)))
    app.add_url_rule("/below", "below", require_auth(names["cached"](_view)))
    assert unguarded_routes(app) == ["GET /above"]


def test_a_view_that_wraps_the_guard_of_a_blueprint_may_leave_it_out() -> None:
    guard = Torii().guard()
    app = _app()

    @app.get("/sometimes")
    @wraps(guard)
    def view() -> str:
        if "name" in request.args:
            guard()
        return "open"

    assert app.test_client().get("/sometimes").text == "open"
    assert unguarded_routes(app) == ["GET /sometimes"]


def test_a_view_that_lost_its_guard_is_open() -> None:
    app = _app()
    require_auth(app.get("/me")(_view))
    assert unguarded_routes(app) == ["GET /me"]


def test_blueprints_are_guarded_with_those_inside() -> None:
    app = _app()
    admin, inner, shop = (Blueprint(name, __name__) for name in ("admin", "inner", "shop"))
    admin.before_request(Torii().guard(role="admin"))
    for blueprint in (admin, inner, shop):
        blueprint.add_url_rule(f"/{blueprint.name}", "view", _view)

    @shop.before_request
    @require_auth(exempt=["/shop"])
    def guarded() -> None:
        """Guard in the way of Flask-Login."""

    shop.add_url_rule("/cart", "cart", _view)
    admin.register_blueprint(inner)
    app.register_blueprint(admin)
    app.register_blueprint(shop)
    app.register_blueprint(inner, name="again", url_prefix="/again")
    assert unguarded_routes(app) == ["GET /again/inner", "GET /shop"]


def test_methods_of_classes_are_told_apart() -> None:
    class Me(MethodView):
        @require_auth
        def get(self) -> str:
            return "in"

        def post(self) -> str:
            return "in"

        @optional_auth
        def delete(self) -> str:
            return "in"

    class Decorated(MethodView):
        decorators = [require_auth(role="admin")]  # noqa: RUF012

        def get(self) -> str:
            return "in"

    class Whole(View):
        @require_auth
        def dispatch_request(self) -> str:
            return "in"

    class Resource(MethodView):
        """As those of Flask-RESTX."""

        __module__ = "flask_restx.resource"
        method_decorators: Any = (require_auth,)

        def get(self) -> str:
            return "in"

    class Restful(Resource):
        method_decorators: Any = {"get": [require_auth]}  # noqa: RUF012

        def post(self) -> str:
            return "in"

    app = _app()
    for view in (Me, Decorated, Whole, Resource, Restful):
        app.add_url_rule(f"/{view.__name__}", view_func=view.as_view(view.__name__))
    # Flask-RESTful calls `get` for HEAD, without the decorators of `get`.
    assert unguarded_routes(app) == ["DELETE,POST /Me", "HEAD,POST /Restful"]


def test_what_flask_does_not_call_guards_nothing() -> None:
    class Plain(MethodView):
        method_decorators: Any = (require_auth,)  # which Flask doesn't read

        def get(self) -> str:
            return "in"

    class Dispatching(View):
        def dispatch_request(self) -> str:
            return "in"

        @require_auth
        def get(self) -> str:
            return "in"

    app = _app()
    for view in (Plain, Dispatching):
        app.add_url_rule(f"/{view.__name__}", view_func=view.as_view(view.__name__))
    assert unguarded_routes(app) == ["GET /Dispatching", "GET /Plain"]


def test_a_wrong_setting_is_an_error() -> None:
    app = _app()
    app.config["TORII_LEEWAY"] = "soon"
    app.add_url_rule("/me", "me", require_auth(_view))
    with pytest.raises(ConfigurationError, match="leeway"):
        unguarded_routes(app)
