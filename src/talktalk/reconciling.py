"""`./talktalk reconcile`: every account's whole history against the ledger's, now. Composition only.

Needs the settings of a worker, without its keys: the database, the ledger nodes, the network's name. May run
beside everything else: it reads, and writes down what it finds.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from talktalk.config import Settings, SettingsError
from talktalk.ledger.amounts import format_drops
from talktalk.ledger.errors import LedgerGap, NodeRefused, NodeUnavailable
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.reconcile import Reconciler, Report
from talktalk.ledger.service import Ledger
from talktalk.platform.clock import SystemClock
from talktalk.platform.database import Database
from talktalk.wallet.books import ActivityBooks

CONNECT_S = 10.0
AGREED, DIFFERS, UNKNOWN = 0, 1, 2
"""Exit codes: all agree; something differs; not everything could be compared."""


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """An account that could not be compared, and why."""

    address: str
    reason: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the command prints."""

    reports: list[Report]
    unknown: list[Unknown]

    @property
    def exit_code(self) -> int:
        """For whoever runs it from a script."""
        if any(report.differences for report in self.reports):
            return DIFFERS
        return UNKNOWN if self.unknown else AGREED


def reconcile(settings: Settings, wanted: Sequence[str]) -> Outcome:
    """Compare these accounts, or all that are watched.

    Raises:
        SettingsError: No ledger node is named.
    """
    if not settings.ledger_urls:
        raise SettingsError("settings: TALKTALK_LEDGER_URLS names no ledger node")
    return asyncio.run(compare_all(settings, wanted))


async def compare_all(settings: Settings, wanted: Sequence[str]) -> Outcome:
    """As `reconcile`, inside a running loop."""
    database = Database(settings.database_url, pool_size=2)
    pool = NodePool(settings.ledger_urls)
    reconciler = Reconciler(
        database,
        Ledger(pool, network=settings.network_name),
        ActivityBooks(settings.network_name),
        SystemClock(),
    )
    outcome = Outcome(reports=[], unknown=[])
    try:
        async with pool:
            await pool.wait_beyond(0, timeout_s=CONNECT_S)
            async for address in _addresses(reconciler, wanted):
                await _compare(reconciler, address, outcome)
    finally:
        await database.close()
    return outcome


async def _compare(reconciler: Reconciler, address: str, outcome: Outcome) -> None:
    try:
        report = await reconciler.whole(address)
    except (LedgerGap, NodeUnavailable, NodeRefused) as error:
        outcome.unknown.append(Unknown(address=address, reason=str(error)))
        return
    if report is None:
        outcome.unknown.append(Unknown(address=address, reason="not watched, or nothing was processed yet"))
    else:
        outcome.reports.append(report)


async def _addresses(reconciler: Reconciler, wanted: Sequence[str]) -> AsyncIterator[str]:
    for address in wanted:
        yield address
    last = ""
    while not wanted and (page := await reconciler.addresses(after=last)):
        for address in page:
            yield address
        last = page[-1]


def print_readably(outcome: Outcome, console: Console) -> None:
    """A line an account, then each difference in full."""
    table = Table("account", "owner", "ledgers", "transactions", "balance (XRP)", "differences")
    for report in outcome.reports:
        table.add_row(
            report.address,
            report.owner,
            f"{report.after + 1}–{report.until}",
            str(report.transactions),
            format_drops(report.closing_drops),
            str(len(report.differences)),
        )
    console.print(table)
    for report in outcome.reports:
        for each in report.differences:
            where = "" if each.ledger_index is None else f" in ledger {each.ledger_index}"
            what = f"{each.kind}{where}: {each.tx_hash} {each.detail}"
            console.print(f"[red]{report.address}[/red] {escape(what)}")
    for account in outcome.unknown:
        console.print(f"[yellow]{account.address}[/yellow] not compared: {escape(account.reason)}")
    differing = sum(bool(report.differences) for report in outcome.reports)
    console.print(
        f"{len(outcome.reports)} accounts compared, {differing} with differences, "
        f"{len(outcome.unknown)} not compared."
    )
