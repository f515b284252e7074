"""Servers in miniature for requests with a body."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from typing import Any, Callable, NamedTuple, Optional

from .messages import Request, Response
from .transport import Exchange, environ_of, scope_of


class Post(NamedTuple):
    """A request with a body.

    Attributes:
        headers: names and values.
        chunks: what the client sends.
        length: the Content-Length; None for a chunked body.
        method: the HTTP method.
        is_cut: whether the client goes away after the chunks.
    """

    headers: dict[str, str]
    chunks: Sequence[bytes]
    length: Optional[int] = None
    method: str = "POST"
    content_type: str = "application/json"
    is_cut: bool = False

    @property
    def request(self) -> Request:
        size = [] if self.length is None else [("Content-Length", str(self.length))]
        coding = [("Transfer-Encoding", "chunked")] if self.length is None else []
        signed = [item for item in self.headers.items() if item[0].lower() != "content-type"]
        every = [*signed, ("Content-Type", self.content_type), *size, *coding]
        return Request("/torii/events", tuple(every), self.method)


Serve = Callable[[Post], tuple[Response, int]]
"""Serves a request; gives the response, and how many bytes of the body were read."""


def serve_wsgi(app: Any) -> Serve:
    """Return a server that calls a WSGI application."""

    def serve(post: Post) -> tuple[Response, int]:
        started: list[Any] = []
        stream = io.BytesIO(b"".join(post.chunks))
        environ: dict[str, Any] = {**environ_of(post.request), "wsgi.input": stream}
        environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE")
        if post.length is None:
            environ["wsgi.input_terminated"] = True
        else:
            environ["CONTENT_LENGTH"] = environ.pop("HTTP_CONTENT_LENGTH")
        result = app(environ, lambda status, headers, *_: started.append((status, headers)))
        sent = b"".join(result)
        getattr(result, "close", lambda: None)()
        status, headers = started[-1]
        lowered = tuple((name.lower(), value) for name, value in headers)
        return Response(int(status[:3]), lowered, sent), stream.tell()

    return serve


def serve_asgi(app: Any) -> Serve:
    """Return a server that calls an ASGI application."""

    async def serve(post: Post) -> tuple[Response, int]:
        exchange, count = Exchange(), 0
        last = len(post.chunks) - 1
        waiting: list[dict[str, Any]] = [
            {"type": "http.request", "body": chunk, "more_body": post.is_cut or index < last}
            for index, chunk in enumerate(post.chunks)
        ]
        if post.is_cut:
            waiting.append({"type": "http.disconnect"})

        async def receive() -> dict[str, Any]:
            nonlocal count
            if not waiting:
                return await exchange.receive()
            message = waiting.pop(0)
            count += len(message.get("body", b""))
            return message

        await exchange.receive()
        await app(scope_of(post.request), receive, exchange.send)
        return exchange.response(), count

    return lambda post: asyncio.run(serve(post))
