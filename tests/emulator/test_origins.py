"""CORS and fetch metadata: whose pages may send requests and read the responses."""

from __future__ import annotations

import pytest

from torii_backend.emulator import Emulator

from .conftest import Response, Wire
from .rest.api import api_of

JWKS = "/_torii/.well-known/jwks.json"
REDEEM = "/_torii/auth/session/impersonate"
DISCOVERY = "/.well-known/openid-configuration"
PAGE = "http://localhost:3000"
LISTED = "https://app.example"
FOREIGN = "https://evil.example"
CORS_HEADERS = ("Access-Control-Allow-Origin", "Access-Control-Allow-Credentials")


@pytest.fixture
def listed(torii: Emulator) -> None:
    """Allow an origin and the app of a phone, in each environment another."""
    api = api_of(torii)
    api.ok("PUT", "/allowed-origins", {"origins": ["HTTPS://App.example:443", "myapp://home"]})
    other = torii.other_environment
    api.secret_key = other.secret_key
    api.ok("PUT", "/allowed-origins", {"origins": ["https://elsewhere.example"]})


def _preflight(wire: Wire, path: str, origin: str, **headers: str) -> Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", **headers}
    return wire.send("OPTIONS", path, headers=asked)


def _shared(response: Response) -> list[str | None]:
    return [response.headers.get(name) for name in CORS_HEADERS]


@pytest.mark.parametrize(
    "path", [JWKS, DISCOVERY, "/_torii/nothing", "/_emulator/health", "/_emulator/x"]
)
@pytest.mark.parametrize("origin", [PAGE, "https://127.0.0.1:8443", "http://[::1]:5173"])
def test_a_loopback_page_may_read_all_responses_also_errors(
    wire: Wire, path: str, origin: str
) -> None:
    response = wire.send("GET", path, headers={"Origin": origin})
    assert _shared(response) == [origin, "true"]
    assert response.headers["Vary"] == "Origin"


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(("origin", "shared"), [(LISTED, True), ("myapp://home", True),
    (FOREIGN, False), ("https://elsewhere.example", False), ("https://app.example:8443", False),
    ("http://app.example", False), ("null", False)])  # fmt: skip
def test_the_allowed_origins_of_the_first_environment_count(
    wire: Wire, origin: str, shared: bool
) -> None:
    response = wire.send("GET", JWKS, headers={"Origin": origin})
    assert response.status == 200
    assert _shared(response) == ([origin, "true"] if shared else [None, None])
    assert response.headers["Vary"] == "Origin"
    steered = wire.send("POST", "/_emulator/tokens", headers={"Origin": origin})
    assert steered.status == (200 if shared else 403)
    assert _shared(steered) == _shared(response)
    assert _preflight(wire, "/_emulator/tokens", origin).status == (204 if shared else 403)


def test_an_origin_that_is_removed_again_is_not_allowed(torii: Emulator, wire: Wire) -> None:
    for origins, status in (([LISTED], 200), ([], 403)):
        api_of(torii).ok("PUT", "/allowed-origins", {"origins": origins})
        headers = {"Origin": LISTED}
        assert wire.send("POST", "/_emulator/tokens", headers=headers).status == status


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/_emulator/tokens", "POST"), (REDEEM, "GET, HEAD, POST"), (JWKS, "GET, HEAD")],
)
def test_a_preflight_names_methods_and_headers(wire: Wire, path: str, methods: str) -> None:
    asked = {"Access-Control-Request-Headers": "authorization,content-type, x-torii-session-token"}
    response = _preflight(wire, path, PAGE, **asked)
    assert (response.status, response.body) == (204, b"")
    assert _shared(response) == [PAGE, "true"]
    assert response.headers["Access-Control-Allow-Methods"] == methods
    allowed = response.headers["Access-Control-Allow-Headers"]
    assert allowed == "authorization, content-type, x-torii-session-token"
    assert response.headers["Access-Control-Max-Age"] == "600"
    assert response.headers["Vary"] == "Origin"


