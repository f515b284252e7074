"""`close_on_expiry`: a WebSocket, or a response that streams, ends when its token does."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from typing import Any, Callable

import pytest
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from torii_backend import Verifier, current_auth, verify_token
from torii_backend.asgi import AuthMiddleware

from .issuers import Issuers
from .jumping import JumpingClock, run_jumping
from .messages import bearer
from .transport import scope_of
from .websocket import Messages, WebSocketExchange, websocket_scope

LIFETIME = 300
LEEWAY = 20
HELLO = {"type": "websocket.send", "text": "hello"}
CLOSE = {"type": "websocket.close", "code": 3000, "reason": "The access token has expired."}
END = {"type": "websocket.disconnect", "code": 3000, "reason": "The access token has expired."}
Conversation = Callable[[Any, Any], Awaitable[None]]


class Stubborn(RuntimeError):
    """The application fails by itself."""


class Server:
    """Serves WebSockets under a separate clock, to the holder of a token that expires."""

    def __init__(self, issuers: Issuers) -> None:
        self.clock = JumpingClock()
        self.token = issuers.token(expires_in=LIFETIME)
        self.verifier = Verifier(issuers.home.issuer, leeway=LEEWAY, clock=self.clock)
        auth = self.verifier.verify(self.token)
        self.ends_at = auth.expires_at.timestamp() + LEEWAY - self.clock.time()

    def serve(
        self, app: Any, *texts: str, exchange: Any = WebSocketExchange, **options: Any
    ) -> Messages:
        """Serve one WebSocket to its end; give what was sent."""
        options = {"verifier": self.verifier, "close_on_expiry": True, **options}
        guarded = AuthMiddleware(app, **options)

        async def run() -> Messages:
            server = exchange(*texts)
            await guarded(websocket_scope(bearer(self.token)), server.receive, server.send)
            sent: Messages = server.sent
            return sent

        return run_jumping(self.clock, run())

    def converse(self, conversation: Conversation, *texts: str, **options: Any) -> Messages:
        """Serve one WebSocket that, once accepted, is left to a coroutine function."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            assert (await receive())["type"] == "websocket.connect"
            await send({"type": "websocket.accept"})
            await conversation(receive, send)

        accepted, *sent = self.serve(app, *texts, **options)
        assert accepted["type"] == "websocket.accept"
        return sent


@pytest.fixture
def server(issuers: Issuers) -> Server:
    return Server(issuers)


def test_the_websocket_is_closed_when_its_token_expires(server: Server) -> None:
    received: list[Any] = []

    async def listen(receive: Any, send: Any) -> None:
        received.append(await receive())

    assert server.converse(listen) == [CLOSE]
    assert received == [END]
    # Not before the leeway is over, and at once then.
    assert server.clock.monotonic() == pytest.approx(server.ends_at, abs=0.01)


@pytest.mark.parametrize("options", [{"close_on_expiry": False}, {"exempt": ["/me"]}])
def test_a_websocket_that_is_not_to_be_closed_stays_open(server: Server, options: Any) -> None:
    async def stay(receive: Any, send: Any) -> None:
        await asyncio.sleep(10 * LIFETIME)
        await send(HELLO)

    assert server.converse(stay, **options) == [HELLO]


def test_messages_pass_both_ways_until_then(server: Server) -> None:
    received: list[Any] = []

    async def echo(receive: Any, send: Any) -> None:
        for _ in range(2):
            message = await receive()
            await asyncio.sleep(100)
            await send({"type": "websocket.send", "text": message["text"]})
        received.append(await receive())
        received.append(await receive())

    sent = server.converse(echo, "one", "two")
    assert [message.get("text") for message in sent] == ["one", "two", None]
    assert sent[-1] == CLOSE
    assert received == [END, END]


def test_no_message_is_lost_to_an_application_that_stops_waiting_for_it(server: Server) -> None:
    received: list[Any] = []

    class Slow(WebSocketExchange):
        """Has a message only after a while."""

        async def receive(self) -> dict[str, Any]:
            message = await super().receive()
            if message["type"] == "websocket.receive":
                await asyncio.sleep(25)
            return message

    async def poll(receive: Any, send: Any) -> None:
        for _ in range(3):
            try:
                received.append(await asyncio.wait_for(receive(), 10))
            except asyncio.TimeoutError:
                received.append(None)

    assert server.converse(poll, "late", exchange=Slow) == []
    assert received == [None, None, {"type": "websocket.receive", "text": "late"}]


