"""What social does, one use case a function. The edge opens and commits the transaction.

Every change between two people starts by locking their pair's row. Whatever two of them do at the same
moment, the second finds the first one's work done, and both are told the same.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity import service as identity
from talktalk.platform import audit, feed
from talktalk.platform.clock import Clock
from talktalk.platform.ids import uuid7
from talktalk.social import queries, rules
from talktalk.social.errors import (
    AlreadyFriends,
    NotFriends,
    NotWithYourself,
    PersonNotFound,
    RequestClosed,
    RequestNotFound,
    TooManyFriends,
    YouBlocked,
)
from talktalk.social.ports import PresencePort
from talktalk.social.tables import Pair, RequestRow
from talktalk_wire.common import Person
from talktalk_wire.realtime import Presence
from talktalk_wire.social import (
    Blocked,
    FoundPerson,
    Friend,
    FriendRequest,
    FriendSearchResult,
    Relation,
    RemovalSide,
    RequestState,
)

FRIENDS_MAX = 5_000
REQUESTS_OPEN_MAX = 200
BLOCKS_SHOWN_MAX = 5_000
_NOBODY = UUID(int=0)

Event = tuple[UUID, str, object]


# What other slices may ask.


async def relation(db: AsyncSession, mine: UUID, other: UUID) -> Relation:
    """What `other` is to me."""
    if mine == other:
        return Relation.SELF
    return (await _look(db, mine, other))[0]


async def are_friends(db: AsyncSession, one: UUID, other: UUID) -> bool:
    """Whether each lists the other."""
    pair = await queries.pair(db, one, other) if one != other else None
    return pair is not None and rules.view(pair, one).is_mutual


async def blocked_between(db: AsyncSession, one: UUID, other: UUID) -> bool:
    """Whether either blocks the other."""
    pair = await queries.pair(db, one, other) if one != other else None
    return pair is not None and rules.view(pair, one).is_blocked


async def friends_and_blocked(
    db: AsyncSession, mine: UUID, others: Collection[UUID]
) -> tuple[set[UUID], set[UUID]]:
    """Of these others, those who are my friends, and those between whom and me a block stands."""
    friends, blocked = set(), set()
    for pair in await queries.pairs(db, mine, others):
        other = pair.high_id if pair.low_id == mine else pair.low_id
        seen = rules.view(pair, mine)
        if seen.is_mutual:
            friends.add(other)
        if seen.is_blocked:
            blocked.add(other)
    return friends, blocked


async def standing(db: AsyncSession, one: UUID, other: UUID) -> tuple[bool, bool]:
    """Whether each lists the other, and whether either blocks the other; one statement for both."""
    pair = await queries.pair(db, one, other) if one != other else None
    if pair is None:
        return False, False
    view = rules.view(pair, one)
    return view.is_mutual, view.is_blocked


async def friend_ids(db: AsyncSession, user_id: UUID) -> list[UUID]:
    """Everyone who may see this person's presence, and whose presence this person may see."""
    return await queries.mutual_ids(db, user_id)


# Finding.


async def search(db: AsyncSession, mine: UUID, phone: str) -> FriendSearchResult:
    """Who has exactly this E.164 number. Callers limit how often one may ask.

    Someone who blocks me is not found. Known and unknown numbers take the same statements.
    """
    user_id = await identity.find_by_phone(db, phone)
    looked_at = user_id or _NOBODY
    person = (await identity.people(db, [looked_at])).get(looked_at)
    found, request, view = await _look(db, mine, looked_at)
    if person is None or view.blocks_me_at is not None:
        return FriendSearchResult(phone=phone, found=None)
    if user_id == mine:
        return FriendSearchResult(phone=phone, found=FoundPerson(person=person, relation=Relation.SELF))
    request_id = request.id if request and found in {Relation.REQUESTED, Relation.ASKED_ME} else None
    return FriendSearchResult(
        phone=phone, found=FoundPerson(person=person, relation=found, request_id=request_id)
    )


