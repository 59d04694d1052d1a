"""What the rows of `room_events` are to others: wire structs and frames.

Rows come as tuples in the order of `COLUMNS`, from the ORM-free reader and from SQLAlchemy alike.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from talktalk_wire.chat import EventKind, Message, MessageKind, RoomEvent

COLUMNS: Final[LiteralString] = (
    "room_id, seq, created_at, kind, message_id, sender_id, client_id, message_kind, body, ref, card, "
    "target_id, data"
)
_KINDS: Final = {kind.value: kind for kind in EventKind}
_MESSAGE_KINDS: Final = {kind.value: kind for kind in MessageKind}


def event_of(row: Sequence[Any]) -> RoomEvent:
    """A stored position as members see it."""
    room_id, seq, created_at, kind, message_id, sender_id, client_id, message_kind, body, *rest = row
    ref, card, target_id, data = rest
    message = None
    if kind == "posted":
        message = Message(
            id=message_id,
            room_id=room_id,
            seq=seq,
            sender_id=sender_id,
            client_id=client_id,
            kind=_MESSAGE_KINDS[message_kind],
            body=body,
            ref=ref,
            card=card,
            created_at=created_at,
        )
    return RoomEvent(
        room_id=room_id,
        seq=seq,
        kind=_KINDS[kind],
        message=message,
        target_id=target_id,
        data=data,
        created_at=created_at,
    )


def text_event(
    *,
    room_id: UUID,
    seq: int,
    message_id: UUID,
    sender_id: UUID,
    client_id: str,
    body: str,
    created_at: datetime,
) -> RoomEvent:
    """A text message that was just written."""
    return RoomEvent(
        room_id=room_id,
        seq=seq,
        kind=EventKind.POSTED,
        message=Message(
            id=message_id,
            room_id=room_id,
            seq=seq,
            sender_id=sender_id,
            client_id=client_id,
            kind=MessageKind.TEXT,
            body=body,
            created_at=created_at,
        ),
        created_at=created_at,
    )
