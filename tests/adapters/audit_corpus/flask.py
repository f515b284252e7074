"""Hard routes of Flask."""

from __future__ import annotations

from functools import lru_cache, partial, update_wrapper, wraps
from inspect import unwrap
from typing import Any, Callable

from flask import Blueprint, Flask, make_response, redirect, request
from flask.views import MethodView, View
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.routing import Rule

from torii_backend.flask import Torii, optional_auth, require_auth
from torii_backend.wsgi import AuthMiddleware

Function = Callable[..., Any]
ISSUER = "https://acme.torii.so"


def never(_: str) -> bool:
    return False


def serve(**_: Any) -> str:
    return "in"


async def serve_async() -> str:
    return "in"


def passing(view: Function) -> Function:
    """Pass everything on, in the usual way."""

    @wraps(view)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return inner


def unless_internal(view: Function) -> Function:
    outer = require_auth(view)

    @wraps(outer)
    def inner() -> Any:
        return view() if "X-External" not in request.headers else outer()

    return inner


def catching(view: Function) -> Function:
    @wraps(view)
    def inner() -> Any:
        try:
            return view()
        except HTTPException:
            return view.__wrapped__()  # type: ignore[attr-defined]

    return inner


def copied_by_hand(view: Function) -> Function:
    outer = require_auth(view)

    def inner() -> Any:
        return outer()

    inner.__dict__.update(outer.__dict__)
    return inner


def bypassing_by_hand(view: Function) -> Function:
    outer = require_auth(view)

    def inner() -> Any:
        return outer() if "X-External" in request.headers else view()

    inner.__dict__.update(outer.__dict__)
    return inner


class Bound:
    @require_auth
    def page(self) -> str:
        return "in"


@wraps(require_auth(serve))
def named_after_a_guarded_one() -> str:
    return "in"


def knowing(view: Function) -> Function:
    """Know what is inside of the guard, in a way that isn't the usual one."""
    raw = {"view": view.__wrapped__}  # type: ignore[attr-defined]

    @wraps(view)
    def inner() -> Any:
        return view() if "X-External" in request.headers else raw["view"]()

    return inner


def by_default(view: Function) -> Function:
    @wraps(view)
    def inner(raw: Function = view.__wrapped__) -> Any:  # type: ignore[attr-defined]
        return view() if "X-External" in request.headers else raw()

    return inner


def unwrapping(view: Function) -> Function:
    @wraps(view)
    def inner() -> Any:
        def inside() -> Any:
            return unwrap(view)

        return inside()()

    return inner


def naming(view: Function) -> Function:
    @wraps(view)
    def inner() -> Any:
        return view() if "X-External" in request.headers else serve()

    return inner


def caching(view: Function) -> Function:
    cache: dict[str, Any] = {"/caching": "in"}

    @wraps(view)
    def inner() -> Any:
        return cache.get(request.path) or view()

    return inner


def fresh(view: Function) -> Function:
    @wraps(view)
    def nocache() -> Any:
        response = make_response(view())
        response.headers["Cache-Control"] = "no-store"
        return response

    return nocache


class Object:
    """A decorator that is a class."""

    def __init__(self, view: Function) -> None:
        update_wrapper(self, view)
        self.view = view

    def __call__(self) -> Any:
        return self.view()


class Careful(Object):
    def __call__(self) -> Any:
        return self.view.__wrapped__()  # type: ignore[attr-defined]


class Proxy:
    """It claims to be what is inside of it, as those of wrapt do."""

    def __init__(self, view: Function) -> None:
        self.view = view

    def __getattr__(self, name: str) -> Any:
        return getattr(self.view, name)

    @property
    def __class__(self) -> Any:
        return type(self.view)

    @__class__.setter
    def __class__(self, _: Any) -> None:
        """For mypy."""

    def __call__(self) -> str:
        return "in"


def answering(view: Any) -> Any:
    @wraps(view)
    def inner(**_: Any) -> str:
        return "in"

    return inner


class Methods(MethodView):
    @require_auth
    def get(self) -> str:
        return "in"

    def head(self) -> str:
        return ""

    def options(self) -> str:
        return "in"

    @optional_auth
    def post(self) -> str:
        return "in"


