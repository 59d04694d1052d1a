"""Cards: messages that show something of another slice, in the transaction of its fact.

`ref` names the thing in its slice, `card` is what to show of it. Many cards are written at once: rooms
are locked in the order of their ids, positions given, rows and wake-ups written in a handful of
statements whatever the number of cards.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.chat import queries, rules, service, views
from talktalk.chat.errors import RoomNotFound
from talktalk.chat.service import News
from talktalk.chat.tables import EventRow, KeyRow, MemberRow, RoomRow
from talktalk.platform import feed
from talktalk.platform.ids import uuid7
from talktalk.platform.problems import Trouble
from talktalk.platform.wake import Wake, notify_all
from talktalk_wire.chat import EventKind, Message, MessageKind


class NewCard(msgspec.Struct, frozen=True, kw_only=True):
    """A card that is to stand in a room."""

    room_id: UUID | None
    """Where; None for the direct room of the sender and `other_id`, made if there is none."""
    other_id: UUID | None = None
    sender_id: UUID
    """Whose message it is."""
    client_id: str
    """Unique for ever among the sender's; a repeated one writes nothing."""
    kind: MessageKind
    ref: UUID
    """The thing shown; `turn_cards` finds the message by it."""
    body: str
    """The same in words, for notifications and search."""
    card: Mapping[str, Any]
    """The owner's projection, as JSON."""


class Posted(msgspec.Struct, frozen=True):
    """Where cards stand now, and whom to tell of rooms that appeared with them."""

    room_ids: list[UUID | None]
    """For each card; None where it cannot stand: the sender left the room, or a block forbids a new one."""
    news: News
    """The caller appends it with its own events, as the last thing of its transaction."""


async def post_cards(db: AsyncSession, cards: Sequence[NewCard]) -> Posted:
    """Write cards into their rooms.

    Blocks and requests are the caller's business: what has happened to money is shown in any case.
    """
    if not cards:
        return Posted([], [])
    wanted, news = await _places(db, cards)
    rooms = await queries.lock_rooms(db, {room_id for room_id in wanted if room_id is not None})
    seats = [(room_id, card.sender_id) for card, room_id in zip(cards, wanted, strict=True) if room_id]
    members = await queries.members_at(db, seats)
    known = await queries.keys_of(db, [(card.sender_id, card.client_id) for card in cards])
    now = await queries.clock(db)
    stands: list[UUID | None] = []
    begun: list[RoomRow] = []
    written: set[UUID] = set()
    for card, room_id in zip(cards, wanted, strict=True):
        mine = members.get((room_id, card.sender_id)) if room_id is not None else None
        if mine is None:
            stands.append(None)
            continue
        used = known.get((card.sender_id, card.client_id))
        if used is not None:
            stands.append(used[0])
            continue
        room = rooms[mine.room_id]
        if card.room_id is None:
            news += await service.reopen(db, room, mine)
        if room.head_seq == 0:
            begun.append(room)
        _add(db, room, mine, card, now)
        known[card.sender_id, card.client_id] = (room.id, room.head_seq)
        stands.append(room.id)
        written.add(room.id)
    await db.flush()
    await notify_all(db, [Wake("room", room_id, rooms[room_id].head_seq) for room_id in sorted(written)])
    for room in begun:
        news += await service.first_shown(db, room)
    return Posted(stands, news)


async def post_card(db: AsyncSession, card: NewCard) -> Message:
    """Write one card into its room; a repeated `client_id` answers the message it made.

    Raises:
        RoomNotFound: The card cannot stand there.
    """
    posted = await post_cards(db, [card])
    if posted.room_ids == [None]:
        raise RoomNotFound
    await feed.append_all(db, posted.news)
    made = await queries.keys_of(db, [(card.sender_id, card.client_id)])
    return await views.message_at(db, *made[card.sender_id, card.client_id])


async def turn_cards(db: AsyncSession, cards: Mapping[UUID, Mapping[str, Any]]) -> None:
    """Show a new state of things wherever they are shown; does nothing where it already is.

    Args:
        db: The transaction of the fact.
        cards: `ref` → the owner's projection, as JSON.
    """
    room_ids = await queries.rooms_showing(db, cards) if cards else set()
    if not room_ids:
        return
    rooms = await queries.lock_rooms(db, room_ids)
    now = await queries.clock(db)
    turned: set[UUID] = set()
    for posted in await queries.showing(db, cards):
        room = rooms.get(posted.room_id)
        if room is None or posted.ref is None:
            continue
        data = msgspec.to_builtins(dict(cards[posted.ref]))
        if posted.card == data:
            continue
        posted.card = data
        room.head_seq += 1
        db.add(
            EventRow(
                room_id=room.id,
                seq=room.head_seq,
                created_at=now,
                kind=EventKind.CARD.value,
                target_id=posted.message_id,
                data=data,
            )
        )
        turned.add(room.id)
    await db.flush()
    await notify_all(db, [Wake("room", room_id, rooms[room_id].head_seq) for room_id in sorted(turned)])


async def turn_card(db: AsyncSession, *, ref: UUID, card: Mapping[str, Any]) -> None:
    """Show a new state of one thing wherever it is shown."""
    await turn_cards(db, {ref: card})


async def _places(db: AsyncSession, cards: Collection[NewCard]) -> tuple[list[UUID | None], News]:
    """The room of each card, made where a direct one is missing."""
    pairs: dict[tuple[UUID, UUID], NewCard] = {}
    for card in cards:
        if card.room_id is None:
            assert card.other_id is not None, "a card has a room, or another person"
            pairs.setdefault(rules.pair(card.sender_id, card.other_id), card)
    direct: dict[tuple[UUID, UUID], UUID] = await queries.direct_room_ids(db, list(pairs))
    news: News = []
    for pair in sorted(pairs.keys() - direct.keys()):
        card = pairs[pair]
        assert card.other_id is not None
        try:
            async with db.begin_nested():
                direct[pair], told = await service.make_direct(db, card.sender_id, card.other_id)
                news += told
        except Trouble:
            continue
    return [
        card.room_id
        if card.room_id is not None or card.other_id is None
        else direct.get(rules.pair(card.sender_id, card.other_id))
        for card in cards
    ], news


def _add(db: AsyncSession, room: RoomRow, mine: MemberRow, card: NewCard, now: datetime) -> None:
    """Give a card the room's next position."""
    room.head_seq += 1
    room.last_message_seq = room.head_seq
    room.active_at = now
    db.add(
        EventRow(
            room_id=room.id,
            seq=room.head_seq,
            created_at=now,
            kind=EventKind.POSTED.value,
            message_id=uuid7(),
            sender_id=mine.user_id,
            client_id=card.client_id,
            message_kind=card.kind.value,
            body=card.body,
            ref=card.ref,
            card=msgspec.to_builtins(dict(card.card)),
        )
    )
    db.add(KeyRow(sender_id=mine.user_id, client_id=card.client_id, room_id=room.id, seq=room.head_seq))
