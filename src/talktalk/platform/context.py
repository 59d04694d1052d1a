"""What belongs to the request being served and is wanted far below it: its id and its caller's address.

Logs and audit rows read it; nothing decides by it.
"""

from contextvars import ContextVar

import msgspec


class RequestContext(msgspec.Struct, frozen=True):
    """One HTTP request, WebSocket connection or job."""

    request_id: str = "-"
    address: str = ""
    """The peer's IP address; empty where there is none."""


current: ContextVar[RequestContext] = ContextVar("request_context", default=RequestContext())  # noqa: B039 - frozen
