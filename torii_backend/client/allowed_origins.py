"""Allowed origins: origins that may call the tenant host, besides those of web applications."""

from __future__ import annotations

from collections.abc import Collection

from torii_backend.client._transport.request import ApiRequest, describe
from torii_backend.client.dispatch import DispatchT, Resource, operation
from torii_backend.client.inputs import SetAllowedOrigins
from torii_backend.client.models import AllowedOrigins
from torii_backend.client.types import Timeout


class AllowedOriginsResource(Resource[DispatchT]):
    """The allowed origins, for native apps and other clients without a web origin."""

    @operation
    def get(self, *, timeout: Timeout = None) -> ApiRequest[AllowedOrigins]:
        """Read the list.

        Args:
            timeout: seconds for this call.

        Returns:
            The whole list.
        """
        return describe("GET", "/allowed-origins", into=AllowedOrigins, timeout=timeout)

    @operation
    def set(
        self, origins: Collection[str], *, timeout: Timeout = None
    ) -> ApiRequest[AllowedOrigins]:
        """Replace the list.

        Args:
            origins: whole origins, such as `capacitor://localhost`. Others are removed.
            timeout: seconds for this call.

        Returns:
            The stored list.
        """
        body = SetAllowedOrigins(origins=origins)
        return describe("PUT", "/allowed-origins", into=AllowedOrigins, body=body, timeout=timeout)
