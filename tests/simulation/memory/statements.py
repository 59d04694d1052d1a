"""Statements of every shape the services use, as steps that two databases take alike.

A step is a name and small arguments; `take` does it in a session and answers what a caller could see.
Values are few, so that steps meet: the same account, the same number, the same key.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from sqlalchemy import and_, case, delete, exists, func, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.chat.tables import EventRow, MemberRow, RoomRow
from talktalk.ledger import accounts, outgoing
from talktalk.ledger.tables import AccountRow, HeadRow, OutgoingRow
from talktalk.platform import feed
from talktalk.platform.feed import FeedEvent, FeedHead
from talktalk.social import queries as social

NETWORK = "net"
ADDRESSES = ("ra", "rb", "rc")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
USERS = tuple(UUID(int=number) for number in (1, 2, 3))

Step = Callable[..., Awaitable[Any]]
STEPS: dict[str, tuple[Step, tuple[st.SearchStrategy[Any], ...]]] = {}

address = st.sampled_from(ADDRESSES)
few = st.integers(0, 3)
user = st.sampled_from(USERS)
state = st.sampled_from(("held", "signed", "submitted", "settled", "expired"))


def step(*arguments: st.SearchStrategy[Any]) -> Callable[[Step], Step]:
    """Make a function a step with these kinds of arguments."""

    def noted(function: Step) -> Step:
        STEPS[function.__name__] = function, arguments
        return function

    return noted


def any_step() -> st.SearchStrategy[tuple[str, tuple[Any, ...]]]:
    """A step with its arguments."""
    return st.sampled_from(sorted(STEPS)).flatmap(
        lambda name: st.tuples(st.just(name), st.tuples(*STEPS[name][1]))
    )


async def take(db: AsyncSession, name: str, arguments: tuple[Any, ...]) -> Any:
    """Take one step; what it answers compares equal where two databases agree."""
    return await STEPS[name][0](db, *arguments)


def _account(row: AccountRow) -> tuple[Any, ...]:
    return row.address, row.owner, row.balance_drops, row.sequence, row.flags, row.ledger_index


def _outgoing(row: OutgoingRow) -> tuple[Any, ...]:
    return row.tx_hash, row.sequence, row.ticket_sequence, row.state, row.attempts, row.next_look_at


# --- accounts ---


@step(address, few)
async def watch(db: AsyncSession, where: str, owner: int) -> None:
    await accounts.watch(db, network=NETWORK, address=where, owner=f"user:{owner}", public_key="ED")


@step(address, few)
async def insert_account(db: AsyncSession, where: str, owner: int) -> None:
    db.add(
        AccountRow(
            network=NETWORK,
            address=where,
            owner=f"user:{owner}",
            public_key="ED",
            balance_drops=owner,
            sequence=1,
            owner_count=0,
            flags=0,
        )
    )
    await db.flush()


@step(address)
async def lock_account(db: AsyncSession, where: str) -> Any:
    found = await accounts.read(db, NETWORK, where, lock=True)
    return None if found is None else (found.address, found.balance_drops, found.sequence)


@step(few)
async def lock_rich(db: AsyncSession, least: int) -> Any:
    found = await db.execute(
        select(AccountRow)
        .where(AccountRow.balance_drops >= least)
        .order_by(AccountRow.address)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [_account(row) for row in found.scalars()]


@step(few)
async def take_free(db: AsyncSession, limit: int) -> Any:
    found = await db.execute(
        select(AccountRow.address, AccountRow.balance_drops)
        .order_by(AccountRow.balance_drops.desc(), AccountRow.address)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [tuple(row) for row in found]


@step(address, st.integers(-2, 3))
async def add_money(db: AsyncSession, where: str, drops: int) -> Any:
    found = await db.execute(
        update(AccountRow)
        .where(AccountRow.network == NETWORK, AccountRow.address == where)
        .values(balance_drops=AccountRow.balance_drops + drops)
        .returning(AccountRow.address, AccountRow.balance_drops)
    )
    return [tuple(row) for row in found]


@step(few, few)
async def raise_sequences(db: AsyncSession, least: int, to: int) -> Any:
    found: Any = await db.execute(
        update(AccountRow)
        .where(AccountRow.sequence <= least, or_(AccountRow.ledger_index.is_(None), AccountRow.flags > 0))
        .values(sequence=to, flags=func.coalesce(AccountRow.ledger_index, 7))
        .execution_options(synchronize_session=False)
    )
    return found.rowcount


@step(address, few)
async def change_owner(db: AsyncSession, where: str, owner: int) -> Any:
    found = await db.execute(
        update(AccountRow)
        .where(AccountRow.address == where)
        .values(owner=f"user:{owner}")
        .returning(AccountRow.owner)
    )
    return [tuple(row) for row in found]


@step(address, few)
async def edit_account(db: AsyncSession, where: str, flags: int) -> Any:
    row = await db.get(AccountRow, (NETWORK, where), populate_existing=True, with_for_update=True)
    if row is None:
        return None
    row.flags, row.ledger_index = flags, flags or None
    await db.flush()
    return _account(row)


@step(address)
async def delete_account(db: AsyncSession, where: str) -> Any:
    found: Any = await db.execute(
        delete(AccountRow).where(AccountRow.address == where).execution_options(synchronize_session=False)
    )
    return found.rowcount


@step(few)
async def read_accounts(db: AsyncSession, above: int) -> Any:
    found = await db.execute(
        select(AccountRow)
        .where(and_(AccountRow.address.in_(ADDRESSES[:above]), ~(AccountRow.balance_drops > 2)))
        .execution_options(populate_existing=True)
    )
    return sorted((_account(row) for row in found.scalars()), key=repr)


@step(few)
async def write_head(db: AsyncSession, index: int) -> Any:
    values = {
        "ledger_index": index,
        "ledger_hash": "h",
        "close_time": EPOCH,
        "fee_drops": 10,
        "reserve_base_drops": 1,
        "reserve_increment_drops": 1,
        "close_interval_ms": 1000,
        "network_id": None,
    }
    made = insert(HeadRow).values(network=NETWORK, **values)
    found = await db.execute(
        made.on_conflict_do_update(
            index_elements=[HeadRow.network],
            set_={**values, "fee_drops": HeadRow.fee_drops + made.excluded.fee_drops},
            where=HeadRow.ledger_index < index,
        ).returning(HeadRow.ledger_index, HeadRow.fee_drops)
    )
    return [tuple(row) for row in found]


# --- transactions ---


@step(address, few, st.one_of(st.none(), few), state, few)
async def store(
    db: AsyncSession, where: str, sequence: int, ticket: int | None, now: str, number: int
) -> None:
    db.add(
        OutgoingRow(
            id=UUID(int=100 + number),
            network=NETWORK,
            account=where,
            sequence=sequence,
            ticket_sequence=ticket,
            numbers=1,
            first_ledger=1,
            last_ledger=9,
            tx_hash=f"h{number}",
            blob=b"\x00blob",
            spend_drops=10 + number,
            purpose="p",
            ref=UUID(int=number),
            state=now,
            uncertain=False,
            attempts=0,
            next_look_at=EPOCH + timedelta(seconds=number),
            created_at=EPOCH,
        )
    )
    await db.flush()


@step(state, state)
async def turn(db: AsyncSession, before: str, after: str) -> Any:
    found: Any = await db.execute(
        update(OutgoingRow)
        .where(OutgoingRow.state == before)
        .values(state=after)
        .execution_options(synchronize_session=False)
    )
    return found.rowcount


@step(few)
async def claim(db: AsyncSession, second: int) -> Any:
    rows = await outgoing.claim_due(db, NETWORK, EPOCH + timedelta(seconds=second), 2)
    await db.flush()
    return [_outgoing(row) for row in rows]


@step(address)
async def numbers(db: AsyncSession, where: str) -> Any:
    taken = await outgoing.taken(db, NETWORK, where)
    return sorted(taken.spans), sorted(taken.tickets), taken.spend_drops


@step(address)
async def counts(db: AsyncSession, where: str) -> Any:
    grouped = await db.execute(
        select(
            OutgoingRow.state, func.count(), func.max(OutgoingRow.sequence), func.sum(OutgoingRow.attempts)
        )
        .where(OutgoingRow.account == where)
        .group_by(OutgoingRow.state)
    )
    is_there = await db.execute(select(exists().where(OutgoingRow.account == where)))
    total = await db.execute(
        select(func.count()).select_from(OutgoingRow).where(OutgoingRow.ticket_sequence > 0)
    )
    return sorted((tuple(row) for row in grouped), key=repr), is_there.scalar_one(), total.scalar_one()


@step(few)
async def joined(db: AsyncSession, least: int) -> Any:
    inner = await db.execute(
        select(AccountRow.address, OutgoingRow.tx_hash)
        .join(OutgoingRow, and_(OutgoingRow.account == AccountRow.address, OutgoingRow.sequence >= least))
        .where(AccountRow.network == NETWORK)
    )
    outer = await db.execute(
        select(AccountRow.address, func.count(OutgoingRow.id))
        .outerjoin(OutgoingRow, OutgoingRow.account == AccountRow.address)
        .group_by(AccountRow.address)
    )
    inside = await db.execute(
        select(AccountRow.address).where(
            AccountRow.address.in_(select(OutgoingRow.account).where(OutgoingRow.sequence >= least)),
            exists().where(OutgoingRow.account == AccountRow.address, OutgoingRow.state != "expired"),
        )
    )
    return [sorted((tuple(row) for row in found), key=repr) for found in (inner, outer, inside)]


@step(few)
async def chosen(db: AsyncSession, least: int) -> Any:
    kind = case((OutgoingRow.sequence > least, "high"), else_=literal("low"))
    found = await db.execute(
        select(kind, OutgoingRow.tx_hash, func.greatest(OutgoingRow.sequence, OutgoingRow.ticket_sequence))
        .where(tuple_(OutgoingRow.account, OutgoingRow.sequence).in_([("ra", 1), ("rb", least)]))
        .distinct()
    )
    return sorted((tuple(row) for row in found), key=repr)


# --- feeds, pairs, rooms ---


@step(st.lists(user, min_size=1, max_size=3))
async def tell(db: AsyncSession, whom: list[UUID]) -> Any:
    await feed.append_all(db, [(each, "a.happened", {"n": number}) for number, each in enumerate(whom)])
    return [await feed.head(db, each) for each in USERS]


@step(user, few)
async def hear(db: AsyncSession, who: UUID, after: int) -> Any:
    return [(event.seq, event.kind, event.data) for event in await feed.after(db, who, after, 2)]


@step(user, few)
async def forge_event(db: AsyncSession, who: UUID, seq: int) -> None:
    await db.execute(insert(FeedEvent).values(user_id=who, seq=seq, kind="a.forged", data={"b": [1, None]}))


@step()
async def read_heads(db: AsyncSession) -> Any:
    found = await db.execute(select(FeedHead.user_id, FeedHead.seq))
    return sorted((tuple(row) for row in found), key=repr)


@step(user, user)
async def lock_pair(db: AsyncSession, one: UUID, other: UUID) -> Any:
    if one == other:
        return None
    row = await social.lock_pair(db, one, other)
    row.low_listed_at = row.high_listed_at = EPOCH
    await db.flush()
    return row.low_id, row.high_id


@step(user)
async def listed(db: AsyncSession, who: UUID) -> Any:
    found = await social.listed(db, who, 10)
    return (
        sorted(found, key=repr),
        await social.count_listed(db, who),
        sorted(await social.mutual_ids(db, who)),
    )


@step(user, user, few)
async def open_room(db: AsyncSession, one: UUID, other: UUID, number: int) -> Any:
    low, high = sorted((one, other))
    if low == high:
        return None
    made = await db.execute(
        insert(RoomRow)
        .values(id=UUID(int=50 + number), kind="direct", pair_low=low, pair_high=high, created_by=one)
        .on_conflict_do_nothing(index_elements=[RoomRow.pair_low, RoomRow.pair_high])
        .returning(RoomRow.id, RoomRow.head_seq, RoomRow.title)
    )
    return [tuple(row) for row in made]


@step(few, user)
async def join_room(db: AsyncSession, number: int, who: UUID) -> Any:
    row = MemberRow(room_id=UUID(int=50 + number), user_id=who)
    db.add(row)
    await db.flush()
    return row.role, row.hidden, row.read_seq, row.left_seq


@step(few, few)
async def write_event(db: AsyncSession, number: int, seq: int) -> Any:
    room = await db.execute(
        select(RoomRow)
        .where(RoomRow.id == UUID(int=50 + number))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    row = room.scalar_one_or_none()
    if row is None:
        return None
    row.head_seq += 1
    db.add(
        EventRow(
            room_id=row.id, seq=row.head_seq, kind="posted", body="b", card={"seq": seq}, ref=UUID(int=seq)
        )
    )
    await db.flush()
    places = await db.execute(
        select(EventRow.room_id, EventRow.seq, EventRow.card, EventRow.data)
        .where(EventRow.ref == UUID(int=seq))
        .order_by(EventRow.room_id, EventRow.seq.desc())
    )
    return [tuple(each) for each in places]
