"""Tickets of watched accounts: which exist, and which nothing of ours uses.

A ticket is an object of its account's, made by a TicketCreate and gone with the transaction that
uses it. Its row is written from the metadata of validated ledgers, like the account's own. A row
is kept when its ticket is used, so that reading a ledger again changes nothing.

Source: xrpl.org, Tickets.
"""

from collections.abc import Collection, Iterator

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger.schemas import ValidatedLedger
from talktalk.ledger.tables import TicketRow

TICKETS_MAX = 250
"""Of one account at a time: the ledger's own limit."""


class TicketChange(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that a ledger made or used up."""

    account: str
    ticket_sequence: int
    is_used: bool


def changes_in(ledger: ValidatedLedger) -> Iterator[TicketChange]:
    """Every ticket the ledger's transactions made or used up, in their order."""
    for transaction in ledger.transactions:
        for entry in transaction.meta.get("AffectedNodes", []):
            ((kind, node),) = entry.items()
            if node.get("LedgerEntryType") != "Ticket" or kind == "ModifiedNode":
                continue
            fields = node["NewFields"] if kind == "CreatedNode" else node["FinalFields"]
            yield TicketChange(
                account=fields["Account"],
                ticket_sequence=int(fields["TicketSequence"]),
                is_used=kind == "DeletedNode",
            )


async def write(db: AsyncSession, network: str, changes: Collection[TicketChange], ledger_index: int) -> None:
    """Write what a ledger did to tickets of watched accounts; repeating it changes nothing."""
    made = [change for change in changes if not change.is_used]
    used = [change for change in changes if change.is_used]
    if made:
        statement = insert(TicketRow).on_conflict_do_nothing()
        await db.execute(statement, [_row(network, change, None) for change in made])
    if used:
        statement = insert(TicketRow)
        statement = statement.on_conflict_do_update(
            index_elements=[TicketRow.network, TicketRow.account, TicketRow.ticket_sequence],
            set_={"used_ledger": statement.excluded.used_ledger},
        )
        await db.execute(statement, [_row(network, change, ledger_index) for change in used])


async def unused(db: AsyncSession, network: str, address: str, taken: Collection[int]) -> list[int]:
    """Tickets of an account that exist and are not in `taken`, ascending.

    The caller holds the account's lock if it means to use one.
    """
    found = await db.execute(
        select(TicketRow.ticket_sequence)
        .where(
            TicketRow.network == network,
            TicketRow.account == address,
            TicketRow.used_ledger.is_(None),
        )
        .order_by(TicketRow.ticket_sequence)
    )
    return [ticket for ticket in found.scalars() if ticket not in taken]


def _row(network: str, change: TicketChange, used_ledger: int | None) -> dict[str, object]:
    return {
        "network": network,
        "account": change.account,
        "ticket_sequence": change.ticket_sequence,
        "used_ledger": used_ledger,
    }
