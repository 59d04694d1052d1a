"""What happens, as typed events: the items of `TalkTalk.events()`.

An event with a position (everything except `ReadMoved`, `Typing` and `Presence`) is shown once and in
order, whatever the network does. A kind this SDK does not know, or whose data it cannot read,
comes as `OtherRoomEvent` or `OtherUserEvent`: the position counts, the contents are as received.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from talktalk_client.frames import StrangeRoomEvent
from talktalk_client.sequencer import Ordered
from talktalk_wire.chat import EventKind, Message, Room, RoomEvent, RoomFolder
from talktalk_wire.common import Person
from talktalk_wire.identity import Me
from talktalk_wire.invitations import Invitation
from talktalk_wire.orders import OrderSummary
from talktalk_wire.realtime import Presence, ReadMoved, Typing, UserEvent
from talktalk_wire.requests import MoneyRequest
from talktalk_wire.schedules import Schedule
from talktalk_wire.social import Blocked, Friend, FriendRequest
from talktalk_wire.transfers import Card, Transfer
from talktalk_wire.wallet import Activity, Recovery, Wallet
from talktalk_wire.webhooks import Webhook


class _Of(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    """Position in its room, or in the user's own sequence."""
    created_at: datetime


class MessagePosted(_Of, frozen=True, kw_only=True):
    """Someone, perhaps this person, wrote in a room."""

    room_id: UUID
    message: Message


class CardTurned(_Of, frozen=True, kw_only=True):
    """The card of an earlier message has a new state."""

    room_id: UUID
    message_id: UUID
    card: dict[str, Any]

    def transfer_card(self) -> Card:
        """The card of a transfer.

        Raises:
            msgspec.ValidationError: The card belongs to something else.
        """
        return msgspec.convert(self.card, Card)


class MemberChanged(_Of, frozen=True, kw_only=True):
    """Someone came into a room or left it."""

    room_id: UUID
    user_id: UUID
    change: str
    """`joined` or `left`."""


class OtherRoomEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A room event of a kind this SDK does not know."""

    seq: int
    room_id: UUID
    kind: str


class FriendRequested(_Of, frozen=True, kw_only=True):
    """A friend request was made, by or to this person."""

    request: FriendRequest


class FriendRequestClosed(_Of, frozen=True, kw_only=True):
    """A friend request was accepted, declined or cancelled."""

    request: FriendRequest


class FriendAdded(_Of, frozen=True, kw_only=True):
    """Someone is a friend now."""

    friend: Friend


class FriendRemoved(_Of, frozen=True, kw_only=True):
    """Someone is no friend any more."""

    user_id: UUID


class BlockAdded(_Of, frozen=True, kw_only=True):
    """This person blocked someone, on some device."""

    blocked: Blocked


class BlockRemoved(_Of, frozen=True, kw_only=True):
    """This person took a block back."""

    user_id: UUID


class ProfileChanged(_Of, frozen=True, kw_only=True):
    """This person's own profile, from another device perhaps."""

    me: Me


class PersonChanged(_Of, frozen=True, kw_only=True):
    """A friend's name or picture."""

    person: Person


class RoomOpened(_Of, frozen=True, kw_only=True):
    """A room this person is in since now."""

    room: Room


class RoomFoldered(_Of, frozen=True, kw_only=True):
    """A room was moved between the list and the request folder."""

    room_id: UUID
    folder: RoomFolder


class CursorMoved(_Of, frozen=True, kw_only=True):
    """This person has read further, on some device."""

    room_id: UUID
    read_seq: int


class WalletChanged(_Of, frozen=True, kw_only=True):
    """The wallet's state or balances."""

    wallet: Wallet


class WalletActivity(_Of, frozen=True, kw_only=True):
    """Money moved, or is about to."""

    entry: Activity


class RecoveryStarted(_Of, frozen=True, kw_only=True):
    """A device asks for the wallet. If that is a surprise: veto it."""

    recovery: Recovery


class RecoveryClosed(_Of, frozen=True, kw_only=True):
    """A recovery was granted, finished or refused."""

    recovery: Recovery


class DeviceTrusted(_Of, frozen=True, kw_only=True):
    """A device may spend from now on."""

    device_id: UUID


class TransferTurned(_Of, frozen=True, kw_only=True):
    """A transfer this person sends has a new state."""

    transfer: Transfer


class OrderTurned(_Of, frozen=True, kw_only=True):
    """An order this person made has a new state."""

    order: OrderSummary


class RequestTurned(_Of, frozen=True, kw_only=True):
    """A request this person made, or is asked by, is new or has changed."""

    request: MoneyRequest


class RequestReminded(_Of, frozen=True, kw_only=True):
    """Someone reminds this person of a request."""

    request: MoneyRequest


class InvitationTurned(_Of, frozen=True, kw_only=True):
    """An invitation of this person's has changed: `ready` asks them to pay it."""

    invitation: Invitation


class ScheduleTurned(_Of, frozen=True, kw_only=True):
    """A schedule of this person is new or has changed."""

    schedule: Schedule


class ScheduleNoticed(_Of, frozen=True, kw_only=True):
    """A scheduled payment comes within a day."""

    schedule: Schedule