def test_each_message_goes_to_one_reader(server: Server) -> None:
    received: list[Any] = []

    class Slow(WebSocketExchange):
        """Gives no message at once."""

        async def receive(self) -> dict[str, Any]:
            await asyncio.sleep(1)
            return await super().receive()

    async def read(receive: Any) -> None:
        received.append((await receive()).get("text"))

    async def share(receive: Any, send: Any) -> None:
        await asyncio.gather(*[read(receive) for _ in range(3)])
        # Nor does one that gives up take anything from those that wait.
        waiting = [asyncio.ensure_future(read(receive)) for _ in range(3)]
        await asyncio.sleep(0.5)
        waiting[0].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.gather(*[read(receive) for _ in range(2)])

    texts = ["one", "two", "three", "four", "five"]
    assert server.converse(share, *texts, exchange=Slow) == [CLOSE]
    assert received == [*texts, None, None]


def test_what_is_sent_after_the_end_is_dropped(server: Server) -> None:
    done: list[str] = []

    async def say_goodbye(receive: Any, send: Any) -> None:
        assert await receive() == END
        await send(HELLO)
        await send({"type": "websocket.close"})
        done.append("cleaned up")

    assert server.converse(say_goodbye) == [CLOSE]
    assert done == ["cleaned up"]


def test_an_application_may_close_without_having_heard_of_the_end(server: Server) -> None:
    done: list[str] = []

    async def close_late(receive: Any, send: Any) -> None:
        await asyncio.sleep(2 * LIFETIME)
        await send({"type": "websocket.close"})
        done.append("closed")

    assert server.converse(close_late) == [CLOSE]
    assert done == ["closed"]


def test_an_application_that_never_receives_stops_sending_at_expiry(server: Server) -> None:
    async def tick(receive: Any, send: Any) -> None:
        while True:
            await send(HELLO)
            await asyncio.sleep(100)

    assert server.converse(tick) == [HELLO] * 4 + [CLOSE]


def test_an_application_that_only_sends_is_told_as_servers_tell_it(server: Server) -> None:
    errors: list[OSError] = []

    async def tick(receive: Any, send: Any) -> None:
        await asyncio.sleep(2 * LIFETIME)
        try:
            await send(HELLO)
        except OSError as error:
            errors.append(error)

    assert server.converse(tick) == [CLOSE]
    assert [str(error) for error in errors] == ["The access token has expired."]


@pytest.mark.parametrize("receives", [True, False])
def test_starlette_ends_its_websockets_quietly(server: Server, receives: bool) -> None:
    ended: list[int] = []

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            while True:
                if receives:
                    await websocket.receive_text()
                await asyncio.sleep(100)
                await websocket.send_text("hello")
        except WebSocketDisconnect as disconnect:
            ended.append(disconnect.code)
            raise

    app = Starlette(routes=[WebSocketRoute("/me", endpoint)])
    if receives:
        with pytest.raises(WebSocketDisconnect):
            server.serve(app)
        assert ended == [3000]
    else:
        assert server.serve(app)[-1] == CLOSE
        assert ended == [1006]


def test_a_failure_of_the_application_is_not_hidden(server: Server) -> None:
    async def fail(receive: Any, send: Any) -> None:
        await receive()
        raise Stubborn

    with pytest.raises(Stubborn):
        server.converse(fail)


async def _send_after_the_end(send: Any) -> None:
    await asyncio.sleep(2 * LIFETIME)
    await send(HELLO)


def test_a_failure_while_it_cleans_up_is_not_hidden(server: Server) -> None:
    async def clean_up(receive: Any, send: Any) -> None:
        try:
            await _send_after_the_end(send)
        except OSError:
            raise Stubborn  # noqa: B904 - as a bug does

    with pytest.raises(Stubborn):
        server.converse(clean_up)


