"""Drawing up the transaction a person approves, and drawing it up anew when it has aged."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger import fees, outgoing, transactions
from talktalk.ledger.amounts import to_ledger
from talktalk.ledger.schemas import Draft, LedgerHead
from talktalk.ledger.service import MARGIN_LEDGERS, Ledger, window_ends_at, window_ledgers
from talktalk.transfers.tables import TransferRow
from talktalk.transfers.tokens import Spend
from talktalk.wallet.schemas import ReadyWallet
from talktalk_wire.common import Amount


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
    amount: Amount,
    spend: Spend,
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
        amount=to_ledger(amount),
        send_max=to_ledger(spend.send_max) if spend.send_max is not None else None,
        paths=spend.paths,
        sequence=outgoing.next_number(wallet.account.sequence, taken),
        fee_drops=fees.capped(head.fee_drops),
        first_ledger=head.ledger_index,
        last_ledger=last_ledger,
        network_id=head.network_id,
        memo=memo,
        credential_ids=credential_ids,
    )
    # People get the margin's worth less, so that who approves in time is signed in time.
    expires_at = window_ends_at(head, last_ledger - MARGIN_LEDGERS, now)
    if spend.quote_expires_at is not None:
        expires_at = min(expires_at, spend.quote_expires_at)
    return Terms(draft=draft, expires_at=expires_at)


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


def spend_of(row: TransferRow) -> Spend:
    """What leaves the sender at most, as the row holds it."""
    if row.spend_asset is None or row.spend_value is None:
        return Spend(most=Amount(value=row.amount_value, asset=row.amount_asset))
    most = Amount(value=row.spend_value, asset=row.spend_asset)
    return Spend(
        most=most,
        send_max=most if row.says_send_max else None,
        paths=row.paths,
        quote_expires_at=row.quote_expires_at,
    )


def spend_columns(amount: Amount, spend: Spend) -> dict[str, Any]:
    """What leaves the sender, as the row holds it."""
    if spend.most == amount and amount.asset == "XRP":
        return {"says_send_max": False}
    return {
        "spend_asset": spend.most.asset,
        "spend_value": spend.most.value,
        "says_send_max": spend.send_max is not None,
        "paths": spend.paths,
        "quote_expires_at": spend.quote_expires_at,
    }


def is_quote_old(row: TransferRow, now: datetime) -> bool:
    """Whether the price of an exchange was asked too long ago to be signed."""
    return row.quote_expires_at is not None and row.quote_expires_at < now


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
        amount=Amount(value=row.amount_value, asset=row.amount_asset),
        spend=spend_of(row),
        memo=row.memo,
        credential_ids=row.credential_ids,
        now=now,
    )
    for name, value in columns(terms).items():
        setattr(row, name, value)
