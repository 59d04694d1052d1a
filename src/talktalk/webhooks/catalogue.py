"""Which of a person's own events are told to the outside, under which name, with which data.

Deny by default: an event of the feed that is not named here never leaves. What only the person's own devices
need (drafts to approve, PIN tries) is null in the data.
"""

import enum
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from talktalk_wire.invitations import Invitation, InvitationState
from talktalk_wire.orders import OrderState, OrderSummary
from talktalk_wire.requests import MoneyRequest, MoneyRequestState
from talktalk_wire.transfers import Transfer, TransferState
from talktalk_wire.wallet import Activity
from talktalk_wire.webhooks import WebhookEventType

TEST_TYPE: Final = "webhook.test"


class Told(msgspec.Struct, frozen=True):
    """One kind of event, as the outside hears it."""

    family: str
    """The first half of the name."""
    field: str
    """What the data holds."""
    struct: type
    words: str
    states: type[enum.StrEnum] | None = None
    """With states, an event is named for the state its subject has come to."""
    hidden: frozenset[str] = frozenset()


TOLD: Final[Mapping[str, Told]] = {
    "transfer.turned": Told(
        family="transfer",
        field="transfer",
        struct=Transfer,
        words="A transfer I send is now",
        states=TransferState,
        hidden=frozenset({"draft", "approval_error", "tries_left", "retry_at"}),
    ),
    "order.turned": Told(
        family="order",
        field="order",
        struct=OrderSummary,
        words="An order I made, such as a bulk transfer, has changed and is",
        states=OrderState,
        hidden=frozenset({"approval_error", "tries_left", "retry_at"}),
    ),
    "request.turned": Told(
        family="request",
        field="request",
        struct=MoneyRequest,
        words="A request for money that I made or am asked by has changed and is",
        states=MoneyRequestState,
    ),
    "request.reminded": Told(
        family="request", field="request", struct=MoneyRequest, words="I am reminded of a request for money"
    ),
    "invitation.turned": Told(
        family="invitation",
        field="invitation",
        struct=Invitation,
        words="An invitation I sent has changed and is",
        states=InvitationState,
    ),
    "wallet.activity": Told(
        family="wallet",
        field="entry",
        struct=Activity,
        words="Money moved, or its state changed, in or out of my wallet",
    ),
}
"""Kind of the feed → how it is told."""


class Telling(msgspec.Struct, frozen=True):
    """An event that leaves."""

    name: str
    data: dict[str, Any]


def telling(kind: str, data: Mapping[str, Any]) -> Telling | None:
    """What is told of an event of the feed; None if nothing is."""
    told = TOLD.get(kind)
    if told is None:
        return None
    subject = data[told.field]
    shown = {name: None if name in told.hidden else value for name, value in subject.items()}
    name = f"{told.family}.{subject['state']}" if told.states is not None else kind
    return Telling(name, {told.field: shown})


def event_types() -> list[WebhookEventType]:
    """Every name there is, with words for it."""
    found = []
    for kind, told in TOLD.items():
        if told.states is None:
            found.append(WebhookEventType(name=kind, description=told.words))
            continue
        found += [
            WebhookEventType(name=f"{told.family}.{state}", description=f"{told.words} {state}")
            for state in told.states
        ]
    return found


def is_known(pattern: str) -> bool:
    """Whether a name, or a family such as `transfer.*`, is one of ours."""
    names = {each.name for each in event_types()}
    return pattern in names or pattern in {f"{name.split('.', 1)[0]}.*" for name in names}


def struct_of(name: str) -> tuple[str, type]:
    """The field an event's data holds, and the struct of it."""
    for kind, told in TOLD.items():
        if name == kind or (told.states is not None and name.startswith(f"{told.family}.")):
            return told.field, told.struct
    raise KeyError(name)