def test_a_failure_that_the_application_makes_of_the_end_is_its_own(server: Server) -> None:
    async def wrap(receive: Any, send: Any) -> None:
        try:
            await _send_after_the_end(send)
        except OSError as error:
            raise Stubborn from error

    with pytest.raises(Stubborn):
        server.converse(wrap)


class Group(Exception):
    """Several exceptions at once, with the one attribute that all such classes have."""

    def __init__(self, *exceptions: Exception) -> None:
        super().__init__("several")
        self.exceptions = exceptions


@pytest.mark.parametrize("more", [[], [Stubborn()], [Group(Stubborn())]])
def test_a_group_of_nothing_but_our_own_ends_quietly(server: Server, more: list[Exception]) -> None:
    async def send_twice(receive: Any, send: Any) -> None:
        tasks = [asyncio.ensure_future(_send_after_the_end(send)) for _ in range(2)]
        one, two = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(one, OSError)
        assert isinstance(two, OSError)
        raise Group(one, Group(two), *more)

    if more:
        with pytest.raises(Group):
            server.converse(send_twice)
    else:
        assert server.converse(send_twice) == [CLOSE]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python has no TaskGroup")
def test_starlette_in_a_task_group_ends_quietly(server: Server) -> None:
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_send_after_the_end(websocket.send))

    app = Starlette(routes=[WebSocketRoute("/me", endpoint)])
    assert server.serve(app)[-1] == CLOSE


def test_a_websocket_that_is_not_accepted_in_time_is_refused(server: Server) -> None:
    async def ponder(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(2 * LIFETIME)
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})

    assert server.serve(ponder) == [CLOSE]


