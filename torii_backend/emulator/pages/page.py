"""What all pages share: their frame and their headers. Values in a page are escaped by MarkupSafe."""

from __future__ import annotations

from markupsafe import Markup
from werkzeug.wrappers import Response

STYLESHEET_PATH = "/_emulator/page.css"

_FRAME = Markup("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Torii emulator</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{stylesheet}">
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
""")


def page(
    title: str, body: Markup, *, status: int = 200, form_targets: tuple[str, ...] = ()
) -> Response:
    """Return a page. Its forms may lead to the emulator, and from there to `form_targets`."""
    text = _FRAME.format(title=title, body=body, stylesheet=STYLESHEET_PATH)
    return secured(Response(text, status, content_type="text/html; charset=utf-8"), form_targets)


def message_page(title: str, *sentences: str, status: int, back: str = "") -> Response:
    """Return a page of a few sentences, with a link back to the sign-in page if there is one."""
    body = Markup("\n").join(Markup("<p>{}</p>").format(sentence) for sentence in sentences)
    if back:
        body += Markup('\n<p><a href="{}">Back to the sign-in page</a></p>').format(back)
    return page(title, body, status=status)


def foreign_redirect_page(parameter: str) -> Response:
    """Return the page for a URL that a browser must not be sent to."""
    return message_page(
        "Redirect not allowed",
        f"{parameter} must be a URL on a loopback address or on an allowed origin, such as"
        " http://localhost:3000/.",
        "Add the origin of your app to the allowed origins, by client.allowed_origins.set() or"
        " PUT /api/server/v1/allowed-origins.",
        status=400,
    )


def secured(response: Response, form_targets: tuple[str, ...] = ()) -> Response:
    """Add the headers that keep other sites, scripts in data and caches away from a page."""
    forms = " ".join(("'self'", *form_targets))
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"img-src 'self' data:; form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
