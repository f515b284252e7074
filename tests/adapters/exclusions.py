"""What a framework or a server can't do, and why; no refusal is among it."""

from __future__ import annotations

from .behaviours import BEHAVIOURS

_NO_LOOP = "WSGI has no event loop, so an async check raises ConfigurationError."
_WITHOUT_LOOP = (
    "bottle_app",
    "django_view",
    "django_wsgi",
    "drf_view",
    "falcon_wsgi",
    "flask_app",
    "flask_view",
    "gunicorn_gthread",
    "gunicorn_sync",
    "ninja_view",
    "pyramid_app",
    "waitress",
    "wsgi",
)

_LAZY = "Starlette makes its middleware when it starts, and raises what is wrong then."
_AT_CONSTRUCTION = [name for name in BEHAVIOURS if "_found_at_construction" in name]

_ALONE = "A sync worker has one request in the application at a time."
_CONCURRENT = (
    "concurrent_requests_keep_their_users",
    "concurrent_requests_without_a_user_stay_without_one",
)

_CATCHES = "The framework turns what a view raises into a response before the guard sees it."
_CATCHING = ("bottle_app", "falcon_asgi", "falcon_wsgi", "litestar_app", "quart_app")
_BY_VIEW = (
    "a_view_may_refuse_a_request",
    "on_error_may_replace_the_refusal_of_a_view",
    "the_refusal_of_a_view_knows_the_auth",
)

_ONE_VALUE = "REST framework keeps one value of a header."

EXCLUSIONS: dict[tuple[str, str], str] = {
    **{(driver, "an_async_check_is_awaited"): _NO_LOOP for driver in _WITHOUT_LOOP},
    **{("starlette_app", name): _LAZY for name in _AT_CONSTRUCTION},
    **{("gunicorn_sync", name): _ALONE for name in _CONCURRENT},
    **{(driver, name): _CATCHES for driver in _CATCHING for name in _BY_VIEW},
    ("drf_view", "every_header_of_a_replaced_response_is_sent"): _ONE_VALUE,
}
"""By the name of a driver or a server, and that of a behaviour: the reason."""
