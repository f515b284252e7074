"""Emulator: a local Torii that you start and control from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Optional, Union

from torii_backend.auth import not_from_requests
from torii_backend.emulator.environment import Environment
from torii_backend.emulator.front.shapes import DEFAULT_REFRESH
from torii_backend.emulator.host_header import AllowRemote
from torii_backend.emulator.mailbox import Message
from torii_backend.emulator.options import FilePath, Options
from torii_backend.emulator.outage import OutageMode, OutageTarget
from torii_backend.emulator.running import Running
from torii_backend.emulator.staged import StagedStatus
from torii_backend.emulator.store.database import IN_MEMORY
from torii_backend.emulator.tokens import DEFAULT_EXPIRES_IN, DEFAULT_USER_ID, IssuedToken
from torii_backend.emulator.webhooks.delivery import Delivery, Fault
from torii_backend.emulator.webhooks.webhooks import Webhooks
from torii_backend.settings import refuse_live_key

if TYPE_CHECKING:
    from typing_extensions import Self


@not_from_requests("your_function")
class Emulator:
    """A local Torii with two environments, their secret keys and its own signing keys.

    Use it as a context manager, or call `start` and `stop`, each once. All methods are
    thread-safe.

    Args:
        host: the address to serve on. The default is the IPv4 loopback.
        port: the port to serve on. The default, 0, picks a free one.
        allow_remote: whether `host` may be an address that other machines can reach. If True, the
            `Host` of a request may be any IP address or private name, not only a loopback one. Pass
            one or more host names to allow these alone. The default is False.
        db: the path of an SQLite file, which is created if it doesn't exist. It keeps the
            environments, their data and the signing keys for the next start. By default they are
            kept in memory, and the signing keys are new at each start.
        seed: the path of a JSON file with users, organizations and members, which fill the first
            environment of an empty database, and with JWT templates. The default is None.
        webhooks: the URL, or several, to which the first environment's events are sent. They must be
            loopback URLs, unless `allow_remote` is set. The default is None.
        issuer: the URL by which others reach the emulator, such as http://torii:4100. Tokens have it
            as `iss`. By default, None, it is the address that the emulator serves on.
        secret_key: the secret key of the first environment, `sk_test_…`. In a database file it replaces
            the stored one. By default, None, it is random.
        environment_id: the id of the first environment, a UUID. By default, None, it is random.
        refresh_path: where front-ends renew access tokens, a path below `/_torii/`. Torii doesn't
            publish its own. The default is `/_torii/auth/session/refresh`.
        console: whether to serve the console, a page to control the emulator by hand, at
            `/_emulator/`. The default is True.

    Attributes:
        secret_key: the key for the REST API, `sk_test_…`.
        environment_id: the id of the first environment, the claim `pid` of its tokens.
        other_environment: the id and the secret key of the second environment. The secret key of
            one environment has no access to the users of the other.
        webhooks: their secret, URLs, deliveries and faults.

    Raises:
        ConfigurationError: an argument is invalid, the database can't be used or has another
            environment id, or the host or a URL is not a loopback one and `allow_remote` is False.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        allow_remote: AllowRemote = False,
        db: FilePath = IN_MEMORY,
        seed: Optional[FilePath] = None,
        webhooks: Union[str, Iterable[str], None] = None,
        issuer: Optional[str] = None,
        secret_key: Optional[str] = None,
        environment_id: Optional[str] = None,
        refresh_path: str = DEFAULT_REFRESH,
        console: bool = True,
    ) -> None:
        self._options = Options.checked(
            host=host,
            port=port,
            allow_remote=allow_remote,
            issuer=issuer,
            db=db,
            seed=seed,
            secret_key=secret_key,
            environment_id=environment_id,
            refresh_path=refresh_path,
            console=console,
        )
        first, other = self._options.environments
        self.other_environment: Environment = other
        self.secret_key: str = first.secret_key
        self.environment_id: str = first.environment_id
        self.webhooks: Webhooks = Webhooks(first, webhooks, allow_remote=bool(self._options.remote))
        self._running: Optional[Running] = None

    @property
    def issuer(self) -> str:
        """The URL of the tenant host, as in tokens, without a trailing slash. Available after the start.

        Raises:
            RuntimeError: the emulator was not started.
        """
        return self._started().tenant.issuer

    @property
    def api_url(self) -> str:
        """The URL of the REST API on this machine, without a trailing slash. Available after the start.

        Raises:
            RuntimeError: the emulator was not started.
        """
        return self._started().tenant.origin

    def start(self) -> None:
        """Start serving in background threads.

        Raises:
            ConfigurationError: the address can't be bound, the database or the seed can't be used,
                or TORII_SECRET_KEY holds a live key.
            RuntimeError: the emulator was started before.
        """
        if self._running is not None:
            raise RuntimeError("This emulator was started before. Create a new one.")
        refuse_live_key("the emulator")
        self._running = Running(
            self._options, self.webhooks, reset_all=self.reset, send_event=self.send_event
        )

    def stop(self) -> None:
        """Stop serving, and close all connections. Further calls do nothing.

        In a forked child this does nothing, because the server runs in the parent. Afterwards
        `issue_token` treats every user as unknown.
        """
        if self._running is not None:
            self._running.stop()

    def issue_token(
        self,
        *,
        user_id: str = DEFAULT_USER_ID,
        claims: Optional[Mapping[str, Any]] = None,
        expires_in: int = DEFAULT_EXPIRES_IN,
    ) -> IssuedToken:
        """Issue an access token that is signed with the current key.

        Args:
            user_id: the claim `sub`, or the email address of a user. The default is always the same
                id. For a user of either environment, the standard claims and those of the default
                template reflect the user's record. Any other text that isn't an address is accepted
                as the id of an unknown user.
            claims: merged over the standard claims. They may override any of them, so you can
                create expired, foreign and broken tokens. The default is None.
            expires_in: the lifetime in seconds, by default 300 and at most ten years. Zero or a
                negative number creates an expired token.

        Returns:
            The token and its expiry.

        Raises:
            RuntimeError: the emulator was not started.
            TypeError: an argument has the wrong type.
            ValueError: an argument is out of range, the claims are not plain JSON, the user is
                banned or deleted, or no user has this email address.
        """
        sign_in = self._started().sign_in
        return sign_in.issue_token(user_id, claims=claims, expires_in=expires_in)

    def mailbox(self) -> list[Message]:
        """Return what Torii would have mailed: codes and links. The emulator sends no mail.

        Returns:
            The last 200 messages, oldest first.

        Raises:
            RuntimeError: the emulator was not started.
        """
        return self._started().mailbox.messages()

    def rotate_keys(self, *, withdraw: bool = False) -> str:
        """Sign with a new key from now on.

        Args:
            withdraw: whether to remove the older keys from the JWKS. By default, False, they stay
                published.

        Returns:
            The key id of the new key.

        Raises:
            RuntimeError: the emulator was not started.
            TypeError: withdraw is not a boolean.
            OSError: the key could not be written to the database file. Nothing changed.
        """
        return self._started().tenant.rotate_keys(withdraw=withdraw)

    def outage(
        self,
        mode: OutageMode,
        *,
        seconds: Optional[float] = None,
        target: OutageTarget = "tenant_host",
    ) -> AbstractContextManager[object]:
        """Simulate an outage, in place of the current one.

        It begins with the call. In a `with` statement it ends after the block, and the Verifiers of
        this process that trust the emulator may then fetch its keys at once.

        Args:
            mode: what happens to requests. `refuse` closes connections without a response. `hang`
                keeps them open, and closes them when the outage is over. `error` responds with 503,
                and `html` with 200 and a web page. `slow` sends the right response after two
                seconds.
            seconds: how long the outage lasts, at most a day. By default, None, it lasts until
                `reset` or the end of the `with` statement.
            target: what misbehaves: `tenant_host`, the default, with the key set; `rest_api`; or
                `both`.

        Returns:
            A context manager, which ends the outage.

        Raises:
            RuntimeError: the emulator was not started.
            TypeError: seconds is not a number.
            ValueError: the mode or the target is unknown, or seconds is out of range.
        """
        outage = self._started().tenant.outage(mode, seconds=seconds, target=target)
        ending = ExitStack()
        ending.callback(self._forget_keys)
        ending.callback(outage.end)
        return ending

    def stage_response(
        self,
        method: str,
        path: str,
        status: StagedStatus,
        *,
        times: int = 1,
        code: Optional[str] = None,
        retry_after: Optional[int] = None,
    ) -> None:
        """Let the next calls of a route fail, or take two seconds longer.

        Several staged responses of one route are used in turn. `reset` ends what is left of them.

        Args:
            method: the method, such as POST.
            path: the path, with a placeholder for each id: one of the REST API such as
                `/users/{userId}`, or one of the tenant host such as `/_torii/.well-known/jwks.json`.
            status: 400, 401, 402, 403, 404, 409, 422, 429, 500, 502, 503 or 504. `slow` sends the
                right response after two seconds.
            times: how many calls, by default 1 and at most 1,000.
            code: the `code` of the error, such as email_taken. By default it depends on the status.
            retry_after: the header `Retry-After` in seconds. By default, None, a 429 has 1, and other
                responses have no such header.

        Raises:
            RuntimeError: the emulator was not started.
            ValueError: an argument is invalid, or 100 responses are staged.
        """
        self._started().staged.stage(
            method, path, status, times=times, code=code, retry_after=retry_after
        )

    def send_event(
        self,
        type: str,  # noqa: A002 (the name in the event)
        data: Any,
        *,
        to: str,
        fault: Optional[Fault] = None,
    ) -> Delivery:
        """Send one signed event now, and wait for the response. There is no retry.

        Args:
            type: what happened, such as `user.deleted`. Any text will do.
            data: the member `data` of the event, as JSON types.
            to: a loopback URL, or any if `allow_remote` is True. It needn't be registered.
            fault: what goes wrong, as for `webhooks.stage_fault`, but not `reorder`. By default, None,
                nothing does.

        Returns:
            The delivery, with `status` and `response`.

        Raises:
            RuntimeError: the emulator was not started.
            TypeError: the type is not a string.
            ValueError: an argument is invalid, or the data is not plain JSON.
        """
        with self._started().tenant.clock.in_use():
            return self.webhooks.send(type, data, to=to, fault=fault)

    def advance(self, seconds: float) -> datetime:
        """Move the time of the emulator, for all tokens and records that it makes or judges from now on.

        Access tokens that were issued before don't change, and apps judge all of them by their own
        clocks. Move the time back to issue tokens that are old, and on to let sessions, invitations and
        codes expire. `reset` returns to the machine's time.

        Args:
            seconds: by how much to move it, on top of earlier calls. A negative number moves it back. All
                calls together may move it by at most ten years.

        Returns:
            The new time, in UTC.

        Raises:
            RuntimeError: the emulator was not started.
            TypeError: seconds is not a number.
            ValueError: seconds is out of range.
        """
        return self._started().tenant.clock.advance(seconds)

    def reset(self) -> None:
        """Restore the state at the start: no outage, the first signing keys, the machine's time.

        No event is pending, no response is staged any more, and the list of requests is empty. The first
        keys return, because verifiers limit how often they fetch the JWKS for an unknown key. Verifiers
        of this process that trust the emulator forget its keys, and the fetches that count towards that
        limit. Data in memory returns to the seed, or to nothing. Data in a file is kept. Webhooks return
        to the secret and the URLs of the start. The mailbox is emptied.

        Raises:
            RuntimeError: the emulator was not started.
        """
        self._started().reset()
        self._forget_keys()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.stop()

    def _forget_keys(self) -> None:
        """Let the Verifiers of this process that trust the emulator start anew."""
        self._started().forget_keys()

    def _started(self) -> Running:
        if self._running is None:
            raise RuntimeError(
                "The emulator was not started. Call start(), or use it in a with statement."
            )
        return self._running