class Inherited(Methods):
    head = Methods.get

    @require_auth(role="admin", any_organization=True)
    def options(self) -> str:
        return "in"


class OwnGet(Methods):
    methods = ("GET",)

    def __init__(self) -> None:
        self.get = serve  # type: ignore[method-assign]


class Storing(Methods):
    """It sets other attributes."""

    methods = ("GET",)

    def __init__(self, store: Any) -> None:
        self.store = store.get("store")


class AnyAttribute(OwnGet):
    methods = ("GET",)

    def __init__(self) -> None:
        """Set nothing."""

    def __getattribute__(self, name: str) -> Any:
        return serve if name == "get" else super().__getattribute__(name)


class Once(Methods):
    methods = ("GET",)
    init_every_request = False


class Another(Methods):
    methods = ("GET",)

    def __new__(cls) -> Any:
        return Whole()


class Decorated(MethodView):
    decorators = [passing, require_auth, passing]  # noqa: RUF012

    def get(self) -> str:
        return "in"


class Dispatching(MethodView):
    def dispatch_request(self, **_: Any) -> str:
        return "in"

    @require_auth
    def get(self) -> str:
        return "in"


class GuardedDispatch(Dispatching):
    @require_auth
    def dispatch_request(self, **_: Any) -> str:
        return "in"


class Whole(View):
    methods = ("PUT",)

    def dispatch_request(self) -> str:
        return "in"