# Lists.


async def list_friends(db: AsyncSession, mine: UUID, presence: PresencePort) -> list[Friend]:
    """My friends by name, those online marked. Who no longer lists me is shown offline."""
    rows = await queries.listed(db, mine, FRIENDS_MAX)
    people = await identity.people(db, [row[0] for row in rows])
    seen = await presence.presence_of([user_id for user_id, _, is_mutual in rows if is_mutual])
    friends = [
        _friend(people[user_id], since, seen.get(user_id)) for user_id, since, _ in rows if user_id in people
    ]
    return sorted(friends, key=lambda friend: (friend.person.name.casefold(), friend.person.id))


async def list_requests(db: AsyncSession, mine: UUID) -> list[FriendRequest]:
    """Open requests from and to me, newest first."""
    rows = await queries.open_requests(db, mine, 2 * REQUESTS_OPEN_MAX)
    people = await identity.people(db, [_other(row, mine) for row in rows])
    return [_request(row, people[_other(row, mine)], mine) for row in rows if _other(row, mine) in people]


async def list_blocks(db: AsyncSession, mine: UUID) -> list[Blocked]:
    """Whom I block, newest first."""
    rows = await queries.blocked(db, mine, BLOCKS_SHOWN_MAX)
    people = await identity.people(db, [user_id for user_id, _ in rows])
    return [Blocked(person=people[user_id], since=since) for user_id, since in rows if user_id in people]


# Requests.


async def ask(
    db: AsyncSession, clock: Clock, mine: UUID, other: UUID, presence: PresencePort
) -> FriendRequest:
    """Ask someone to be friends.

    Asking twice answers the request that is open. Asking someone who has asked me, or who still lists
    me, makes us friends at once.

    Raises:
        NotWithYourself: `other` is me.
        PersonNotFound: No such person, or they block me.
        YouBlocked: I block them.
        AlreadyFriends: They are in my list.
        TooManyFriends: Too many of my requests wait for an answer.
    """
    pair, people = await _lock(db, mine, other)
    view = rules.view(pair, mine)
    if view.blocked_at is not None:
        raise YouBlocked
    if view.blocks_me_at is not None:
        raise PersonNotFound
    if view.listed_at is not None:
        raise AlreadyFriends
    row = await queries.open_request(db, mine, other)
    if row is not None and row.sender_id == mine:
        return _request(row, people[other], mine)
    if row is not None:
        return await _befriend(db, clock, pair, row, people, mine, presence)
    if await queries.count_open_sent(db, mine) >= REQUESTS_OPEN_MAX:
        raise TooManyFriends("Too many requests wait for an answer")
    row = RequestRow(
        id=uuid7(),
        low_id=pair.low_id,
        high_id=pair.high_id,
        sender_id=mine,
        receiver_id=other,
        state=RequestState.OPEN.value,
        created_at=clock.now(),
    )
    db.add(row)
    await db.flush()
    if view.lists_me_at is not None:
        return await _befriend(db, clock, pair, row, people, mine, presence)
    await feed.append_all(
        db, [(side, "friend.requested", _request(row, people[_other(row, side)], side)) for side in people]
    )
    return _request(row, people[other], mine)


async def accept(
    db: AsyncSession, clock: Clock, mine: UUID, request_id: UUID, presence: PresencePort
) -> FriendRequest:
    """Become friends with someone who asked me.

    Raises:
        RequestNotFound: None such to me.
        RequestClosed: It was declined or taken back.
    """
    pair, row, people = await _lock_request(db, mine, request_id)
    if row.receiver_id != mine:
        raise RequestNotFound
    if row.state == RequestState.ACCEPTED:
        return _request(row, people[row.sender_id], mine)
    if row.state != RequestState.OPEN:
        raise RequestClosed
    return await _befriend(db, clock, pair, row, people, mine, presence)


