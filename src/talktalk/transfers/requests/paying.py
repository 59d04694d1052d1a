"""What transfers ask of requests: may this be paid, and what has become of it.

A transfer that pays requests has credits: units by share. A draft holds nothing; whoever is approved
first has the share, under its request's lock. Locks: transfers first, then requests in the order of
their ids, then rooms.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.transfers.requests import queries, rules, settling, views
from talktalk.transfers.requests.errors import (
    MoneyRequestBeingPaid,
    MoneyRequestClosed,
    MoneyRequestMismatch,
    MoneyRequestNotFound,
    MoneyRequestOverpaid,
    SettleUpChanged,
)
from talktalk.transfers.requests.settling import Debt, Plan
from talktalk.transfers.requests.tables import RequestRow, ShareRow
from talktalk.transfers.requests.views import Cards
from talktalk.wallet.announcements import Announcements
from talktalk_wire.common import Amount
from talktalk_wire.requests import ShareState


async def credits_for_request(
    db: AsyncSession, request_id: UUID, *, payer_id: UUID, payee_id: UUID | None, amount: Amount
) -> dict[UUID, int]:
    """What a payment of a request pays, as things stand.

    Raises:
        MoneyRequestNotFound: None that asks this person.
        MoneyRequestMismatch: It asks for another asset, or is someone else's.
        MoneyRequestClosed, MoneyRequestOverpaid, MoneyRequestBeingPaid: As named.
    """
    row = await queries.one_seen_by(db, request_id, payer_id)
    shares = (await queries.shares_of(db, [request_id]))[request_id]
    share = next((share for share in shares if share.debtor_id == payer_id), None)
    if row is None or share is None:
        raise MoneyRequestNotFound
    if row.requester_id != payee_id or row.asset != amount.asset:
        raise MoneyRequestMismatch
    units = rules.to_units(amount)
    _check(share, units)
    return {share.id: units}


async def credits_for_settling(
    db: AsyncSession, room_id: UUID, *, payer_id: UUID, payee_id: UUID | None, amount: Amount
) -> dict[UUID, int]:
    """What a payment of a room's settle-up plan pays, as things stand.

    Raises:
        SettleUpChanged: The plan has no such payment (any more).
    """
    for asset, plan in plans(await queries.of_room(db, room_id)).items():
        for line in plan.lines:
            is_it = (line.payer, line.payee, asset) == (payer_id, payee_id, amount.asset)
            if is_it and line.units == rules.to_units(amount):
                return line.credits
    raise SettleUpChanged


def plans(placed: Sequence[tuple[RequestRow, ShareRow]]) -> dict[str, Plan]:
    """By asset: who pays whom so that all that is open is gone."""
    debts: dict[str, list[Debt]] = {}
    for request, share in placed:
        found = debts.setdefault(request.asset, [])
        if units := free_units(share):
            found.append(
                Debt(share_id=share.id, debtor=share.debtor_id, creditor=request.requester_id, units=units)
            )
    return {asset: settling.plan(debts[asset]) for asset in sorted(debts)}


def free_units(share: ShareRow) -> int:
    """What may still be paid of a share."""
    return rules.open_units(
        units=share.units, paid=share.paid_units, live=share.live_units, closed_as=_closed(share)
    )


async def hold(db: AsyncSession, transfer_id: UUID, *, settles_up: bool) -> None:
    """Take the locks and see that what a draft would pay is still free. It holds it once it is `signing`.

    Raises:
        MoneyRequestClosed, MoneyRequestOverpaid, MoneyRequestBeingPaid: As named.
        SettleUpChanged: Of a plan's payment, any of these.
    """
    wanted = {credit.share_id: credit.units for credit in await queries.credits_of(db, [transfer_id])}
    rows = await queries.locked(db, await queries.requests_paid_by(db, [transfer_id]))
    shares = await queries.shares_of(db, [row.id for row in rows])
    for share in (share for each in shares.values() for share in each):
        if share.id in wanted:
            try:
                _check(share, wanted[share.id])
            except (MoneyRequestClosed, MoneyRequestOverpaid, MoneyRequestBeingPaid) as trouble:
                if settles_up:
                    raise SettleUpChanged from trouble
                raise


async def recount(
    db: AsyncSession, transfer_ids: Collection[UUID], announcements: Announcements, now: datetime
) -> Cards:
    """Bring requests in line with the transfers that pay them; those have been flushed.

    Returns:
        Cards to turn. What to tell is added to `announcements`. Repeating it changes and tells nothing.
    """
    rows = await queries.locked(db, await queries.requests_paid_by(db, transfer_ids))
    return await tell(db, await count(db, rows), announcements, now)


async def count(db: AsyncSession, rows: Sequence[RequestRow]) -> list[RequestRow]:
    """Write the counts and states of requests that are locked; those for which anything is news."""
    shares = await queries.shares_of(db, [row.id for row in rows])
    sums = await queries.sums(db, [share.id for each in shares.values() for share in each])
    changed = [row for row in rows if _count(row, shares[row.id], sums)]
    await db.flush()
    return changed


async def tell(
    db: AsyncSession, rows: Sequence[RequestRow], announcements: Announcements, now: datetime
) -> Cards:
    """Give requests that changed their next version, and gather their events and cards."""
    for row in rows:
        row.version += 1
        row.updated_at = now
    await db.flush()
    cards: Cards = {}
    for whole in await views.wholes(db, rows):
        whole.announce(announcements)
        cards |= whole.cards()
    return cards


def _check(share: ShareRow, units: int) -> None:
    if share.closed_as is not None or share.state in rules.TERMINAL:
        raise MoneyRequestClosed
    if units > share.units - share.paid_units:
        raise MoneyRequestOverpaid
    if units > free_units(share):
        raise MoneyRequestBeingPaid(retry_after_s=5)


def _count(row: RequestRow, shares: Sequence[ShareRow], sums: Mapping[UUID, tuple[int, int]]) -> bool:
    """Write a request's counts and states; whether anything is news."""
    is_news = False
    for share in shares:
        paid, live = sums[share.id]
        state = rules.state_of(units=share.units, paid=paid, live=live, closed_as=_closed(share))
        before = (share.paid_units, share.live_units, share.state)
        share.paid_units, share.live_units, share.state = paid, live, state.value
        is_news = is_news or before != (paid, live, state.value)
    row.state = rules.request_state([ShareState(share.state) for share in shares]).value
    return is_news


def _closed(share: ShareRow) -> ShareState | None:
    return ShareState(share.closed_as) if share.closed_as is not None else None
