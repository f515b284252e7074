"""What a framework or a server cannot meet, and why; no refusal is among it."""

from __future__ import annotations

from .behaviours import BEHAVIOURS

_NO_LOOP = "WSGI has no event loop: an async check raises ConfigurationError there."
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

_LAZY = "Starlette makes its middleware when it starts: what is wrong is raised then."
_AT_CONSTRUCTION = [name for name in BEHAVIOURS if "_found_at_construction" in name]

_ALONE = "A sync worker has one request in the application at a time."
_AT_ONCE = (
    "requests_inside_the_application_at_once_keep_their_users:optional",
    "requests_inside_the_application_at_once_keep_their_users:required",
    "users_and_nobody_do_not_mix",
)

_ONE_VALUE = "REST framework keeps one value of a header."

EXCLUSIONS: dict[tuple[str, str], str] = {
    **{(driver, "an_async_check_is_awaited"): _NO_LOOP for driver in _WITHOUT_LOOP},
    **{("starlette_app", name): _LAZY for name in _AT_CONSTRUCTION},
    **{("gunicorn_sync", name): _ALONE for name in _AT_ONCE},
    ("drf_view", "every_header_of_a_replaced_answer_is_sent"): _ONE_VALUE,
}
"""By the name of a driver or a server, and that of a behaviour: the reason."""