class Foreign:
    """Middleware that only times requests."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app(environ, start_response)


class Prefixed(Foreign):
    def __call__(self, environ: Any, start_response: Any) -> Any:
        environ = {**environ, "PATH_INFO": environ["PATH_INFO"].replace("/v1", "", 1)}
        return self.app(environ, start_response)


class Careless(Flask):
    def preprocess_request(self) -> Any:
        return None


def app_of(cls: Any = Flask, *rules: str, **config: Any) -> Flask:
    app: Flask = cls(__name__, static_folder=None)
    app.config.update(TORII_ISSUER=ISSUER, **config)
    for rule in rules:
        app.add_url_rule(rule, rule, serve)
    return app


def bare() -> Flask:
    """Without a guard of the whole."""
    app = Flask(__name__, static_url_path="/files")
    app.config["TORII_ISSUER"] = ISSUER
    views: dict[str, Any] = {
        "/open": serve,
        "/guarded": require_auth(serve),
        "/async": require_auth(serve_async),
        "/role": require_auth(role="admin", any_organization=True)(serve),
        "/optional": optional_auth(serve),
        "/optional-role": optional_auth(role="admin", any_organization=True)(serve),
        "/twice": require_auth(optional_auth(serve)),
        "/exempt": require_auth(exempt={"/exempt": "a probe"})(serve),
        "/function": require_auth(exempt=[never])(serve),
        "/decorated": passing(require_auth(passing(serve))),
        "/foreign": passing(serve),
        "/partial": partial(require_auth(serve)),
        "/unless": unless_internal(serve),
        "/catching": catching(require_auth(serve)),
        "/by-hand": copied_by_hand(serve),
        "/named": named_after_a_guarded_one,
        "/updated": update_wrapper(optional_auth(serve), require_auth(serve)),
        "/by-hand-bypassing": bypassing_by_hand(serve),
        "/knowing": knowing(require_auth(serve)),
        "/by-default": by_default(require_auth(serve)),
        "/unwrapping": unwrapping(require_auth(serve)),
        "/naming": naming(require_auth(serve)),
        "/caching": caching(require_auth(serve)),
        "/lru-cache": lru_cache(require_auth(serve)),
        "/not-cached": fresh(require_auth(serve)),
        "/object": Object(require_auth(serve)),
        "/careful": Careful(require_auth(serve)),
        "/proxy": Proxy(require_auth(serve)),
        "/bound": Bound().page,
        "/answering": answering(Methods.as_view("answering")),
        "/own-get": OwnGet.as_view("own_get"),
        "/storing": Storing.as_view("storing", {}),
        "/any-attribute": AnyAttribute.as_view("any_attribute"),
        "/once": Once.as_view("once"),
        "/another": Another.as_view("another"),
        "/methods": Methods.as_view("methods"),
        "/inherited": Inherited.as_view("inherited"),
        "/decorators": Decorated.as_view("decorated"),
        "/dispatching": Dispatching.as_view("dispatching"),
        "/guarded-dispatch": GuardedDispatch.as_view("guarded_dispatch"),
        "/whole": require_auth(Whole.as_view("whole")),
        "/whole-open": Whole.as_view("whole_open"),
    }
    for path, view in views.items():
        app.add_url_rule(path, path, view)
    slashes = require_auth(exempt=["/slashes/"])(serve)
    app.add_url_rule("/slashes", "slashes", slashes, strict_slashes=False)
    app.url_map.add(Rule("/later", endpoint="later"))
    app.url_map.add(Rule("/moved", endpoint="moved", redirect_to="/open"))
    app.add_url_rule("/built", "built", build_only=True)
    return app


BARE = {
    "GET /files/<path:filename>": "open",
    "GET /open": "open",
    "GET /guarded": "guarded",
    "GET /async": "guarded",
    "GET /role": "guarded",
    "GET /optional": "optional",
    "GET /optional-role": "optional",
    "GET /twice": "guarded",
    "GET /exempt": "exempt",
    "GET /function": "unknown",
    "GET /decorated": "guarded",
    "GET /foreign": "unknown",
    "GET /partial": "guarded",
    "GET /unless": "unknown",
    "GET /catching": "unknown",
    "GET /by-hand": "unknown",
    "GET /named": "unknown",
    "GET /updated": "optional",
    "GET /by-hand-bypassing": "unknown",
    "GET /knowing": "unknown",
    "GET /by-default": "unknown",
    "GET /unwrapping": "unknown",
    "GET /naming": "unknown",
    "GET /caching": "unknown",
    "GET /lru-cache": "unknown",
    "GET /not-cached": "guarded",
    "GET /object": "guarded",
    "GET /careful": "unknown",
    "GET /proxy": "unknown",
    "GET /bound": "guarded",
    "GET /answering": "unknown",
    "OPTIONS /answering": "unknown",
    "POST /answering": "unknown",
    "GET /own-get": "unknown",
    "GET /storing": "guarded",
    "HEAD /storing": "open",
    "GET /any-attribute": "unknown",
    "GET /once": "guarded",
    "HEAD /once": "open",
    "GET /another": "unknown",
    "GET /methods": "guarded",
    "HEAD /methods": "open",
    "OPTIONS /methods": "open",
    "POST /methods": "optional",
    "GET /inherited": "guarded",
    "OPTIONS /inherited": "guarded",
    "POST /inherited": "optional",
    "GET /decorators": "guarded",
    "GET /dispatching": "unknown",
    "GET /guarded-dispatch": "guarded",
    "PUT /whole": "guarded",
    "PUT /whole-open": "open",
    "GET /slashes": "exempt",
    "* /later": "unknown",
    "* /moved": "open",
}


def whole() -> Flask:
    """With a guard of the whole that comes last, and exempt paths."""
    app = app_of(Flask, "/health", "/me", "/<name>", "/files/<path:name>", "/n/<int:id>")
    app.add_url_rule("/optional", "optional", optional_auth(serve))
    Torii(
        app,
        exempt={"/health": "load balancer", "/files/logo.png": "an asset", "/n/5": "one of them"},
    )
    app.add_url_rule("/late", "late", serve)
    return app


WHOLE = {
    "GET /health": "exempt",
    "GET /me": "guarded",
    "GET /<name>": "exempt",
    "GET /files/<path:name>": "exempt",
    "GET /n/<int:id>": "exempt",
    "GET /optional": "guarded",
    "GET /late": "guarded",
}


def blueprints() -> Flask:
    app = app_of()
    outer, inner, login, own, shop = (
        Blueprint(name, __name__, url_prefix=f"/{name}")
        for name in ("outer", "inner", "login", "own", "shop")
    )
    for each in (outer, inner, login, own, shop):
        each.add_url_rule("/view", "view", serve)
    torii = Torii()
    outer.before_request(torii.guard(email_verified=True))
    outer.register_blueprint(inner)

    @login.before_request
    @require_auth
    def signed_in() -> None:
        """In the way of Flask-Login."""

    @own.before_request
    def sometimes() -> Any:
        return torii.guard()() if request.path.startswith("/admin") else None

    @shop.before_request
    @passing
    @require_auth
    def through_another() -> None:
        """A decorator outside may leave the guard out."""

    for each in (outer, login, own, shop):
        app.register_blueprint(each)
    app.register_blueprint(inner, name="again", url_prefix="/again")
    app.add_url_rule("/not-of-outer", "outerview", serve)
    return app


BLUEPRINTS = {
    "GET /outer/view": "guarded",
    "GET /outer/inner/view": "guarded",
    "GET /login/view": "guarded",
    "GET /own/view": "unknown",
    "GET /shop/view": "unknown",
    "GET /again/view": "open",
    "GET /not-of-outer": "open",
}


def hosts() -> Flask:
    app = Flask(__name__, static_folder=None, subdomain_matching=True)
    app.config.update(TORII_ISSUER=ISSUER, SERVER_NAME="example.com")
    app.add_url_rule("/me", "me", serve)
    app.add_url_rule("/me", "admin", require_auth(serve), subdomain="admin")
    return app


HOSTS = {"GET /me": "open", "GET //admin.example.com/me": "guarded"}


def careless() -> Flask:
    app = app_of(Careless, "/me")
    Torii(app)
    app.add_url_rule("/own", "own", require_auth(serve))
    return app


CARELESS = {"GET /me": "unknown", "GET /own": "guarded"}


def layered() -> Any:
    """In middleware, with applications beside it."""
    app, shop = app_of(Flask, "/me", "/health"), app_of(Flask, "/cart", "/health")
    app.add_url_rule("/old", "old", lambda: redirect("/me"))
    inside = DispatcherMiddleware(app.wsgi_app, {"/shop": shop, "/bare": lambda *_: []})
    around: Any = SharedDataMiddleware(inside, {"/assets": ("tests", "adapters")})
    app.wsgi_app = AuthMiddleware(Foreign(around), exempt=["/health", "/assets/*"], issuer=ISSUER)  # type: ignore[method-assign]
    return ProxyFix(app.wsgi_app)


LAYERED = {
    "GET /me": "guarded",
    "GET /health": "exempt",
    "GET /old": "guarded",
    "GET /shop/cart": "guarded",
    "GET /shop/health": "guarded",
    "* /bare/*": "guarded",
    "* /assets/*": "exempt",
}


def prefixed() -> Any:
    """Middleware inside the guard changes the path, by which the guard has decided."""
    app = app_of(Flask, "/health", "/me")
    return AuthMiddleware(Prefixed(app), exempt=["/v1/health"], issuer=ISSUER)


PREFIXED = {"GET /health": "unknown", "GET /me": "unknown"}


def wrapped() -> Any:
    """A function is around the application, which can't be seen inside it."""
    app = app_of(Flask, "/me")
    Torii(app)
    inner = app.wsgi_app

    def around(*args: Any) -> Any:
        return inner(*args)

    app.wsgi_app = DispatcherMiddleware(around, {"/shop": app_of(Flask, "/cart")})  # type: ignore[method-assign]
    return app


