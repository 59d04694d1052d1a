"""Reading a person's activity: filters, pages, and the whole of it as a table.

A page and the table take the same `ActivityFilter`, so what is exported is what was listed. The table is
RFC 4180 with CRLF, read in short transactions of `EXPORT_BATCH` rows, so that neither memory nor a
database snapshot grows with its length. Amounts stand as the exact decimals they are, times as RFC 3339.
"""

import csv
import io
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity import service as identity
from talktalk.platform.database import Database
from talktalk.platform.problems import NotFound
from talktalk.wallet import queries
from talktalk.wallet.schemas import ActivityFilter
from talktalk.wallet.service import activities_of
from talktalk_wire.wallet import Activity

EXPORT_BATCH = 500
PAGE_MAX = 100
SEARCH_LENGTH_MAX = 100
BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it some spreadsheets take UTF-8 for a local encoding and garble Korean."""
COLUMNS: Final = (
    "id",
    "created_at",
    "settled_at",
    "direction",
    "state",
    "amount",
    "asset",
    "counterparty",
    "address",
    "destination_tag",
    "note",
    "tx_hash",
    "ledger_index",
)
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


async def page(
    db: AsyncSession, user_id: UUID, wanted: ActivityFilter, *, before: UUID | None, limit: int
) -> tuple[list[Activity], UUID | None]:
    """Movements, newest first, and where the next page begins."""
    named = await _people_named(db, user_id, wanted.text)
    rows = await queries.activities(db, user_id, wanted, named=named, before=before, limit=limit + 1)
    shown = rows[:limit]
    return await activities_of(db, shown), shown[-1].id if len(rows) > limit else None


async def one(db: AsyncSession, user_id: UUID, activity_id: UUID) -> Activity:
    """One movement of the person's.

    Raises:
        NotFound: None such, or another person's.
    """
    row = await queries.activity(db, user_id, activity_id)
    if row is None:
        raise NotFound
    return (await activities_of(db, [row]))[0]


async def table(
    database: Database, user_id: UUID, wanted: ActivityFilter, *, excel: bool = False
) -> AsyncIterator[str]:
    """The whole of it as CSV, a batch of lines at a time, under a line of names.

    The first batch is read before this returns, so that what cannot be asked fails before an answer begins.

    Args:
        database: Opened once a batch.
        user_id: Whose.
        wanted: As for a page.
        excel: Begin with a byte order mark.
    """
    first, following = await _batch(database, user_id, wanted, None)

    async def lines() -> AsyncIterator[str]:
        yield (BYTE_ORDER_MARK if excel else "") + _lines([COLUMNS]) + first
        before = following
        while before is not None:
            batch, before = await _batch(database, user_id, wanted, before)
            yield batch

    return lines()


async def _batch(
    database: Database, user_id: UUID, wanted: ActivityFilter, before: UUID | None
) -> tuple[str, UUID | None]:
    async with database.transaction() as db:
        entries, following = await page(db, user_id, wanted, before=before, limit=EXPORT_BATCH)
    return _lines([_cells(entry) for entry in entries]), following


async def _people_named(db: AsyncSession, user_id: UUID, text: str | None) -> Collection[UUID]:
    if not text:
        return ()
    ids = await queries.counterparties(db, user_id)
    people = await identity.people(db, ids) if ids else {}
    return [person.id for person in people.values() if text.casefold() in person.name.casefold()]


def _cells(entry: Activity) -> tuple[object, ...]:
    return (
        entry.id,
        moment(entry.created_at),
        moment(entry.settled_at) if entry.settled_at is not None else "",
        "in" if entry.incoming else "out",
        "uncertain" if entry.uncertain else entry.state,
        entry.amount.value,
        text_cell(entry.amount.asset),
        text_cell(entry.counterparty.name if entry.counterparty is not None else ""),
        entry.address,
        "" if entry.destination_tag is None else entry.destination_tag,
        text_cell(entry.note),
        entry.tx_hash or "",
        "" if entry.ledger_index is None else entry.ledger_index,
    )


def moment(at: datetime) -> str:
    """RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def text_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe goes before what begins like one.

    Source: OWASP, CSV Injection.
    """
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def _lines(rows: Collection[tuple[object, ...]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()
