"""The document of a protected resource: served before sign-in, to anybody, and by nobody else."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Callable

import pytest
from django.test import override_settings
from django.urls import include, path
from fastapi import Depends, FastAPI
from flask import Blueprint, Flask
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from torii_backend import ConfigurationError, ResourceMetadata, asgi, django, fastapi, flask, wsgi
from torii_backend.django.options import configured_options
from torii_backend.django.routes import routes as django_routes
from torii_backend.testing import assert_guarded
from torii_backend.testing.routes import routes_of

from . import bare
from .django_project import MIDDLEWARE, ask, me
from .issuers import Issuers
from .messages import Request, Response, bearer
from .transport import call_asgi, call_wsgi

RESOURCE = ResourceMetadata(
    "https://api.example/mcp", authorization_servers=["https://login.example"], name="Files"
)
PATH = "/.well-known/oauth-protected-resource/mcp"
Serve = Callable[[Request], Response]


def nothing() -> dict[str, str]:
    return {}


def by_wsgi(issuers: Issuers, **options: Any) -> Serve:
    app = wsgi.AuthMiddleware(bare.wsgi, issuer=issuers.home.issuer, **options)
    return lambda request: call_wsgi(app, request)


def by_asgi(issuers: Issuers, **options: Any) -> Serve:
    app = asgi.AuthMiddleware(bare.asgi, issuer=issuers.home.issuer, **options)
    return lambda request: asyncio.run(call_asgi(app, request))


def by_flask(issuers: Issuers, **options: Any) -> Serve:
    app = Flask(__name__, static_folder=None)
    flask.Torii(app, issuer=issuers.home.issuer, **options)
    app.get("/me")(nothing)
    return lambda request: call_wsgi(app, request)


def by_fastapi(issuers: Issuers, **options: Any) -> Serve:
    guard = fastapi.require_auth(issuer=issuers.home.issuer, **options)
    app = FastAPI(dependencies=[Depends(guard)])
    app.include_router(fastapi.resource_router(options["resource"]))
    app.get("/me")(nothing)
    return lambda request: asyncio.run(call_asgi(app, request))


def by_django(issuers: Issuers, **options: Any) -> Serve:
    settings = {"ISSUER": issuers.home.issuer, "RESOURCE": options["resource"]}
    urls = (*django.resource_urls(options["resource"]), path("me", me))
    layers = ["django.middleware.csrf.CsrfViewMiddleware", MIDDLEWARE]
    return lambda request: ask(urls, request, MIDDLEWARE=layers, TORII=settings)


MIDDLEWARES = [by_wsgi, by_asgi]
EVERY = [*MIDDLEWARES, by_flask, by_fastapi, by_django]


def assert_document(response: Response) -> None:
    assert response.status == 200
    assert json.loads(response.body) == {
        "resource": "https://api.example/mcp",
        "authorization_servers": ["https://login.example"],
        "resource_name": "Files",
    }
    assert response.header("content-type") == "application/json"
    assert response.header("access-control-allow-origin") == "*"
    assert response.header("cache-control") == "public, max-age=3600"
    # Django's middleware looks at the token before it looks at the view.
    assert response.header("vary") in (None, "Authorization")
    assert response.header("www-authenticate") is None


@pytest.mark.parametrize("make", EVERY)
def test_the_document_needs_no_token(make: Any, issuers: Issuers) -> None:
    serve = make(issuers, resource=RESOURCE)
    assert_document(serve(Request(PATH)))
    assert_document(serve(Request(f"{PATH}?a=b")))
    assert_document(serve(bearer("bad", PATH)))
    head = serve(Request(PATH, method="HEAD"))
    assert (head.status, head.body) == (200, b"")
    assert head.header("content-length") == str(len(RESOURCE.document))


@pytest.mark.parametrize("make", EVERY)
def test_a_browser_may_ask_for_the_document(make: Any, issuers: Issuers) -> None:
    """A client of MCP sends a header of its own, so the browser asks first."""
    asks = (
        ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Headers", "mcp-protocol-version"),
        ("Origin", "https://inspector.example"),
    )
    response = make(issuers, resource=RESOURCE)(Request(PATH, asks, "OPTIONS"))
    assert (response.status, response.body) == (200, b"")
    assert response.header("access-control-allow-origin") == "*"
    assert response.header("access-control-allow-methods") == "GET, HEAD"
    assert response.header("access-control-allow-headers") == "*"


@pytest.mark.parametrize("make", EVERY)
def test_other_methods_are_refused(make: Any, issuers: Issuers) -> None:
    serve = make(issuers, resource=RESOURCE)
    for method in ("POST", "PUT", "DELETE"):
        assert serve(Request(PATH, method=method)).status in (401, 405)
        assert serve(bearer(issuers.token(), PATH, method=method)).status == 405


@pytest.mark.parametrize("make", MIDDLEWARES)
def test_middleware_says_which_methods_there_are(make: Any, issuers: Issuers) -> None:
    response = make(issuers, resource=RESOURCE)(Request(PATH, method="POST"))
    assert (response.status, response.header("allow")) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("make", EVERY)
def test_no_other_path_is_open(make: Any, issuers: Issuers) -> None:
    serve = make(issuers, resource=RESOURCE)
    paths = [
        f"{PATH}/",
        f"{PATH}/me",
        f"/{PATH}",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-authorization-server",
        PATH.upper(),
        f"{PATH}/../../../me",
    ]
    for each in paths:
        response = serve(Request(each))
        if make in MIDDLEWARES:
            assert response.status == 401
        # Routers may take two slashes for one, or redirect to the path without the last one.
        assert response.status in (307, 401, 404) or response.body == RESOURCE.document
    assert serve(Request("/me")).status == 401
    assert serve(bearer(issuers.token())).status == 200


@pytest.mark.parametrize("make", EVERY)
def test_without_authorization_server_there_is_no_document(make: Any, issuers: Issuers) -> None:
    serve = make(issuers, resource=ResourceMetadata("https://api.example/mcp", name="Files"))
    assert serve(Request(PATH)).status in (401, 404)
    assert serve(Request("/me")).header("www-authenticate") == 'Bearer realm="torii"'
    assert serve(bearer(issuers.token())).status == 200


@pytest.mark.parametrize("make", [by_wsgi, by_asgi, by_flask])
@pytest.mark.parametrize("wrong", ["https://api.example/mcp", {"resource": "x"}, ResourceMetadata])
def test_only_metadata_are_metadata(make: Any, wrong: Any, issuers: Issuers) -> None:
    with pytest.raises(ConfigurationError, match="resource must be a torii_backend"):
        make(issuers, resource=wrong)


def test_every_guard_of_a_blueprint_names_it_and_the_application_serves_it(
    issuers: Issuers,
) -> None:
    app = Flask(__name__, static_folder=None)
    app.config.update(TORII_ISSUER=issuers.home.issuer, TORII_RESOURCE=RESOURCE)
    flask.Torii(app)
    blueprint = Blueprint("tools", __name__)
    blueprint.before_request(flask.Torii().guard(email_verified=True))
    blueprint.get("/me")(nothing)
    app.register_blueprint(blueprint)
    assert_document(call_wsgi(app, Request(PATH)))
    denied = call_wsgi(app, bearer(issuers.token(email_verified=False)))
    assert (denied.status, RESOURCE.url in str(denied.header("www-authenticate"))) == (403, True)


def test_django_takes_the_path_of_an_object_and_included_urls() -> None:
    settings = {"ISSUER": "https://acme.torii.so", "RESOURCE": f"{__name__}.RESOURCE"}
    with override_settings(TORII=settings):
        assert configured_options()["resource"] is RESOURCE
    urls = (path("", include(django.resource_urls(RESOURCE))),)
    assert_document(ask(urls, Request(PATH), MIDDLEWARE=[MIDDLEWARE], TORII=settings))


ISSUER = "https://acme.torii.so"
SAID = ("public", "tells who issues tokens (RFC 9728)")


def said(routes: list[Any], at: str = PATH) -> dict[str, tuple[str, str]]:
    return {route.method: (route.state, route.detail) for route in routes if route.path == at}


def _starlette(**options: Any) -> Starlette:
    return Starlette(middleware=[Middleware(asgi.AuthMiddleware, issuer=ISSUER, **options)])


def test_audits_know_the_document() -> None:
    every = {"GET": SAID, "OPTIONS": SAID}
    options: dict[str, Any] = {"issuer": ISSUER, "resource": RESOURCE}
    app = Flask(__name__, static_folder=None)
    flask.Torii(app, **options)
    assert said(routes_of(app)) == every
    plain = Flask(__name__, static_folder=None)
    assert said(routes_of(wsgi.AuthMiddleware(plain, **options))) == every
    assert said(routes_of(wsgi.AuthMiddleware(bare.wsgi, **options))) == every
    plain.wsgi_app = wsgi.AuthMiddleware(plain.wsgi_app, **options)  # type: ignore[method-assign]
    assert said(routes_of(plain)) == every
    assert said(routes_of(asgi.AuthMiddleware(FastAPI(), **options))) == every
    assert said(routes_of(_starlette(resource=RESOURCE))) == every
    routed = FastAPI(dependencies=[Depends(fastapi.require_auth(**options))])
    routed.include_router(fastapi.resource_router(RESOURCE))
    assert said(routes_of(routed)) == every
    with override_settings(TORII={"ISSUER": ISSUER}, MIDDLEWARE=[MIDDLEWARE]):
        assert said(django_routes(tuple(django.resource_urls(RESOURCE)))) == {"*": SAID}


def test_audits_say_what_is_around_and_where_it_is_mounted() -> None:
    inner = asgi.AuthMiddleware(bare.asgi, issuer=ISSUER, resource=RESOURCE)
    outer = asgi.AuthMiddleware(inner, issuer=ISSUER)
    assert said(routes_of(outer)) == {"GET": ("guarded", ""), "OPTIONS": ("guarded", "")}
    mounted = Starlette(routes=[Mount("/tools", inner)])
    assert said(routes_of(mounted), f"/tools{PATH}") == {"GET": SAID, "OPTIONS": SAID}
    assert said(routes_of(mounted)) == {}


def test_audits_list_no_document_without_authorization_server() -> None:
    nobody = ResourceMetadata("https://api.example/mcp")
    assert said(routes_of(_starlette(resource=nobody))) == {}
    assert said(routes_of(wsgi.AuthMiddleware(bare.wsgi, issuer=ISSUER, resource=nobody))) == {}
    assert django.resource_urls(nobody) == []
    assert fastapi.resource_router(nobody).routes == []


def test_a_test_of_all_routes_needs_no_entry_for_the_document() -> None:
    assert_guarded(wsgi.AuthMiddleware(bare.wsgi, issuer=ISSUER, resource=RESOURCE))