class ScheduleAsked(_Of, frozen=True, kw_only=True):
    """A scheduled payment is due: pay its newest run."""

    schedule: Schedule


class WebhookDisabled(_Of, frozen=True, kw_only=True):
    """A webhook of this person's is told nothing any more; `disabled_reason` says why."""

    webhook: Webhook


class OtherUserEvent(_Of, frozen=True, kw_only=True):
    """One of the user's own events of a kind this SDK does not know."""

    kind: str
    data: dict[str, Any]


Event = (
    MessagePosted
    | CardTurned
    | MemberChanged
    | OtherRoomEvent
    | FriendRequested
    | FriendRequestClosed
    | FriendAdded
    | FriendRemoved
    | BlockAdded
    | BlockRemoved
    | ProfileChanged
    | PersonChanged
    | RoomOpened
    | RoomFoldered
    | CursorMoved
    | WalletChanged
    | WalletActivity
    | RecoveryStarted
    | RecoveryClosed
    | DeviceTrusted
    | TransferTurned
    | OrderTurned
    | RequestTurned
    | RequestReminded
    | ScheduleTurned
    | ScheduleNoticed
    | ScheduleAsked
    | InvitationTurned
    | WebhookDisabled
    | OtherUserEvent
    | ReadMoved
    | Typing
    | Presence
)
"""Everything an event stream may yield."""

_Data = dict[str, Any]
_Reader = Callable[[_Data], dict[str, Any]]


def _whole(field: str) -> _Reader:
    """The data are the struct `field` itself."""
    return lambda data: {field: data}


def _within(field: str) -> _Reader:
    """The data hold the struct under its name."""
    return lambda data: {field: data[field]}


_USER_EVENTS: Mapping[str, tuple[type[Event], _Reader]] = {
    "friend.requested": (FriendRequested, _whole("request")),
    "friend.request_closed": (FriendRequestClosed, _whole("request")),
    "friend.added": (FriendAdded, _whole("friend")),
    "friend.removed": (FriendRemoved, _within("user_id")),
    "block.added": (BlockAdded, _whole("blocked")),
    "block.removed": (BlockRemoved, _within("user_id")),
    "profile.changed": (ProfileChanged, _within("me")),
    "person.changed": (PersonChanged, _within("person")),
    "room.opened": (RoomOpened, _within("room")),
    "room.folder": (RoomFoldered, lambda data: {"room_id": data["room_id"], "folder": data["folder"]}),
    "cursor.moved": (CursorMoved, lambda data: {"room_id": data["room_id"], "read_seq": data["seq"]}),
    "wallet.changed": (WalletChanged, _within("wallet")),
    "wallet.activity": (WalletActivity, _within("entry")),
    "recovery.started": (RecoveryStarted, _within("recovery")),
    "webhook.disabled": (WebhookDisabled, _within("webhook")),
    "recovery.closed": (RecoveryClosed, _within("recovery")),
    "device.trusted": (DeviceTrusted, _within("device_id")),
    "transfer.turned": (TransferTurned, _within("transfer")),
    "order.turned": (OrderTurned, _within("order")),
    "request.turned": (RequestTurned, _within("request")),
    "request.reminded": (RequestReminded, _within("request")),
    "schedule.turned": (ScheduleTurned, _within("schedule")),
    "schedule.noticed": (ScheduleNoticed, _within("schedule")),
    "schedule.asked": (ScheduleAsked, _within("schedule")),
    "invitation.turned": (InvitationTurned, _within("invitation")),
}


def event_of(ordered: Ordered) -> Event:
    """The typed form of what the sequencer lets through."""
    if isinstance(ordered, RoomEvent):
        return _room_event(ordered)
    if isinstance(ordered, UserEvent):
        return _user_event(ordered)
    if isinstance(ordered, StrangeRoomEvent):
        return OtherRoomEvent(seq=ordered.seq, room_id=ordered.room_id, kind=ordered.kind)
    return ordered


def _room_event(event: RoomEvent) -> Event:
    room_id, seq, created_at = event.room_id, event.seq, event.created_at
    if event.kind is EventKind.POSTED and event.message is not None:
        return MessagePosted(seq=seq, created_at=created_at, room_id=room_id, message=event.message)
    if event.target_id is not None and event.data is not None:
        if event.kind is EventKind.CARD:
            return CardTurned(
                seq=seq, created_at=created_at, room_id=room_id, message_id=event.target_id, card=event.data
            )
        if event.kind is EventKind.MEMBER:
            change = str(event.data.get("change", ""))
            return MemberChanged(
                seq=seq, created_at=created_at, room_id=room_id, user_id=event.target_id, change=change
            )
    return OtherRoomEvent(seq=seq, room_id=room_id, kind=event.kind)


def _user_event(event: UserEvent) -> Event:
    known = _USER_EVENTS.get(event.kind)
    if known is not None:
        kind, reader = known
        try:
            fields = {"seq": event.seq, "created_at": event.created_at, **reader(event.data)}
            # Strings become ids and times here: the frame left the data as plain JSON.
            return msgspec.convert(fields, kind)
        except (KeyError, msgspec.ValidationError):
            pass  # a newer server's form of it: handed on as received
    return OtherUserEvent(seq=event.seq, created_at=event.created_at, kind=event.kind, data=event.data)
