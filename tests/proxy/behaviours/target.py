"""Which requests are taken, and to where they go (1 to 4)."""

from __future__ import annotations

from tests.proxy.rig import Rig, behaviour
from tests.proxy.upstream import running_upstream

# Each leaves the prefix, or is read differently by different servers.
ODD_PATHS = (
    b"/_torii/../admin",
    b"/_torii/x/../../admin",
    b"/_torii/..",
    b"/_torii/.",
    b"/_torii/./client",
    b"/_torii/%2e%2e/admin",
    b"/_torii/.%2E/admin",
    b"/_torii/%2e/client",
    b"/_torii/..%2fadmin",
    b"/_torii/%2e%2e%2fadmin",
    b"/_torii/..%5cadmin",
    b"/_torii/..\\admin",
    b"/_torii/x\\y",
    b"/_torii/x%5cy",
    b"/_torii//client",
    b"/_torii/x//y",
    b"/_torii/%2fclient",
    b"/_torii/x%2f%2fy",
    b"/_torii/x%00y",
    b"/_torii/x%0d%0aX-Injected:%20y",
    b"/_torii/x%0ay",
    b"/_torii/x%1fy",
    b"/_torii/x%7fy",
)
ODD_BYTES = (
    b"/_torii/x\x00y",
    b"/_torii/x\ty",
    b"/_torii/x y",
    b"/_torii/\xc3\xa6",
    b"/_torii/x\x7fy",
    b"/_torii/\xff?\xff",
    b"/_torii/x?y\x00z",
)


@behaviour
def the_prefix_and_what_is_below_it_is_proxied(rig: Rig) -> None:
    for path in (b"/_torii", b"/_torii/", b"/_torii/client", b"/_torii/auth/login"):
        assert rig.ask(path).status == 200
    assert [request.target for request in rig.upstream.requests] == [
        b"/_torii",
        b"/_torii/",
        b"/_torii/client",
        b"/_torii/auth/login",
    ]


@behaviour
def every_other_path_is_the_apps(rig: Rig) -> None:
    for path in (
        b"/",
        b"/_toriix",
        b"/_torii.x",
        b"/x/_torii/client",
        b"/_TORII/client",
        b"/x?/_torii/y",
    ):
        response = rig.ask(path)
        assert response.body == b"app GET " + path.partition(b"?")[0]
        assert response.values(b"cache-control") == []
    assert rig.upstream.accepted == 0


@behaviour
def path_and_query_go_out_byte_for_byte(rig: Rig) -> None:
    target = (
        b"/_torii/a%2Fb;c=1/%C3%A6%7e~/x,y:z@(1)'*!$&+?state=a%2Bb+c&code=4/0Ab_c&q=[x]&e=%zz&&=?"
    )
    assert rig.ask(target).status == 200
    assert rig.upstream.only.target == target


@behaviour
def a_path_without_odd_characters_goes_out_byte_for_byte(rig: Rig) -> None:
    """Of servers that show no raw path, too."""
    target = b"/_torii/a;c=1/%C3%A6%20~/x,y:z@(1)'*!$&+?state=a%2Bb+c&code=4/0Ab_c"
    assert rig.ask(target).status == 200
    assert rig.upstream.only.target == target


@behaviour
def repeated_query_parameters_are_all_sent(rig: Rig) -> None:
    """See fastapi-proxy-lib#56, #57 and werkzeug#1252."""
    assert rig.ask(b"/_torii/x?a=1&a=2&a=1&b=").status == 200
    assert rig.upstream.only.target == b"/_torii/x?a=1&a=2&a=1&b="


@behaviour
def what_is_encoded_twice_stays_so(rig: Rig) -> None:
    assert rig.ask(b"/_torii/%252e%252e/%252f%2500").status == 200
    assert rig.upstream.only.target == b"/_torii/%252e%252e/%252f%2500"


@behaviour
def a_path_that_leaves_the_prefix_is_404(rig: Rig) -> None:
    """See djproxy, clerk/javascript#8162: also `//`, backslashes and control characters."""
    for path in ODD_PATHS:
        rig.sends_nothing(rig.request(path), 404)
        rig.sends_nothing(rig.request(path + b"?x=1", method=b"POST"), 404)


@behaviour
def a_target_of_odd_bytes_is_no_fault_of_the_server(rig: Rig) -> None:
    """Clerk's Express middleware responded to them with 500."""
    for target in ODD_BYTES:
        rig.sends_nothing(rig.request(target), 404)


@behaviour
def a_host_in_the_target_is_never_asked(rig: Rig) -> None:
    """See asgiproxy: SSRF by `//host/` and by the absolute form."""
    with running_upstream() as elsewhere:
        host = elsewhere.host
        for target in (
            b"//%b/_torii/client" % host,
            b"//%b/_torii/../_torii/client" % host,
            b"http://%b/_torii/client" % host,
            b"http://user@%b/_torii/client" % host,
            b"/_torii/http://%b/" % host,
            b"/_torii/@%b/" % host,
            b"/_torii@%b/" % host,
            b"/_torii//%b/" % host,
            b"/_torii/\\\\%b/" % host,
            b"%b/_torii/" % host,
        ):
            try:
                rig.ask(target)
            except ConnectionError:
                pass
        assert elsewhere.accepted == 0
    for request in rig.upstream.requests:
        assert request.values(b"host") == [rig.upstream.host]
        assert request.target.startswith(b"/_torii/")


@behaviour
def of_an_absolute_form_only_the_path_counts(rig: Rig) -> None:
    assert rig.ask(b"http://testserver/_torii/client?x=1").status == 200
    assert rig.upstream.only.target == b"/_torii/client?x=1"
    assert rig.upstream.only.values(b"host") == [rig.upstream.host]


@behaviour
def other_forms_of_a_target_are_not_proxied(rig: Rig) -> None:
    for method, target in (
        (b"OPTIONS", b"*"),
        (b"CONNECT", b"testserver:443"),
        (b"GET", b"_torii/x"),
    ):
        rig.sends_nothing(rig.request(target, method=method), 404, 200)


@behaviour
def a_target_over_8_kib_is_414(rig: Rig) -> None:
    rig.sends_nothing(rig.request(b"/_torii/" + b"x" * 8200), 414)
    rig.sends_nothing(rig.request(b"/_torii/x?" + b"x" * 8200), 414)


@behaviour
def a_target_of_4_000_bytes_is_sent(rig: Rig) -> None:
    target = b"/_torii/x?" + b"x" * 3990
    assert rig.ask(target).status == 200
    assert rig.upstream.only.target == target


@behaviour
def no_header_changes_the_upstream(rig: Rig) -> None:
    """See clerk/javascript#7994: the public origin was taken from the request."""
    with running_upstream() as elsewhere:
        host = elsewhere.host
        request = rig.forwarded(
            b"X-Forwarded-Host: " + host,
            b"X-Forwarded-Proto: https",
            b"X-Forwarded-Port: 1",
            b"X-Original-URL: http://%b/" % host,
            b"X-Rewrite-URL: /admin",
            b"Forwarded: host=" + host,
            host=host,
        )
        assert elsewhere.accepted == 0
    assert request.line == b"GET /_torii/client HTTP/1.1"
    assert request.values(b"host") == [rig.upstream.host]