async def decline(db: AsyncSession, clock: Clock, mine: UUID, request_id: UUID) -> FriendRequest:
    """Say no to someone who asked me.

    Raises:
        RequestNotFound: None such to me.
        RequestClosed: It was accepted or taken back.
    """
    return await _close(db, clock, mine, request_id, RequestState.DECLINED)


async def cancel(db: AsyncSession, clock: Clock, mine: UUID, request_id: UUID) -> FriendRequest:
    """Take my own request back.

    Raises:
        RequestNotFound: None such of mine.
        RequestClosed: It was accepted or declined.
    """
    return await _close(db, clock, mine, request_id, RequestState.CANCELLED)


# Ends.


async def remove(db: AsyncSession, clock: Clock, mine: UUID, other: UUID, side: RemovalSide) -> None:
    """Take a friend off my list, or both off each other's.

    Raises:
        NotFriends: They are not in my list.
    """
    if mine == other:
        raise NotFriends
    pair = await queries.lock_pair(db, mine, other) if await queries.pair(db, mine, other) else None
    if pair is None or rules.view(pair, mine).listed_at is None:
        raise NotFriends
    lists_me = rules.view(pair, mine).lists_me_at is not None
    _unlist(pair, mine)
    events: list[Event] = [(mine, "friend.removed", {"user_id": other})]
    if side is RemovalSide.BOTH and lists_me:
        _unlist(pair, other)
        events.append((other, "friend.removed", {"user_id": mine}))
    await db.flush()
    await audit.record(db, clock, "friend.removed", actor_id=mine, subject_id=other, side=side)
    await feed.append_all(db, events)


async def block(db: AsyncSession, clock: Clock, mine: UUID, other: UUID) -> Blocked:
    """Hear nothing from someone any more, and be hidden from them. Blocking twice changes nothing.

    The friendship ends on both sides and an open request is closed; the other is told no more than
    that they have one friend less.

    Raises:
        NotWithYourself: `other` is me.
        PersonNotFound: No such person.
    """
    pair, people = await _lock(db, mine, other)
    view = rules.view(pair, mine)
    if view.blocked_at is not None:
        return Blocked(person=people[other], since=view.blocked_at)
    now = clock.now()
    events: list[Event] = []
    row = await queries.open_request(db, mine, other)
    if row is not None:
        state = RequestState.CANCELLED if row.sender_id == mine else RequestState.DECLINED
        closed = await queries.close_request(db, row.id, state, now)
        assert closed is not None, "the pair is locked, so nobody else closed it"
        events += _closed_events(closed, people)
    if view.listed_at is not None:
        events.append((mine, "friend.removed", {"user_id": other}))
    if view.lists_me_at is not None:
        events.append((other, "friend.removed", {"user_id": mine}))
    _unlist(pair, mine)
    _unlist(pair, other)
    _set_blocked(pair, mine, now)
    await db.flush()
    made = Blocked(person=people[other], since=now)
    events.append((mine, "block.added", made))
    await audit.record(db, clock, "block.added", actor_id=mine, subject_id=other)
    await feed.append_all(db, events)
    return made


async def unblock(db: AsyncSession, clock: Clock, mine: UUID, other: UUID) -> None:
    """Take a block back; we are strangers then. Does nothing where there is none."""
    if mine == other or await queries.pair(db, mine, other) is None:
        return
    pair = await queries.lock_pair(db, mine, other)
    if rules.view(pair, mine).blocked_at is None:
        return
    _set_blocked(pair, mine, None)
    await db.flush()
    await audit.record(db, clock, "block.removed", actor_id=mine, subject_id=other)
    await feed.append_all(db, [(mine, "block.removed", {"user_id": other})])


# Inside.


async def _look(db: AsyncSession, mine: UUID, other: UUID) -> tuple[Relation, RequestRow | None, rules.View]:
    pair = await queries.pair(db, mine, other)
    request = await queries.open_request(db, mine, other)
    view = rules.view(pair, mine) if pair else rules.STRANGERS
    return rules.relation(view, request.sender_id if request else None, mine), request, view


