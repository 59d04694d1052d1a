"""Rooms as one person sees them, put together from a handful of statements whatever their number."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.chat import queries
from talktalk.chat.errors import CursorRefused, RoomNotFound
from talktalk.chat.events import event_of
from talktalk.chat.tables import MemberRow
from talktalk.identity import service as identity
from talktalk_wire.chat import Member, Message, Room, RoomFolder, RoomKind
from talktalk_wire.common import Page, Person

PAGE: Final = 100
"""Rooms of one page."""


class _Cursor(msgspec.Struct, array_like=True):
    at: datetime
    room_id: UUID


async def page(db: AsyncSession, user_id: UUID, cursor: str | None) -> Page[Room]:
    """A page of my rooms, the most recently active first.

    Raises:
        CursorRefused: The cursor is not one of ours.
    """
    before = _read_cursor(cursor) if cursor is not None else None
    found = await queries.my_rooms(db, user_id, room_id=None, before=before, limit=PAGE + 1)
    shown = found[:PAGE]
    following = None
    if len(found) > PAGE:
        last = shown[-1].room
        following = msgspec.json.encode(_Cursor(last.active_at, last.id)).hex()
    return Page(items=await _rooms(db, user_id, shown), next=following)


async def one(db: AsyncSession, user_id: UUID, room_id: UUID) -> Room:
    """A room I am in.

    Raises:
        RoomNotFound: No such room, or not mine.
    """
    found = await queries.my_rooms(db, user_id, room_id=room_id, before=None, limit=1)
    if not found:
        raise RoomNotFound
    return (await _rooms(db, user_id, found))[0]


async def _rooms(db: AsyncSession, user_id: UUID, found: Sequence[queries.MyRoom]) -> list[Room]:
    if not found:
        return []
    room_ids = [each.room.id for each in found]
    members: dict[UUID, list[MemberRow]] = defaultdict(list)
    for member in await queries.members_of(db, room_ids):
        members[member.room_id].append(member)
    people = await identity.people(db, {each.user_id for rows in members.values() for each in rows})
    unread = await queries.unread_of(db, user_id, room_ids)
    places = [(each.room.id, each.room.last_message_seq) for each in found if each.room.last_message_seq]
    last: dict[UUID, Message | None] = {}
    for row in await queries.events_at(db, places) if places else []:
        event = event_of(row)
        last[event.room_id] = event.message
    return [
        _room(
            user_id,
            each,
            members[each.room.id],
            people,
            unread.get(each.room.id, 0),
            last.get(each.room.id),
        )
        for each in found
    ]


def _room(
    user_id: UUID,
    found: queries.MyRoom,
    members: Sequence[MemberRow],
    people: dict[UUID, Person],
    unread: int,
    last: Message | None,
) -> Room:
    room, mine, is_blocked = found
    title = room.title
    if room.kind == RoomKind.DIRECT.value:
        title = next((people[each.user_id].name for each in members if each.user_id != user_id), "")
    may_ask = room.request_by is None or (room.request_by == user_id and room.request_left > 0)
    return Room(
        id=room.id,
        kind=RoomKind(room.kind),
        title=title,
        members=[
            Member(
                person=people[each.user_id],
                # A stranger gets no receipt before the request was accepted.
                read_seq=0 if room.request_by == user_id != each.user_id else each.read_seq,
                joined_seq=each.joined_seq,
            )
            for each in members
        ],
        folder=RoomFolder(mine.folder),
        head_seq=room.head_seq,
        read_seq=mine.read_seq,
        unread=unread,
        last_message=last,
        can_write=not is_blocked and may_ask,
        created_at=room.created_at,
    )


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        read = msgspec.json.decode(bytes.fromhex(cursor), type=_Cursor)
    except (ValueError, msgspec.DecodeError) as error:
        raise CursorRefused from error
    return read.at, read.room_id


async def message_at(db: AsyncSession, room_id: UUID, seq: int) -> Message:
    """The message at a position that is known to hold one."""
    message = event_of(await queries.event(db, room_id, seq)).message
    assert message is not None, "keys are made with messages"
    return message
