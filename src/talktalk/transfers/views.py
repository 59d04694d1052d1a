"""What the wire shows of a transfer's row."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity import service as identity
from talktalk.transfers import drafting
from talktalk.transfers.rules import Pays
from talktalk.transfers.tables import TransferRow
from talktalk.wallet.schemas import ActivityEntry
from talktalk_wire.common import Amount, Person
from talktalk_wire.transfers import Card, Draft, Failure, Transfer, TransferState
from talktalk_wire.transfers import Warning as TransferWarning

DETAILS = {
    "tecUNFUNDED_PAYMENT": "There was not enough money left above the reserve",
    "tecNO_DST_INSUF_XRP": "The amount would not open the receiving account",
    "tecDST_TAG_NEEDED": "The receiving account needs a destination tag",
    "tecNO_PERMISSION": "The receiving account takes money only from those it allowed",
    "tecINSUFF_FEE": "There was not enough money for the fee",
    "tecPATH_DRY": "Nobody exchanges this any more, or the token cannot pass between you",
    "tecPATH_PARTIAL": "It would have cost more than the price that was shown",
    "tecUNFUNDED": "There was not enough money left",
    "tecFROZEN": "The issuer has frozen this token",
    "tecLOCKED": "The issuer has locked this token",
    "tecNO_AUTH": "The issuer has not authorised this token for both of you",
    "tecNO_LINE": "The receiving account does not take this token",
    "tecNO_DST": "There is no account at the receiving address",
    "quote_expired": "The price expired before it was approved; nothing moved",
    "expired": "The ledger did not take it in time; nothing moved",
    "draft_expired": "It was not approved in time; nothing moved",
}


async def transfers_of(
    db: AsyncSession, rows: Sequence[TransferRow], *, viewer_id: UUID | None = None
) -> list[Transfer]:
    """The wire form; a viewer who is not the sender sees no draft, no warnings, no approval trouble."""
    ids = {row.sender_id for row in rows} | {row.recipient_id for row in rows if row.recipient_id is not None}
    people = await identity.people(db, ids) if rows else {}
    return [_transfer(row, people, is_sender=viewer_id in (None, row.sender_id)) for row in rows]


def card_of(row: TransferRow) -> dict[str, Any]:
    """The room's projection, as JSON."""
    card = Card(
        transfer_id=row.id,
        version=row.version,
        state=TransferState(row.state),
        uncertain=row.uncertain,
        sender_id=row.sender_id,
        recipient_id=row.recipient_id,
        amount=amount_of(row),
        note=row.note,
        tx_hash=row.tx_hash,
        ledger_index=row.ledger_index,
        failure_code=row.failure_code,
        updated_at=row.updated_at,
    )
    data: dict[str, Any] = msgspec.to_builtins(card)
    return data


def amount_of(row: TransferRow) -> Amount:
    """How much."""
    return Amount(value=row.amount_value, asset=row.amount_asset)


def activities_of(row: TransferRow, recipient_address: str) -> list[ActivityEntry]:
    """The line of each side's activity; the receiver's only once money has moved."""
    assert row.tx_hash is not None

    def entry(user_id: UUID, *, incoming: bool) -> ActivityEntry:
        assert row.tx_hash is not None
        return ActivityEntry(
            user_id=user_id,
            tx_hash=row.tx_hash,
            incoming=incoming,
            amount=amount_of(row),
            address=row.account if incoming else recipient_address,
            counterparty_id=row.sender_id if incoming else row.recipient_id,
            destination_tag=row.destination_tag,
            note=row.note,
            memo=row.memo,
            kind="Payment",
            state=row.state,
            uncertain=row.uncertain,
            transfer_id=row.id,
            ledger_index=row.ledger_index,
            at=row.updated_at,
            settled_at=row.settled_at,
        )

    entries = [entry(row.sender_id, incoming=False)]
    if row.recipient_id is not None and row.state == TransferState.SETTLED:
        entries.append(entry(row.recipient_id, incoming=True))
    return entries


def _transfer(row: TransferRow, people: dict[UUID, Person], *, is_sender: bool) -> Transfer:
    state = TransferState(row.state)
    failure = None
    if row.failure_code is not None:
        failure = Failure(
            code=row.failure_code,
            detail=row.failure_detail or "",
            fee_charged_drops=row.fee_charged_drops or 0,
        )
    draft = None
    if state is TransferState.DRAFTED and is_sender:
        draft = Draft(
            tx_blob=row.draft_blob.hex().upper(),
            signing_hash=row.signing_hash,
            last_ledger=row.last_ledger,
            fee_drops=row.fee_drops,
            expires_at=row.draft_expires_at,
            credential_ids=tuple(row.credential_ids),
        )
    return Transfer(
        id=row.id,
        state=state,
        uncertain=row.uncertain,
        version=row.version,
        sender=people[row.sender_id],
        recipient=people.get(row.recipient_id) if row.recipient_id is not None else None,
        address=row.address,
        destination_tag=row.destination_tag,
        amount=amount_of(row),
        spend=drafting.spend_of(row).most,
        quote_expires_at=row.quote_expires_at,
        fee_drops=row.fee_drops,
        note=row.note,
        memo=row.memo,
        room_id=row.room_id,
        request_id=row.pays_id if row.pays_kind == Pays.REQUEST else None,
        settles_room_id=row.pays_id if row.pays_kind == Pays.SETTLE_UP else None,
        run_id=row.pays_id if row.pays_kind == Pays.RUN else None,
        warnings=msgspec.convert(row.warnings, list[TransferWarning]) if is_sender else [],
        draft=draft,
        approval_error=row.approval_error if is_sender else None,
        tries_left=row.tries_left if is_sender else None,
        retry_at=row.retry_at if is_sender else None,
        tx_hash=row.tx_hash,
        ledger_index=row.ledger_index,
        failure=failure,
        created_at=row.created_at,
        updated_at=row.updated_at,
        settled_at=row.settled_at,
    )
