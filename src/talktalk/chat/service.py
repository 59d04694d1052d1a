"""What changes a room, one use case a function, in the caller's transaction.

Every function that writes to a room locks its row first, takes the next `seq` from its head and tells
other processes by a wake-up that comes with the commit. Text messages take the group commit instead
(`writer`), which keeps to the same lock.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.chat import queries, rules, views
from talktalk.chat.errors import (
    Blocked,
    PersonNotFound,
    RequestNotFound,
    RequestPending,
    RoomNotFound,
    RoomWithSelf,
    TooManyRequests,
)
from talktalk.chat.events import event_of
from talktalk.chat.tables import EventRow, KeyRow, MemberRow, RoomRow
from talktalk.identity import service as identity
from talktalk.platform import feed
from talktalk.platform.ids import uuid7
from talktalk.platform.wake import Wake, notify
from talktalk.social import service as social
from talktalk_wire.chat import EventKind, Message, MessageKind, RoomFolder


async def open_direct(db: AsyncSession, a: UUID, b: UUID) -> UUID:
    """The one room of these two, made by `a` if there is none.

    Between strangers the room waits in the request folder of `b`, who hears of it with its first
    message.

    Raises:
        RoomWithSelf: They are the same person.
        PersonNotFound: `b` does not exist.
        Blocked: There is no room yet, and a block forbids a new one.
        TooManyRequests: `b` is a stranger, and too many strangers have not answered `a` yet.
    """
    if a == b:
        raise RoomWithSelf
    low, high = rules.pair(a, b)
    room_id = await queries.direct_room_id(db, low, high)
    if room_id is None:
        if b not in await identity.people(db, [b]):
            raise PersonNotFound
        if await social.blocked_between(db, a, b):
            raise Blocked
        room_id = uuid7()
        if await queries.insert_direct(db, room_id, low, high, a):
            await _furnish(db, room_id, a, b)
            return room_id
        room_id = await queries.direct_room_id(db, low, high)
        assert room_id is not None, "whoever won the race has committed"
    await _reopen(db, room_id, a, b)
    return room_id


async def accept(db: AsyncSession, user_id: UUID, room_id: UUID) -> None:
    """Take a stranger's room out of the request folder; both may write from now on.

    Raises:
        RoomNotFound: The caller is not in the room.
        RequestNotFound: It does not wait for the caller.
    """
    room = await _waiting_room(db, user_id, room_id)
    await _admit(db, room)


async def decline(db: AsyncSession, user_id: UUID, room_id: UUID) -> None:
    """Put a stranger's room away; they can write no more, and are not told.

    Raises:
        RoomNotFound: The caller is not in the room.
        RequestNotFound: It does not wait for the caller.
    """
    room = await _waiting_room(db, user_id, room_id)
    room.request_left = 0
    mine = await queries.member(db, room_id, user_id)
    assert mine is not None, "a waiting room has its member"
    mine.hidden = True
    await db.flush()


async def relation_changed(db: AsyncSession, a: UUID, b: UUID) -> None:
    """Bring the room of these two in line with what `social` now says of them: friends need no request.

    May come late or twice. A block needs no work here, for the insert of a message asks for it; the
    gateways are told, so that typing and receipts stop.
    """
    room_id = await queries.direct_room_id(db, *rules.pair(a, b))
    room = await queries.lock_room(db, room_id) if room_id else None
    if room is None:
        return
    if room.request_by is not None and await social.are_friends(db, a, b):
        await _admit(db, room)
    await notify(db, Wake("room", room.id, 0))


async def is_member(db: AsyncSession, room_id: UUID, user_id: UUID) -> bool:
    """Whether someone is in a room now."""
    return await queries.member(db, room_id, user_id) is not None


async def post_request(
    db: AsyncSession, *, room_id: UUID, sender_id: UUID, client_id: str, body: str
) -> Message:
    """A text message into a room that waits in a request folder.

    Raises:
        RoomNotFound: The sender is not in the room.
        Blocked: A block stands between the two.
        RequestPending: The sender is asked to accept first, or has used up what a stranger may send.
    """
    room, known = await _locked(db, room_id, sender_id, client_id)
    if known is not None:
        return known
    other = _other(room, sender_id)
    if await social.blocked_between(db, sender_id, other):
        raise Blocked
    if room.request_by is not None and await social.are_friends(db, sender_id, other):
        await _admit(db, room)
    if room.request_by is not None:
        if room.request_by != sender_id or room.request_left <= 0:
            raise RequestPending
        room.request_left -= 1
    return await _post(db, room, sender_id, client_id, MessageKind.TEXT, body)


async def post_card(
    db: AsyncSession,
    *,
    room_id: UUID,
    sender_id: UUID,
    client_id: str,
    kind: MessageKind,
    ref: UUID,
    body: str,
    card: Mapping[str, Any],
) -> Message:
    """A message that shows something of another slice: `ref` names it there, `card` is what to show.

    A repeated `client_id` answers the message it made. Blocks and requests are the caller's business:
    what has happened to money is shown in any case.

    Args:
        db: The transaction of the fact.
        room_id: Where.
        sender_id: Whose message it is.
        client_id: Unique for ever among the sender's.
        kind: What kind of card.
        ref: The thing shown; `turn_card` finds the message by it.
        body: The same in words, for notifications and search.
        card: The owner's projection, as JSON.

    Raises:
        RoomNotFound: The sender is not in the room.
    """
    room, known = await _locked(db, room_id, sender_id, client_id)
    if known is not None:
        return known
    return await _post(
        db, room, sender_id, client_id, kind, body, ref=ref, card=msgspec.to_builtins(dict(card))
    )


async def turn_card(db: AsyncSession, *, ref: UUID, card: Mapping[str, Any]) -> None:
    """Show a new state of `ref` wherever it is shown; does nothing where it already is.

    Args:
        db: The transaction of the fact.
        ref: What the card is about.
        card: The owner's projection, as JSON.
    """
    data = msgspec.to_builtins(dict(card))
    for room_id, seq in await queries.places_of(db, ref):
        room = await queries.lock_room(db, room_id)
        posted = await db.get(EventRow, (room_id, seq), populate_existing=True)
        assert room is not None, "rooms are never removed"
        assert posted is not None, "events are never removed"
        if posted.card == data:
            continue
        posted.card = data
        await _append(db, room, EventRow(kind=EventKind.CARD.value, target_id=posted.message_id, data=data))


async def _locked(
    db: AsyncSession, room_id: UUID, sender_id: UUID, client_id: str
) -> tuple[RoomRow, Message | None]:
    """The room, locked, and what this client id already made."""
    room = await queries.lock_room(db, room_id)
    if room is None or await queries.member(db, room_id, sender_id) is None:
        raise RoomNotFound
    used = await queries.key(db, sender_id, client_id)
    if used is None:
        return room, None
    message = event_of(await queries.event(db, used.room_id, used.seq)).message
    assert message is not None, "keys are made with messages"
    return room, message


async def _post(
    db: AsyncSession,
    room: RoomRow,
    sender_id: UUID,
    client_id: str,
    kind: MessageKind,
    body: str,
    *,
    ref: UUID | None = None,
    card: dict[str, Any] | None = None,
) -> Message:
    is_first = room.head_seq == 0
    row = EventRow(
        kind=EventKind.POSTED.value,
        message_id=uuid7(),
        sender_id=sender_id,
        client_id=client_id,
        message_kind=kind.value,
        body=body,
        ref=ref,
        card=card,
    )
    await _append(db, room, row)
    room.last_message_seq = row.seq
    room.active_at = row.created_at
    db.add(KeyRow(sender_id=sender_id, client_id=client_id, room_id=room.id, seq=row.seq))
    await db.flush()
    if is_first and room.request_by is not None:
        await _announce(db, room, _other(room, room.request_by))
    message = event_of(await queries.event(db, room.id, row.seq)).message
    assert message is not None
    return message


async def _append(db: AsyncSession, room: RoomRow, row: EventRow) -> None:
    """Give an event the room's next position and tell other processes."""
    room.head_seq += 1
    row.room_id, row.seq, row.created_at = room.id, room.head_seq, func.clock_timestamp()
    db.add(row)
    await db.flush()
    await notify(db, Wake("room", room.id, room.head_seq))


