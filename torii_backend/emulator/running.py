"""Running: the parts of an emulator that exist once it was started, and how they belong together.

It is complete when it is constructed, and its parts are never replaced. Each part guards its own state.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from torii_backend._keys.fetcher import forget_keys
from torii_backend.emulator.admin_api.control import AdminApi
from torii_backend.emulator.admin_api.data import AdminApiData
from torii_backend.emulator.admin_api.front import AdminApiFront
from torii_backend.emulator.admin_api.state import AdminApiState
from torii_backend.emulator.admin_api.traffic import AdminApiTraffic
from torii_backend.emulator.admin_api.users import AdminApiUsers
from torii_backend.emulator.admin_api.webhooks import AdminApiWebhooks
from torii_backend.emulator.application import Application
from torii_backend.emulator.bootstrap import allowed_origins, load_keys, open_database, store_keys
from torii_backend.emulator.browser_routes import BrowserRoutes
from torii_backend.emulator.faults import with_outages
from torii_backend.emulator.front.frontend import Frontend
from torii_backend.emulator.front.routes import FrontRoutes
from torii_backend.emulator.front.settings import FrontSettings
from torii_backend.emulator.host_header import OwnHosts
from torii_backend.emulator.mailbox import Mailbox
from torii_backend.emulator.options import Options
from torii_backend.emulator.origins import Origins
from torii_backend.emulator.request_log import RequestLog
from torii_backend.emulator.rest import api
from torii_backend.emulator.routes import Route
from torii_backend.emulator.seed import read_seed
from torii_backend.emulator.server import Server, listen, origin
from torii_backend.emulator.sign_in import SignIn
from torii_backend.emulator.staged import StagedResponses
from torii_backend.emulator.store.database import Database
from torii_backend.emulator.tenant import Tenant
from torii_backend.emulator.tenant_host import TenantHost
from torii_backend.emulator.webhooks.delivery import Delivery
from torii_backend.emulator.webhooks.webhooks import Webhooks


class Running:
    """A started emulator. The admin API calls `reset_all` and `send_event`."""

    def __init__(
        self,
        options: Options,
        webhooks: Webhooks,
        *,
        reset_all: Callable[[], None],
        send_event: Callable[..., Delivery],
    ) -> None:
        self._options = options
        self._webhooks = webhooks
        self._pid = os.getpid()
        self._environment_id = options.environments[0].environment_id
        seed = None if options.seed is None else read_seed(options.seed)
        templates = {} if seed is None else seed.compiled_templates()
        self.database: Database = open_database(options.db, options.environments, seed)
        try:
            keys = load_keys(self.database)
            listener = listen(options.host, options.port)
        except BaseException:
            self.database.close()
            raise
        self.tenant: Tenant = Tenant(
            origin(listener, options.host),
            keys,
            partial(store_keys, self.database),
            issuer=options.issuer,
        )
        self.sign_in: SignIn = SignIn(self.tenant, self.database, self._environment_id, templates)
        self.mailbox: Mailbox = Mailbox()
        self.staged: StagedResponses = StagedResponses()
        self._front_settings = FrontSettings()
        self._log = RequestLog()
        self._frontend = Frontend(
            self.tenant,
            self.database,
            environment_id=self._environment_id,
            sign_in=self.sign_in,
            publish=webhooks.publish,
            mailbox=self.mailbox,
        )
        routes = [*self._routes_to_control(reset_all, send_event), *self._routes_of_torii()]
        # An earlier emulator at this address had other keys.
        self.forget_keys()
        self._server = Server(listener, self._application(routes))

    def stop(self) -> None:
        """Stop serving. In a forked child do nothing, because the server runs in the parent."""
        if self._pid == os.getpid():
            self._server.stop()
            self._webhooks.stop()
            self.tenant.end_outage()
            self.staged.clear()
            self.database.close()

    def reset(self) -> None:
        """Restore the state at the start."""
        self.tenant.reset()
        self.database.restore_snapshot()
        self.staged.clear()
        self._log.clear()
        self._webhooks.reset()
        self.mailbox.clear()
        self._front_settings.reset()

    def forget_keys(self) -> None:
        """Let the Verifiers of this process that trust the emulator start anew."""
        for address in {self.tenant.origin, self._options.issuer or self.tenant.origin}:
            forget_keys(address)

    def _application(self, routes: list[Route]) -> Application:
        options = self._options
        hosts = OwnHosts(options.host, issuer=options.issuer, allow_remote=options.remote)
        extra_origins = partial(allowed_origins, self.database, self._environment_id)
        origins = Origins(extra_origins, issuer=options.issuer)
        return Application(routes, hosts, origins, self._log, self.tenant.clock)

    def _routes_of_torii(self) -> list[Route]:
        """Return the routes that Torii has as well. Outages and staged responses affect them."""
        options, tenant = self._options, self.tenant
        tenant_host = [
            *TenantHost(tenant, self.sign_in).routes(),
            *FrontRoutes(self._frontend, self._front_settings, options.refresh_path).routes(),
        ]
        publish = self._webhooks.publish
        rest = api.routes(self.database, options.environments, tenant.issuer, publish, self.mailbox)
        return [
            *with_outages(self.staged.with_staged(tenant_host), tenant, "tenant_host"),
            *with_outages(self.staged.with_staged(rest), tenant, "rest_api"),
        ]

    def _routes_to_control(
        self, reset_all: Callable[[], None], send_event: Callable[..., Delivery]
    ) -> list[Route]:
        """Return the routes of the admin API and the pages."""
        options = self._options
        return [
            *BrowserRoutes(self._frontend, console=options.console).routes(),
            *AdminApi(self.tenant, self.sign_in, reset_all).routes(),
            *AdminApiData(self.database, options.environments, self._webhooks.publish).routes(),
            *AdminApiUsers(self._frontend).routes(),
            *AdminApiState(self.tenant, options.environments, self._webhooks).routes(),
            *AdminApiWebhooks(self._webhooks, send_event).routes(),
            *AdminApiFront(self.mailbox, self._front_settings).routes(),
            *AdminApiTraffic(self._log, self.staged.stage).routes(),
        ]
