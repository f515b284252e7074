"""Ports for servers that must be told one."""

from __future__ import annotations

import random
import socket


def free_port() -> int:
    """Return a loopback port that is free, and that nobody else is given by chance.

    Outgoing connections, and servers that ask for any port, get those above 32,767.
    """
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
