"""What the proxy does, as seen from outside. The numbers are those of the design."""

from tests.proxy.rig import BEHAVIOURS

from . import bad_bodies, body, faults, leaving, pool, request_headers, response, target

__all__ = ["BEHAVIOURS"]

_ = (bad_bodies, body, faults, leaving, pool, request_headers, response, target)