async def _lock(db: AsyncSession, mine: UUID, other: UUID) -> tuple[Pair, dict[UUID, Person]]:
    if mine == other:
        raise NotWithYourself
    people = await identity.people(db, [mine, other])
    if other not in people:
        raise PersonNotFound
    return await queries.lock_pair(db, mine, other), people


async def _lock_request(
    db: AsyncSession, mine: UUID, request_id: UUID
) -> tuple[Pair, RequestRow, dict[UUID, Person]]:
    row = await queries.request(db, request_id)
    if row is None or mine not in (row.sender_id, row.receiver_id):
        raise RequestNotFound
    pair, people = await _lock(db, mine, _other(row, mine))
    row = await queries.request(db, request_id)  # again: it may have ended while we waited for the lock
    assert row is not None, "requests are never deleted"
    return pair, row, people


async def _close(
    db: AsyncSession, clock: Clock, mine: UUID, request_id: UUID, state: RequestState
) -> FriendRequest:
    _, row, people = await _lock_request(db, mine, request_id)
    actor = row.sender_id if state is RequestState.CANCELLED else row.receiver_id
    if actor != mine:
        raise RequestNotFound
    if row.state == state:
        return _request(row, people[_other(row, mine)], mine)
    if row.state != RequestState.OPEN:
        raise RequestClosed
    closed = await queries.close_request(db, request_id, state, clock.now())
    assert closed is not None, "the pair is locked, so nobody else closed it"
    await feed.append_all(db, _closed_events(closed, people))
    return _request(closed, people[_other(closed, mine)], mine)


async def _befriend(
    db: AsyncSession,
    clock: Clock,
    pair: Pair,
    row: RequestRow,
    people: dict[UUID, Person],
    mine: UUID,
    presence: PresencePort,
) -> FriendRequest:
    for side in people:
        if await queries.count_listed(db, side) >= FRIENDS_MAX:
            raise TooManyFriends
    now = clock.now()
    pair.low_listed_at = pair.low_listed_at or now
    pair.high_listed_at = pair.high_listed_at or now
    closed = await queries.close_request(db, row.id, RequestState.ACCEPTED, now)
    assert closed is not None, "the pair is locked, so nobody else closed it"
    await db.flush()
    seen = await presence.presence_of(list(people))
    since = {pair.low_id: pair.low_listed_at, pair.high_id: pair.high_listed_at}
    events = _closed_events(closed, people)
    for side in people:
        other = _other(row, side)
        events.append((side, "friend.added", _friend(people[other], since[side], seen.get(other))))
    await audit.record(db, clock, "friend.added", actor_id=mine, subject_id=_other(row, mine))
    await feed.append_all(db, events)
    return _request(closed, people[_other(row, mine)], mine)


def _closed_events(row: RequestRow, people: dict[UUID, Person]) -> list[Event]:
    return [
        (side, "friend.request_closed", _request(row, people[_other(row, side)], side)) for side in people
    ]


def _unlist(pair: Pair, side: UUID) -> None:
    if side == pair.low_id:
        pair.low_listed_at = None
    else:
        pair.high_listed_at = None


def _set_blocked(pair: Pair, side: UUID, at: datetime | None) -> None:
    if side == pair.low_id:
        pair.low_blocked_at = at
    else:
        pair.high_blocked_at = at


def _other(row: RequestRow, mine: UUID) -> UUID:
    return row.receiver_id if row.sender_id == mine else row.sender_id


def _request(row: RequestRow, person: Person, mine: UUID) -> FriendRequest:
    return FriendRequest(
        id=row.id,
        person=person,
        incoming=row.receiver_id == mine,
        state=RequestState(row.state),
        created_at=row.created_at,
    )


def _friend(person: Person, since: datetime, seen: Presence | None) -> Friend:
    return Friend(
        person=person,
        since=since,
        online=seen.online if seen else False,
        last_seen_at=seen.last_seen_at if seen else None,
    )
