"""What a transfer pays beside its recipient, and whoever keeps count of it.

A transfer may pay a request, a line of a room's settle-up plan, or a payment of a schedule. It is looked
at when the intent is made, held from the approval on, and counted when the transfer ends. Who keeps count
locks their rows after the transfers and before the rooms: schedules, then requests.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger.addresses import Destination
from talktalk.transfers.errors import PaysAmbiguous
from talktalk.transfers.requests import paying
from talktalk.transfers.requests import queries as requests
from talktalk.transfers.requests.views import Cards
from talktalk.transfers.rules import Pays
from talktalk.transfers.schedules import paying as schedules
from talktalk.transfers.tables import TransferRow
from talktalk.wallet.announcements import Announcements
from talktalk_wire.common import Amount
from talktalk_wire.transfers import TransferAsk


def what(ask: TransferAsk) -> tuple[Pays, UUID] | None:
    """What an ask says it pays.

    Raises:
        PaysAmbiguous: Several things, or without a person.
    """
    named = [
        (kind, each)
        for kind, each in (
            (Pays.REQUEST, ask.request_id),
            (Pays.SETTLE_UP, ask.settles_room_id),
            (Pays.RUN, ask.run_id),
        )
        if each is not None
    ]
    if not named:
        return None
    if len(named) > 1 or (ask.user_id is None and named[0][0] is not Pays.RUN):
        raise PaysAmbiguous
    return named[0]


def shows_itself(pays: tuple[Pays, UUID] | None) -> bool:
    """Whether a transfer has a card of its own: what it pays has none that shows the payment."""
    return pays is None or pays[0] is Pays.RUN


async def credits_for(
    db: AsyncSession,
    pays: tuple[Pays, UUID] | None,
    *,
    sender_id: UUID,
    recipient_id: UUID | None,
    destination: Destination | None,
    amount: Amount,
) -> dict[UUID, int]:
    """What a payment would pay, as things stand: units by share of requests.

    Raises:
        Trouble: It cannot be paid like that.
    """
    match pays:
        case None:
            return {}
        case (Pays.REQUEST, request_id):
            return await paying.credits_for_request(
                db, request_id, payer_id=sender_id, payee_id=recipient_id, amount=amount
            )
        case (Pays.RUN, run_id):
            await schedules.check(
                db,
                run_id,
                payer_id=sender_id,
                payee_id=recipient_id if destination is None else None,
                address=destination.address if destination is not None else None,
                destination_tag=destination.tag if destination is not None else None,
                amount=amount,
            )
            return {}
        case (_, room_id):
            return await paying.credits_for_settling(
                db, room_id, payer_id=sender_id, payee_id=recipient_id, amount=amount
            )


async def made(db: AsyncSession, row: TransferRow, credited: dict[UUID, int]) -> None:
    """Write down what a new intent is to pay."""
    if credited:
        await requests.credit(db, row.id, credited)


async def hold(db: AsyncSession, row: TransferRow) -> None:
    """See, under the locks, that what a draft pays is still free; from `signing` on it is held.

    Raises:
        Trouble: It is not free any more.
    """
    if row.pays_kind == Pays.RUN:
        assert row.pays_id is not None, "whoever pays something names it"
        await schedules.hold(db, row.pays_id)
    elif row.pays_kind is not None:
        await paying.hold(db, row.id, settles_up=row.pays_kind == Pays.SETTLE_UP)


async def turned(
    db: AsyncSession, rows: Sequence[TransferRow], announcements: Announcements, now: datetime
) -> Cards:
    """Count anew what these transfers pay; they have been flushed. Gives the cards to turn."""
    runs = {row.pays_id for row in rows if row.pays_kind == Pays.RUN and row.pays_id is not None}
    ids = [row.id for row in rows if row.pays_kind in (Pays.REQUEST, Pays.SETTLE_UP)]
    if runs:
        await schedules.recount(db, runs, announcements, now)
    return await paying.recount(db, ids, announcements, now) if ids else {}