@pytest.mark.parametrize("ending", ["closed", "hung up", "denied"])
def test_a_websocket_that_has_ended_by_itself_is_left_alone(server: Server, ending: str) -> None:
    exchanges: list[WebSocketExchange] = []

    def exchange() -> WebSocketExchange:
        exchanges.append(WebSocketExchange())
        return exchanges[0]

    async def end(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if ending == "denied":
            await send({"type": "websocket.http.response.start", "status": 404, "headers": []})
            await asyncio.sleep(2 * LIFETIME)
            await send({"type": "websocket.http.response.body"})
            return
        await send({"type": "websocket.accept"})
        if ending == "closed":
            await send({"type": "websocket.close", "code": 1000})
        else:
            exchanges[0].hang_up()
        assert (await receive())["code"] == 1005
        await asyncio.sleep(2 * LIFETIME)

    last = {"closed": 1000, "hung up": "websocket.accept", "denied": "websocket.http.response.body"}
    message = server.serve(end, exchange=exchange)[-1]
    assert message.get("code", message["type"]) == last[ending]


def test_a_client_that_is_gone_does_not_trouble_the_end(server: Server) -> None:
    class Gone(WebSocketExchange):
        async def send(self, message: dict[str, Any]) -> None:
            if message["type"] == "websocket.close":
                raise OSError
            await super().send(message)

    async def listen(receive: Any, send: Any) -> None:
        assert await receive() == END

    assert server.converse(listen, exchange=Gone) == []


def test_a_client_that_is_slow_to_go_does_not_keep_the_application(server: Server) -> None:
    heard_at: list[float] = []

    class Slow(WebSocketExchange):
        async def send(self, message: dict[str, Any]) -> None:
            if message["type"] == "websocket.close":
                await asyncio.sleep(20)
            await super().send(message)

    async def listen(receive: Any, send: Any) -> None:
        assert await receive() == END
        heard_at.append(server.clock.monotonic())

    # The server gets its message nevertheless, before the guard returns.
    assert server.converse(listen, exchange=Slow) == [CLOSE]
    assert heard_at == [pytest.approx(server.ends_at, abs=0.01)]


def test_a_clock_that_is_set_forward_is_noticed_within_a_minute(server: Server) -> None:
    async def listen(receive: Any, send: Any) -> None:
        await asyncio.sleep(1)
        server.clock.set_forward(2 * LIFETIME)
        assert await receive() == END

    assert server.converse(listen) == [CLOSE]
    assert server.clock.monotonic() <= 60


def test_a_server_that_shuts_down_leaves_nothing_running(server: Server) -> None:
    """`run_jumping` asserts that no task is left over."""

    async def cancelled(scope: Any, receive: Any, send: Any) -> None:
        async def listen(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await receive()

        guarded = AuthMiddleware(listen, verifier=server.verifier, close_on_expiry=True)
        task = asyncio.ensure_future(guarded(websocket_scope(bearer(server.token)), receive, send))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert server.serve(cancelled, close_on_expiry=False) == []
    assert server.clock.monotonic() < 2


def test_who_is_signed_in_is_known_all_the_time(server: Server) -> None:
    users: list[Any] = []

    async def listen(receive: Any, send: Any) -> None:
        await receive()
        auth = current_auth()
        users.append(auth and auth.user_id)

    server.converse(listen)
    assert users == ["ada"]


def test_an_issuer_that_is_picked_by_the_request_has_the_leeway_of_the_guard(
    issuers: Issuers, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", server.clock.time)
    home, leeway = issuers.home.issuer, LEEWAY + 0.5
    # No other test has this leeway: the shared Verifier that is made here keeps the clock. It has
    # the keys then: time would jump while they are waited for.
    verify_token(server.token, issuer=home, leeway=leeway)

    async def listen(receive: Any, send: Any) -> None:
        assert await receive() == END

    assert server.converse(listen, verifier=None, issuer=lambda _: home, leeway=leeway) == [CLOSE]
    assert server.clock.monotonic() == pytest.approx(server.ends_at + 0.5, abs=0.01)


def _stream(server: Server, app: Any, **options: Any) -> Messages:
    """Serve one HTTP request to its end; give what was sent."""
    options = {"verifier": server.verifier, "close_on_expiry": True, **options}
    guarded = AuthMiddleware(app, **options)
    sent: Messages = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    run_jumping(server.clock, guarded(scope_of(bearer(server.token)), receive, send))
    return sent


CHUNK = {"type": "http.response.body", "body": b"tick", "more_body": True}
LAST = {"type": "http.response.body", "body": b"", "more_body": False}


def _ticking(*headers: tuple[bytes, bytes], receives: bool = False, **start: Any) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers, **start})
        for _ in range(6):
            await send(CHUNK)
            await (receive() if receives else asyncio.sleep(100))
            if receives:
                return
        await send(LAST)

    return app


def test_a_response_that_streams_ends_with_its_token(server: Server) -> None:
    assert _stream(server, _ticking())[1:] == [CHUNK] * 4 + [LAST]


def test_a_quiet_response_ends_before_its_first_chunk(server: Server) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(2 * LIFETIME)
        await send(CHUNK)

    assert _stream(server, app)[1:] == [LAST]
    assert server.clock.monotonic() > server.ends_at


def test_an_application_that_waits_for_the_client_is_told_of_the_end(server: Server) -> None:
    assert _stream(server, _ticking(receives=True))[1:] == [CHUNK, LAST]
    assert server.clock.monotonic() == pytest.approx(server.ends_at, abs=0.01)


@pytest.mark.parametrize(
    ("app", "options"),
    [
        (_ticking(), {"close_on_expiry": False}),
        (_ticking(), {"exempt": ["/me"]}),
        (_ticking((b"Content-Length", b"24")), {}),
        (_ticking(trailers=True), {}),
    ],
)
def test_other_responses_are_sent_whole(server: Server, app: Any, options: Any) -> None:
    assert _stream(server, app, **options)[1:] == [CHUNK] * 6 + [LAST]


def test_a_response_that_is_slow_to_begin_is_sent(server: Server) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(2 * LIFETIME)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({**LAST, "body": b"late"})

    assert _stream(server, app)[1:] == [{**LAST, "body": b"late"}]


def test_starlette_ends_its_streams_quietly(server: Server) -> None:
    async def ticks() -> AsyncIterator[bytes]:
        while True:
            yield b"tick"
            await asyncio.sleep(100)

    async def endpoint(request: Any) -> StreamingResponse:
        return StreamingResponse(ticks())

    app = Starlette(routes=[Route("/me", endpoint)])
    assert _stream(server, app)[1:] == [CHUNK] * 4 + [LAST]
