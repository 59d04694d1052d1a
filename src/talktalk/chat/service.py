"""What changes a room, one use case a function, in the caller's transaction.

Every function that writes to a room locks its row first, takes the next `seq` from its head and tells
other processes by a wake-up that comes with the commit. Text messages take the group commit instead
(`writer`), which keeps to the same lock; cards of other slices have `cards`.
"""

from uuid import UUID

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
from talktalk.chat.tables import EventRow, KeyRow, MemberRow, RoomRow
from talktalk.identity import service as identity
from talktalk.platform import feed
from talktalk.platform.ids import uuid7
from talktalk.platform.wake import Wake, notify
from talktalk.social import service as social
from talktalk_wire.chat import EventKind, Message, MessageKind, RoomFolder

News = list[tuple[UUID, str, object]]
"""Events for people's own sequences: (person, kind, data). They are appended last, all at once, because
appending locks the sequences until commit."""


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
    room_id = await queries.direct_room_id(db, *rules.pair(a, b))
    news: News = []
    if room_id is None:
        room_id, news = await make_direct(db, a, b)
    room = await queries.lock_room(db, room_id)
    mine = await queries.member(db, room_id, a)
    assert room is not None, "rooms are never removed"
    assert mine is not None, "direct rooms keep both people"
    news += await reopen(db, room, mine)
    await feed.append_all(db, news)
    return room_id


async def make_direct(db: AsyncSession, a: UUID, b: UUID) -> tuple[UUID, News]:
    """Make the room of these two, who have none, and say whom to tell of it; answers the room that
    somebody else makes at this moment.

    Raises:
        PersonNotFound, Blocked, TooManyRequests: As `open_direct`.
    """
    low, high = rules.pair(a, b)
    if b not in await identity.people(db, [b]):
        raise PersonNotFound
    if await social.blocked_between(db, a, b):
        raise Blocked
    room_id = uuid7()
    if await queries.insert_direct(db, room_id, low, high, a):
        return room_id, await _furnish(db, room_id, a, b)
    known = await queries.direct_room_id(db, low, high)
    assert known is not None, "whoever won the race has committed"
    return known, []


async def reopen(db: AsyncSession, room: RoomRow, mine: MemberRow) -> News:
    """The member wants a direct room, which is locked, again: shown if it was declined, and without a
    request among friends. Answers whom to tell."""
    news: News = []
    if room.request_by is not None and await social.are_friends(
        db, mine.user_id, other_in(room, mine.user_id)
    ):
        news += await _admit(db, room)
    if mine.hidden:
        mine.hidden = False
        await db.flush()
        news += await opened(db, room, mine.user_id)
    return news


async def accept(db: AsyncSession, user_id: UUID, room_id: UUID) -> None:
    """Take a stranger's room out of the request folder; both may write from now on.

    Raises:
        RoomNotFound: The caller is not in the room.
        RequestNotFound: It does not wait for the caller.
    """
    room = await _waiting_room(db, user_id, room_id)
    await feed.append_all(db, await _admit(db, room))


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
        await feed.append_all(db, await _admit(db, room))
    await notify(db, Wake("room", room.id, 0))


async def is_member(db: AsyncSession, room_id: UUID, user_id: UUID) -> bool:
    """Whether someone is in a room now."""
    return await queries.member(db, room_id, user_id) is not None


async def members(db: AsyncSession, room_id: UUID) -> frozenset[UUID]:
    """Who is in a room now."""
    return frozenset(await queries.member_ids(db, room_id))


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
    other = other_in(room, sender_id)
    if await social.blocked_between(db, sender_id, other):
        raise Blocked
    if room.request_by is not None and await social.are_friends(db, sender_id, other):
        await feed.append_all(db, await _admit(db, room))
    if room.request_by is not None:
        if room.request_by != sender_id or room.request_left <= 0:
            raise RequestPending
        room.request_left -= 1
    return await _post(db, room, sender_id, client_id, body)


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
    return room, await views.message_at(db, used.room_id, used.seq)


async def _post(db: AsyncSession, room: RoomRow, sender_id: UUID, client_id: str, body: str) -> Message:
    is_first = room.head_seq == 0
    room.head_seq += 1
    room.last_message_seq = room.head_seq
    room.active_at = await queries.clock(db)
    db.add(
        EventRow(
            room_id=room.id,
            seq=room.head_seq,
            created_at=room.active_at,
            kind=EventKind.POSTED.value,
            message_id=uuid7(),
            sender_id=sender_id,
            client_id=client_id,
            message_kind=MessageKind.TEXT.value,
            body=body,
        )
    )
    db.add(KeyRow(sender_id=sender_id, client_id=client_id, room_id=room.id, seq=room.head_seq))
    await db.flush()
    await notify(db, Wake("room", room.id, room.head_seq))
    if is_first:
        await feed.append_all(db, await first_shown(db, room))
    return await views.message_at(db, room.id, room.head_seq)


async def first_shown(db: AsyncSession, room: RoomRow) -> News:
    """A room has its first message: whoever a stranger wants to write to hears of the room now."""
    return await opened(db, room, other_in(room, room.request_by)) if room.request_by is not None else []


async def _furnish(db: AsyncSession, room_id: UUID, a: UUID, b: UUID) -> News:
    """Members of a new direct room, and whom to tell of it."""
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
    return await opened(db, room, *([a, b] if friends else [a]))


async def _waiting_room(db: AsyncSession, user_id: UUID, room_id: UUID) -> RoomRow:
    room = await queries.lock_room(db, room_id)
    if room is None or await queries.member(db, room_id, user_id) is None:
        raise RoomNotFound
    if room.request_by is None or room.request_by == user_id:
        raise RequestNotFound
    return room


async def _admit(db: AsyncSession, room: RoomRow) -> News:
    """End a request: the room is an ordinary one from now on. Answers whom to tell."""
    assert room.request_by is not None
    recipient = other_in(room, room.request_by)
    room.request_by, room.request_left = None, 0
    theirs = await queries.member(db, room.id, recipient)
    assert theirs is not None
    was_hidden = theirs.hidden or room.head_seq == 0
    theirs.folder, theirs.hidden = RoomFolder.MAIN.value, False
    await db.flush()
    await notify(db, Wake("room", room.id, 0))
    if was_hidden:
        return await opened(db, room, recipient)
    return [(recipient, "room.folder", {"room_id": room.id, "folder": RoomFolder.MAIN})]


async def opened(db: AsyncSession, room: RoomRow, *user_ids: UUID) -> News:
    """What to tell people in whose list a room now stands."""
    return [(user_id, "room.opened", {"room": await views.one(db, user_id, room.id)}) for user_id in user_ids]


def other_in(room: RoomRow, user_id: UUID) -> UUID:
    """The other of the two in a direct room."""
    assert room.pair_low is not None, "only direct rooms have two sides"
    assert room.pair_high is not None, "only direct rooms have two sides"
    return room.pair_high if room.pair_low == user_id else room.pair_low
