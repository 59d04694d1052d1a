"""Who is asking: the peer's address, whether it is this machine, whether a browser page of ours sent it.

A cookie travels with requests of foreign pages too, so a request that changes something and is
authenticated by cookie must prove that one of our own pages made it: by `Sec-Fetch-Site` or by an
`Origin` equal to the host asked. Without either proof it is refused. A WebSocket handshake counts as
such a request.
"""

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from talktalk.platform.problems import Forbidden, NotFound

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

Connection = ASGIConnection[Any, Any, Any, Any]


class ForeignPage(Forbidden):
    """A page of another site tried to act with a person's cookie."""

    code, title = "foreign_page", "This page may not act here"


def peer_address(connection: Connection) -> str:
    """The IP address of whoever connected; empty if unknown."""
    return connection.client.host if connection.client else ""


def from_our_page(headers: Mapping[str, str]) -> bool | None:
    """Whether a page of ours sent this: yes, no, or None where nothing tells (not a browser)."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return None
    try:
        asked_by = urlsplit(origin).netloc
    except ValueError:
        return False
    return asked_by.lower() == headers.get("host", "").lower()


def is_this_machine(connection: Connection) -> bool:
    """Whether the peer is this machine itself, under a local name, and not through a proxy.

    The name matters: a foreign page can point a name of its own at 127.0.0.1.
    """
    headers = connection.headers
    if "x-forwarded-for" in headers or "forwarded" in headers:
        return False
    try:
        name = urlsplit(f"//{headers.get('host', '')}").hostname
    except ValueError:
        return False
    return name in _LOCAL_NAMES and is_loopback(peer_address(connection))


def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        return parsed.ipv4_mapped.is_loopback
    return parsed.is_loopback


def this_machine_only(connection: Connection, _: BaseRouteHandler) -> None:
    """Litestar guard: anyone else is told that there is nothing here."""
    if not is_this_machine(connection):
        raise NotFound