def test_a_preflight_repeats_only_names_of_headers(wire: Wire) -> None:
    asked = {"Access-Control-Request-Headers": "x-a, b@d,, *" + ", x" * 100}
    allowed = _preflight(wire, JWKS, PAGE, **asked).headers["Access-Control-Allow-Headers"]
    assert allowed.split(", ")[:2] == ["x-a", "x"] and len(allowed) < 200


def test_a_preflight_in_an_outage_is_still_answered(torii: Emulator, wire: Wire) -> None:
    torii.outage("error")
    assert _preflight(wire, REDEEM, PAGE).status == 204
    response = wire.send("POST", REDEEM, headers={"Origin": PAGE})
    assert (response.status, _shared(response)) == (503, [PAGE, "true"])


def test_what_is_no_preflight_is_a_405_and_unknown_paths_are_404(wire: Wire) -> None:
    assert wire.send("OPTIONS", JWKS, headers={"Origin": PAGE}).status == 405
    assert wire.send("OPTIONS", JWKS).status == 405
    assert _preflight(wire, "/_emulator/nothing", PAGE).status == 404


def test_the_rest_api_has_no_cors(torii: Emulator, wire: Wire) -> None:
    users = "/api/server/v1/users"
    assert _preflight(wire, users, PAGE).status == 405
    headers = {"Authorization": f"Bearer {torii.secret_key}", "Origin": PAGE}
    response = wire.send("GET", f"{users}/1", headers=headers)
    assert not [name for name in response.headers if name.lower().startswith("access-control")]
    assert "Vary" not in response.headers


def test_no_response_is_shared_with_everyone(wire: Wire) -> None:
    for path in (JWKS, "/_emulator/health"):
        assert _shared(wire.get(path)) == [None, None]


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_foreign_page_changes_nothing_on_the_tenant_host(wire: Wire, method: str) -> None:
    response = wire.send(method, REDEEM, "{}", {"Origin": FOREIGN})
    assert response.status == 403
    assert response.message.startswith("Cross-origin requests to the emulator are not allowed. ")


def test_pages_of_the_emulator_itself_are_its_own() -> None:
    with Emulator(host="0.0.0.0", allow_remote=True, issuer="https://torii.test") as torii:  # noqa: S104
        wire = Wire(torii.api_url)
        for host, origin, status in [
            ("192.0.2.7:4100", "http://192.0.2.7:4100", 200),
            ("torii:80", "http://torii", 200),
            ("torii.test", "https://torii.test", 200),
            ("192.0.2.7:4100", "http://192.0.2.7:4101", 403),
            ("192.0.2.7:4100", "http://torii:4100", 403),
            ("evil.example", "http://evil.example", 403),
        ]:
            headers = {"Host": host, "Origin": origin}
            assert wire.send("POST", "/_emulator/tokens", headers=headers).status == status


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": PAGE}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({}, 200),
    ],
)  # fmt: skip
def test_another_site_reads_no_data(wire: Wire, sent: dict[str, str], status: int) -> None:
    assert wire.send("GET", "/_emulator/deliveries", headers=sent).status == status


@pytest.mark.parametrize(("dest", "status"), [("document", 200), ("iframe", 403)])
@pytest.mark.parametrize("path", ["/_emulator/", "/_emulator/sign-in"])
def test_another_site_may_link_to_pages_but_not_frame_them(
    wire: Wire, path: str, dest: str, status: int
) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": dest}
    response = wire.send("GET", path, headers=headers)
    assert response.status == status
    assert response.headers.get_content_type() == (
        "text/html" if status == 200 else "application/json"
    )


def test_a_form_of_our_own_page_that_hides_its_origin_is_accepted(wire: Wire) -> None:
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert wire.send("POST", "/_emulator/tokens", headers=headers).status == 200
    headers["Sec-Fetch-Site"] = "cross-site"
    assert wire.send("POST", "/_emulator/tokens", headers=headers).status == 403