WRAPPED = {"GET /me": "guarded", "GET /shop/cart": "open"}


def foreign() -> Any:
    app = app_of(Flask, "/me")
    app.before_request(lambda: None)
    app.add_url_rule("/own", "own", require_auth(serve))
    return Foreign(app)


FOREIGN = {"GET /me": "unknown", "GET /own": "guarded"}

APPS: list[tuple[Callable[[], Any], dict[str, str]]] = [
    (bare, BARE),
    (whole, WHOLE),
    (blueprints, BLUEPRINTS),
    (hosts, HOSTS),
    (careless, CARELESS),
    (layered, LAYERED),
    (prefixed, PREFIXED),
    (foreign, FOREIGN),
    (wrapped, WRAPPED),
]
# Unknown, although what makes it so passes everything on. The rest may refuse, or lead around a guard.
NEEDLESS = 5  # /by-hand, /foreign, /function, /shop/view, and /me of `foreign`
# The paths to ask for, if a route has parameters or more than one spelling.
URLS = {
    "/files/<path:filename>": "/files/no.txt",
    "/<name>": "/health",
    "/files/<path:name>": "/files/logo.png",
    "/n/<int:id>": "/n/5",
    "/slashes": "/slashes/",
    "/bare/*": "/bare/x",
    "/assets/*": "/assets/__init__.py",
}
