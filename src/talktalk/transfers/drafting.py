"""Drawing up the transaction a person approves, and drawing it up anew when it has aged."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger import fees, outgoing, transactions
from talktalk.ledger.schemas import Draft, LedgerHead
from talktalk.ledger.service import MARGIN_LEDGERS, Ledger, window_ends_at, window_ledgers
from talktalk.transfers.tables import TransferRow
from talktalk.wallet.schemas import ReadyWallet


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """A draft and until about when it may be approved."""

    draft: Draft
    expires_at: datetime


def draw_up(
    *,
    wallet: ReadyWallet,
    head: LedgerHead,
    taken: outgoing.Taken,
    address: str,
    destination_tag: int | None,
    amount_drops: int,
    memo: str,
    credential_ids: Sequence[str],
    now: datetime,
) -> Terms:
    """Build the transaction of a payment with the number it would take now.

    Raises:
        LedgerBusy: The network's fee is above our cap.
    """
    last_ledger = head.ledger_index + window_ledgers(head)
    draft = transactions.payment(
        account=wallet.address,
        public_key=wallet.public_key,
        destination=address,
        destination_tag=destination_tag,
        amount=str(amount_drops),
        sequence=outgoing.next_number(wallet.account.sequence, taken),
        fee_drops=fees.capped(head.fee_drops),
        first_ledger=head.ledger_index,
        last_ledger=last_ledger,
        network_id=head.network_id,
        memo=memo,
        credential_ids=credential_ids,
    )
    # People get the margin's worth less, so that who approves in time is signed in time.
    return Terms(draft=draft, expires_at=window_ends_at(head, last_ledger - MARGIN_LEDGERS, now))


def columns(terms: Terms) -> dict[str, Any]:
    """A draft as the row holds it."""
    return {
        "draft_blob": terms.draft.blob,
        "signing_hash": terms.draft.signing_hash,
        "sequence": terms.draft.sequence,
        "first_ledger": terms.draft.first_ledger,
        "last_ledger": terms.draft.last_ledger,
        "fee_drops": terms.draft.fee_drops,
        "draft_expires_at": terms.expires_at,
    }


def draft_of(row: TransferRow) -> Draft:
    """The row's draft."""
    return Draft(
        blob=row.draft_blob,
        signing_hash=row.signing_hash,
        account=row.account,
        sequence=row.sequence,
        first_ledger=row.first_ledger,
        last_ledger=row.last_ledger,
        fee_drops=row.fee_drops,
    )


def why_outdated(row: TransferRow, head: LedgerHead, next_number: int) -> str | None:
    """Why this draft cannot be signed any more, if so: `draft_expired` or `draft_changed`."""
    if row.last_ledger - head.ledger_index < MARGIN_LEDGERS:
        return "draft_expired"
    if row.sequence != next_number:
        return "draft_changed"
    return None


async def redraw(
    db: AsyncSession, ledger: Ledger, row: TransferRow, wallet: ReadyWallet, now: datetime
) -> None:
    """Give the row a fresh draft, with a new hash to approve."""
    head = await ledger.head(db)
    taken = await outgoing.taken(db, ledger.network, wallet.address)
    terms = draw_up(
        wallet=wallet,
        head=head,
        taken=taken,
        address=row.address,
        destination_tag=row.destination_tag,
        amount_drops=row.amount_drops,
        memo=row.memo,
        credential_ids=row.credential_ids,
        now=now,
    )
    for name, value in columns(terms).items():
        setattr(row, name, value)
