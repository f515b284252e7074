"""What is of this site: the page that sends a request, and the one to open after sign-in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.http import url_has_allowed_host_and_scheme

from torii_backend.django.guard import RequestGuard
from torii_backend.django.options import configured_csrf_exempt
from torii_backend.errors import PermissionDenied


def require_own_origin(request: HttpRequest, guard: RequestGuard) -> None:
    """Refuse what a page of another site sends: it would sign the browser in as somebody else.

    Such a page can send our header only by a script, and browsers add Origin to such a request. If
    browsers may send the token by themselves, a request without Origin is refused, too.
    """
    is_sent_on_purpose = guard.is_sent_on_purpose() and configured_csrf_exempt()
    if "HTTP_ORIGIN" not in request.META and is_sent_on_purpose:
        return
    check: Any = CsrfViewMiddleware(lambda _: HttpResponse())
    if "HTTP_ORIGIN" not in request.META or not check._origin_verified(request):
        raise PermissionDenied("A page of another site can't start a session here.")


def next_page(request: HttpRequest, default: str) -> str:
    """Return the page to open after sign-in: on this host, whatever the request names."""
    wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
    is_own = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_own else default
