"""Origins and addresses of the web, as the REST API reads them."""

from __future__ import annotations

import pytest

from torii_backend.emulator.validation import is_origin, normalize_origin, web_origin


@pytest.mark.parametrize(
    "text",
    ["https://app.example", "http://localhost:5173", "capacitor://localhost", "http://[::1]:80"],
)
def test_an_origin(text: str) -> None:
    assert is_origin(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "app.example",
        "https://",
        "https://:443",
        "https://app.example/",
        "https://app.example?x",
        "https://app.example#x",
        "https://me@app.example",
        "https://app.example:port",
        "https://app.example:99999",
        "https://[app",
        "http://[::1]app.example",
        "http://app.example[::1]",
        "http://[::1].app.example:80",
        "https://app example",
        "https://app.example\n",
        "https://äpp.example",
        "https://app.example\\x",
        "javascript://app.example",
        "data://app.example",
    ],
)
def test_no_origin(text: str) -> None:
    assert not is_origin(text)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://App.Example:443/path?a=b#c", "https://app.example"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("capacitor://localhost/", None),
        ("https://app.example@evil.example/", None),
        ("https://app.example\\@evil.example/", None),
        ("http://[::1]evil.example/", None),
        ("http://evil.example[::1]:80/", None),
        ("//app.example/", None),
        ("https://app.example/a b", None),
    ],
)
def test_the_origin_of_an_address(url: str, origin: str) -> None:
    assert web_origin(url) == origin


def test_the_same_origin_may_be_written_in_several_ways() -> None:
    assert normalize_origin("HTTPS://APP.example:443/x") == "https://app.example"
    assert normalize_origin("Capacitor://localhost/x?y") == "capacitor://localhost"
    assert normalize_origin("http://app.example:443") == "http://app.example:443"
