"""Emulator: a local Torii that you start and control from Python."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

from torii_backend._keys.fetcher import forget_keys
from torii_backend.auth import not_from_requests
from torii_backend.emulator.admin_api import AdminApi
from torii_backend.emulator.admin_api_data import AdminApiData
from torii_backend.emulator.admin_api_front import AdminApiFront
from torii_backend.emulator.admin_api_state import AdminApiState
from torii_backend.emulator.admin_api_traffic import AdminApiTraffic
from torii_backend.emulator.admin_api_users import AdminApiUsers
from torii_backend.emulator.admin_api_webhooks import AdminApiWebhooks
from torii_backend.emulator.application import Application
from torii_backend.emulator.bootstrap import (
    allowed_origins,
    load_environments,
    load_keys,
    open_database,
    require_path,
    store_keys,
)
from torii_backend.emulator.browser_routes import BrowserRoutes
from torii_backend.emulator.environment import Environment
from torii_backend.emulator.faults import with_outages
from torii_backend.emulator.front.frontend import Frontend
from torii_backend.emulator.front.routes import front_routes, require_refresh_path
from torii_backend.emulator.front.settings import FrontSettings
from torii_backend.emulator.front.shapes import DEFAULT_REFRESH
from torii_backend.emulator.host_header import AllowRemote, OwnHosts, require_remote
from torii_backend.emulator.mailbox import Mailbox, Message
from torii_backend.emulator.origins import Origins
from torii_backend.emulator.outage import OutageMode, OutageTarget
from torii_backend.emulator.request_log import RequestLog
from torii_backend.emulator.rest import api
from torii_backend.emulator.seed import read_seed
from torii_backend.emulator.server import (
    Server,
    listen,
    origin,
    require_host,
    require_issuer,
    require_port,
)
from torii_backend.emulator.sign_in import SignIn
from torii_backend.emulator.staged import StagedResponses, StagedStatus
from torii_backend.emulator.store.database import IN_MEMORY, Database
from torii_backend.emulator.tenant import Tenant
from torii_backend.emulator.tenant_host import TenantHost
from torii_backend.emulator.tokens import DEFAULT_EXPIRES_IN, DEFAULT_USER_ID, IssuedToken
from torii_backend.emulator.webhooks.delivery import Delivery, Fault
from torii_backend.emulator.webhooks.webhooks import Webhooks
from torii_backend.settings import refuse_live_key

if TYPE_CHECKING:
    from typing_extensions import Self

FilePath = Union[str, "os.PathLike[str]"]


class _Parts(NamedTuple):
    """The parts of an emulator that exist once it was started."""

    tenant: Tenant
    sign_in: SignIn
    database: Database
    log: RequestLog
    staged: StagedResponses
    server: Server
    pid: int


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
        self._remote = require_remote(allow_remote)
        self._allow_remote = bool(self._remote)
        self._host = require_host(host, self._allow_remote)
        self._issuer = None if issuer is None else require_issuer(issuer)
        self._port = require_port(port)
        self._console = bool(console)
        self._db = require_path("db", db, "db")
        self._seed = None if seed is None else require_path("seed", seed, "json")
        self._environments = load_environments(
            self._db, environment_id=environment_id, secret_key=secret_key
        )
        first, other = self._environments
        self.other_environment: Environment = other
        self.secret_key: str = first.secret_key
        self.environment_id: str = first.environment_id
        self.webhooks: Webhooks = Webhooks(first, webhooks, allow_remote=self._allow_remote)
        self._refresh_path = require_refresh_path(refresh_path)
        self._mailbox = Mailbox()
        self._front_settings = FrontSettings()
        self._parts: Optional[_Parts] = None

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
        if self._parts is not None:
            raise RuntimeError("This emulator was started before. Create a new one.")
        refuse_live_key("the emulator")
        seed = None if self._seed is None else read_seed(self._seed)
        templates = {} if seed is None else seed.compiled_templates()
        database = open_database(self._db, self._environments, seed)
        try:
            keys = load_keys(database)
            listener = listen(self._host, self._port)
        except BaseException:
            database.close()
            raise
        tenant = Tenant(
            origin(listener, self._host), keys, partial(store_keys, database), issuer=self._issuer
        )
        sign_in = SignIn(tenant, database, self.environment_id, templates)
        publish = self.webhooks.publish
        log, staged = RequestLog(), StagedResponses()
        frontend = Frontend(
            tenant,
            database,
            environment_id=self.environment_id,
            sign_in=sign_in,
            publish=publish,
            mailbox=self._mailbox,
        )
        tenant_host = [
            *TenantHost(tenant, sign_in).routes(),
            *front_routes(frontend, self._front_settings, self._refresh_path),
        ]
        rest = api.routes(database, self._environments, tenant.issuer, publish, self._mailbox)
        routes = [
            *BrowserRoutes(frontend, console=self._console).routes(),
            *with_outages(staged.with_staged(tenant_host), tenant, "tenant_host"),
            *AdminApi(tenant, sign_in, self.reset).routes(),
            *AdminApiData(database, self._environments, publish).routes(),
            *AdminApiUsers(frontend).routes(),
            *AdminApiState(tenant, self._environments, self.webhooks).routes(),
            *AdminApiWebhooks(self.webhooks, self.send_event).routes(),
            *AdminApiFront(self._mailbox, self._front_settings).routes(),
            *AdminApiTraffic(log, staged.stage).routes(),
            *with_outages(staged.with_staged(rest), tenant, "rest_api"),
        ]
        hosts = OwnHosts(self._host, issuer=self._issuer, allow_remote=self._remote)
        extra_origins = partial(allowed_origins, database, self.environment_id)
        origins = Origins(extra_origins, issuer=self._issuer)
        # An earlier emulator at this address had other keys.
        forget_keys(tenant.origin)
        forget_keys(tenant.issuer)
        server = Server(listener, Application(routes, hosts, origins, log))
        self._parts = _Parts(tenant, sign_in, database, log, staged, server, os.getpid())

    def stop(self) -> None:
        """Stop serving, and close all connections. Further calls do nothing.

        In a forked child this does nothing, because the server runs in the parent. Afterwards
        `issue_token` treats every user as unknown.
        """
        if self._parts is not None and self._parts.pid == os.getpid():
            self._parts.server.stop()
            self.webhooks.stop()
            self._parts.tenant.end_outage()
            self._parts.staged.clear()
            self._parts.database.close()

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
        """
        return self._mailbox.messages()

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
        self._started()
        return self.webhooks.send(type, data, to=to, fault=fault)

    def reset(self) -> None:
        """Restore the state at the start: no outage, the first signing keys, no pending event.

        No response is staged any more, and the list of requests is empty. The first keys return, because verifiers limit how often they fetch the JWKS for an unknown
        key. Verifiers of this process that trust the emulator forget its keys, and the fetches that
        count towards that limit. Data in memory returns to the seed, or to nothing. Data in a file is kept.
        Webhooks return to the secret and the URLs of the start. The mailbox is emptied.

        Raises:
            RuntimeError: the emulator was not started.
        """
        parts = self._started()
        parts.tenant.reset()
        self._forget_keys()
        parts.database.restore_snapshot()
        parts.staged.clear()
        parts.log.clear()
        self.webhooks.reset()
        self._mailbox.clear()
        self._front_settings.reset()

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
        origin_here = self._started().tenant.origin
        for address in {origin_here, self._issuer or origin_here}:
            forget_keys(address)

    def _started(self) -> _Parts:
        if self._parts is None:
            raise RuntimeError(
                "The emulator was not started. Call start(), or use it in a with statement."
            )
        return self._parts
