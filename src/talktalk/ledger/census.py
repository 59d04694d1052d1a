"""Reading an account's trust lines and MPTs whole: once when it is first watched, and to compare.

Metadata tells what changes; what was there before an account was watched is in no ledger still to
come. So each account is read whole once, at a ledger that processing has passed. The reading is of
ledger L; whatever later ledgers tell is newer and stays. An account must have been watched in a
ledger before L, since the ledger that was being processed when it became watched may have gone by
without it.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from talktalk.ledger import accounts, holdings
from talktalk.ledger.errors import NodeRefused, NodeUnavailable
from talktalk.ledger.lines import Holding, holdings_of
from talktalk.ledger.ports import LedgerListener
from talktalk.ledger.service import Ledger
from talktalk.platform.database import Database

BATCH = 20
PAGE = 400
PAGES_MAX = 250
"""Pages of entries that are read of one account, 100,000 entries; the log tells of one that has more."""
ROWS = 1000
"""Rows written by one statement."""
IDLE_S: Final = 1.0
_TYPES: Final = (("state", "RippleState"), ("mptoken", "MPToken"))

log = logging.getLogger(__name__)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A holding that we have otherwise than the ledger."""

    account: str
    asset: str
    ours: Holding | None
    ledgers: Holding | None


class Census:
    """Reads accounts whole for as long as `run` runs."""

    def __init__(self, database: Database, ledger: Ledger, listener: LedgerListener) -> None:
        self._database = database
        self._ledger = ledger
        self._listener = listener
        self._first_seen: dict[str, int] = {}

    async def run(self) -> None:
        """Read every account that never was, until cancelled."""
        while True:
            await self.turn()
            await asyncio.sleep(IDLE_S)

    async def turn(self) -> int:
        """Read those that are due; how many were."""
        network = self._ledger.network
        async with self._database.transaction() as db:
            head = await accounts.read_head(db, network)
            waiting = await holdings.unread(db, network, BATCH) if head is not None else []
        done = 0
        for address in waiting:
            assert head is not None
            first_seen = self._first_seen.setdefault(address, head.ledger_index)
            if head.ledger_index > first_seen:
                await self._read_whole(address, head.ledger_index)
                self._first_seen.pop(address)
                done += 1
        return done

    async def compare(self, address: str) -> list[Difference]:
        """Where our rows and the ledger, as of the last processed ledger, do not agree.

        Raises:
            NodeUnavailable: No node answered.
        """
        network = self._ledger.network
        async with self._database.transaction() as db:
            head = await accounts.read_head(db, network)
        if head is None:
            return []
        found, is_whole = await self._ask(address, head.ledger_index)
        theirs = {holding.asset: holding for holding in found}
        async with self._database.transaction() as db:
            newer = await holdings.written_after(db, network, address, head.ledger_index)
            ours = {
                holding.asset: holding
                for holding in await holdings.written_before(db, network, address, head.ledger_index)
            }
        return [
            Difference(account=address, asset=asset, ours=ours.get(asset), ledgers=theirs.get(asset))
            for asset in sorted(((ours.keys() if is_whole else set()) | theirs.keys()) - newer)
            if not _is_same(ours.get(asset), theirs.get(asset))
        ]

    async def _read_whole(self, address: str, ledger_index: int) -> None:
        found, is_whole = await self._ask(address, ledger_index)
        network = self._ledger.network
        async with self._database.transaction() as db:
            kept = {holding.asset for holding in found}
            ours = await holdings.written_before(db, network, address, ledger_index) if is_whole else []
            gone = [
                msgspec.structs.replace(
                    holding,
                    balance="0",
                    locked="0",
                    limit="0",
                    peer_limit="0",
                    flags=0,
                    present=False,
                    ledger_index=ledger_index,
                )
                for holding in ours
                if holding.asset not in kept
            ]
            changed = set()
            for part in _batches([*found, *gone], ROWS):
                changed |= await holdings.write(db, network, part)
            await holdings.mark_read(db, network, address, ledger_index)
            if changed:
                owners = await accounts.watched_owners(db, network, changed)
                await self._listener.holdings_changed(db, sorted(owners.values()))

    async def _ask(self, address: str, ledger_index: int) -> tuple[list[Holding], bool]:
        """What the account holds, and whether that is all."""
        found: list[Holding] = []
        for wanted, kind in _TYPES:
            marker: object = None
            for _ in range(PAGES_MAX):
                answer = await self._page(address, ledger_index, wanted, marker)
                for entry in answer.get("account_objects", []):
                    sides = holdings_of(kind, entry, ledger_index)
                    found += [holding for holding in sides if holding.account == address]
                marker = answer.get("marker")
                if marker is None:
                    break
            else:
                log.error("%s owns too many entries to be read whole", address)
                return found, False
        return found, True

    async def _page(self, address: str, ledger_index: int, wanted: str, marker: object) -> dict[str, Any]:
        more: dict[str, Any] = {} if marker is None else {"marker": marker}
        try:
            return await self._ledger.pool.request(
                "account_objects", account=address, ledger_index=ledger_index, type=wanted, limit=PAGE, **more
            )
        except NodeRefused as error:
            if error.error == "actNotFound":
                return {}
            raise NodeUnavailable(f"account_objects: {error.error}") from error


def _is_same(ours: Holding | None, theirs: Holding | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return msgspec.structs.replace(ours, ledger_index=theirs.ledger_index) == theirs


def _batches(items: Sequence[Holding], size: int) -> Iterator[Sequence[Holding]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
