"""The methods by name, and what each is given.

A method is a function `def account_info(ctx: Context) -> dict` under `@method("account_info")` in one of
the modules of this package; it returns the result or raises `RpcError`. It never knows whether it was asked
over HTTP or WebSocket.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

from xrpl_devnet.faults import Faults
from xrpl_devnet.node import Node

API_VERSION_MIN: Final = 1
API_VERSION_MAX: Final = 2
API_VERSION_DEFAULT: Final = 1


class Subscriber(Protocol):
    """A connection that can be sent messages of its own accord."""

    def send(self, message: bytes) -> None:
        """Queue one message; a connection that does not read is closed."""


class StandingSearch(Protocol):
    """A search for paths that is made anew with every ledger (`paths.PathRequest`)."""

    def shown(self) -> dict[str, Any]:
        """The last answer."""

    def update(self) -> None:
        """Search and send."""


class Subscriptions(Protocol):
    """Who has subscribed to what (`streams.Hub`)."""

    path_requests: dict[Subscriber, StandingSearch]
    """The standing search of each connection that has one."""

    def subscribe(self, subscriber: Subscriber, ctx: "Context") -> dict[str, Any]:
        """Add subscriptions."""

    def unsubscribe(self, subscriber: Subscriber, ctx: "Context") -> dict[str, Any]:
        """Take subscriptions away."""


class Control(Protocol):
    """What administrators may do to the running service (`service.Service`)."""

    @property
    def subscriptions(self) -> Subscriptions:
        """The streams."""

    @property
    def faults(self) -> Faults:
        """What goes wrong on request."""

    @property
    def started_at_s(self) -> float:
        """When the service began, in seconds of the ripple epoch."""


@dataclass(slots=True)
class Context:
    """One request."""

    node: Node
    service: Control
    params: dict[str, Any]
    """The parameters; `command`, `id` and `api_version` have been taken out of what methods look at."""
    api_version: int
    subscriber: Subscriber | None
    """The WebSocket connection; None over HTTP."""
    is_admin: bool = True

    @property
    def v2(self) -> bool:
        """Whether answers have the layout of API version 2."""
        return self.api_version >= 2


Handler: TypeAlias = Callable[[Context], dict[str, Any]]
Availability: TypeAlias = Literal["all", "v1"]


@dataclass(frozen=True, slots=True)
class Method:
    """A registered method."""

    name: str
    handler: Handler
    admin: bool
    versions: Availability


METHODS: Final[dict[str, Method]] = {}


def method(name: str, *, admin: bool = False, versions: Availability = "all") -> Callable[[Handler], Handler]:
    """Register a method.

    Args:
        name: What clients call.
        admin: Whether it needs an admin port.
        versions: `v1` for methods that version 2 removed.
    """

    def register(handler: Handler) -> Handler:
        assert name not in METHODS, f"{name} registered twice"
        METHODS[name] = Method(name, handler, admin, versions)
        return handler

    return register