async def _furnish(db: AsyncSession, room_id: UUID, a: UUID, b: UUID) -> None:
    """Members and announcements of a new direct room."""
    room = await queries.lock_room(db, room_id)
    assert room is not None
    friends = await social.are_friends(db, a, b)
    if not friends:
        if await queries.count_requests(db, a) >= rules.REQUESTS_OPEN_MAX:
            raise TooManyRequests
        room.request_by, room.request_left = a, rules.REQUEST_MESSAGES_MAX
    theirs = RoomFolder.MAIN if friends else RoomFolder.REQUESTS
    db.add(MemberRow(room_id=room_id, user_id=a, folder=RoomFolder.MAIN.value))
    db.add(MemberRow(room_id=room_id, user_id=b, folder=theirs.value))
    await db.flush()
    await _announce(db, room, *([a, b] if friends else [a]))


async def _reopen(db: AsyncSession, room_id: UUID, a: UUID, b: UUID) -> None:
    """`a` wants an old room again: shown if it was declined, and without a request among friends."""
    room = await queries.lock_room(db, room_id)
    mine = await queries.member(db, room_id, a)
    assert room is not None, "rooms are never removed"
    assert mine is not None, "direct rooms keep both people"
    if room.request_by is not None and await social.are_friends(db, a, b):
        await _admit(db, room)
    if mine.hidden:
        mine.hidden = False
        await db.flush()
        await _announce(db, room, a)


async def _waiting_room(db: AsyncSession, user_id: UUID, room_id: UUID) -> RoomRow:
    room = await queries.lock_room(db, room_id)
    if room is None or await queries.member(db, room_id, user_id) is None:
        raise RoomNotFound
    if room.request_by is None or room.request_by == user_id:
        raise RequestNotFound
    return room


async def _admit(db: AsyncSession, room: RoomRow) -> None:
    """End a request: the room is an ordinary one from now on."""
    assert room.request_by is not None
    recipient = _other(room, room.request_by)
    room.request_by, room.request_left = None, 0
    theirs = await queries.member(db, room.id, recipient)
    assert theirs is not None
    was_hidden = theirs.hidden or room.head_seq == 0
    theirs.folder, theirs.hidden = RoomFolder.MAIN.value, False
    await db.flush()
    if was_hidden:
        await _announce(db, room, recipient)
    else:
        moved = {"room_id": room.id, "folder": RoomFolder.MAIN}
        await feed.append(db, "room.folder", {recipient: moved})
    await notify(db, Wake("room", room.id, 0))


async def _announce(db: AsyncSession, room: RoomRow, *user_ids: UUID) -> None:
    """Tell people that a room stands in their list."""
    opened = {user_id: {"room": await views.one(db, user_id, room.id)} for user_id in user_ids}
    await feed.append(db, "room.opened", opened)


def _other(room: RoomRow, user_id: UUID) -> UUID:
    assert room.pair_low is not None, "only direct rooms have two sides"
    assert room.pair_high is not None, "only direct rooms have two sides"
    return room.pair_high if room.pair_low == user_id else room.pair_low
