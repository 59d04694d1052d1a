"""The ledger's door for other slices: reading, drafting terms, processing and submitting.

`Ledger` holds the connections of one process. What it reads through them is live; what the
database functions here read is what the last processed ledger left, which is all that web needs
for our own accounts.
"""

import contextlib
import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger import accounts, credentials, fees
from talktalk.ledger.amendments import Amendments
from talktalk.ledger.errors import LedgerUnavailable, NodeRefused, NodeUnavailable
from talktalk.ledger.follow import WINDOW_LEDGERS_MAX
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.preflight import Preflight
from talktalk.ledger.schemas import (
    AccountState,
    LedgerHead,
    Reserves,
    ValidatedLedger,
)

WINDOW_S = 120
"""How long a drafted transaction may still apply: time to read it, type a PIN, and be sent."""
WINDOW_LEDGERS_MIN = 20
MARGIN_LEDGERS = 4
"""A transaction is signed only while at least so many ledgers of its window remain."""
CLOSE_INTERVAL_MS_FIRST = 1000
"""Believed of a network never seen before: short, so that the first windows are rather too long."""
CLOSE_INTERVAL_MS_MIN = 150
HEAD_KEPT_S = 1.0
"""Nodes that went silent must not keep an old head alive for longer."""
NETWORK_IDS = {"mainnet": 0, "testnet": 1, "devnet": 2}
"""What nodes of the public networks call themselves: a URL that leads elsewhere is found out."""

log = logging.getLogger(__name__)


class Ledger:
    """What one process needs to ask the network, and which network that is."""

    def __init__(self, pool: NodePool, *, network: str) -> None:
        self.pool = pool
        self.network = network
        self._head: LedgerHead | None = None
        self._head_read_at = 0.0
        self.amendments = Amendments(pool)
        self._preflight = Preflight(pool, self.amendments)
        pool.network_id = NETWORK_IDS.get(network, pool.network_id)

    @property
    def is_main(self) -> bool:
        """Whether real money moves: decides which X-addresses are right."""
        return self.network == "mainnet"

    async def head(self, db: AsyncSession) -> LedgerHead:
        """The newest processed ledger and the network's terms.

        Raises:
            LedgerUnavailable: None was ever processed.
        """
        head = await accounts.read_head(db, self.network)
        if head is None:
            raise LedgerUnavailable("no ledger was processed yet")
        if head.network_id is not None:
            self.pool.network_id = head.network_id
        return head

    async def account(self, address: str) -> AccountState | None:
        """Any account as the newest validated ledger holds it; None if there is none.

        Raises:
            LedgerUnavailable: No node answered, or a node answered nonsense.
        """
        try:
            found = await self.pool.request("account_info", account=address, ledger_index="validated")
        except NodeRefused as error:
            if error.error == "actNotFound":
                return None
            raise LedgerUnavailable(f"the node answered {error.error}") from error
        except NodeUnavailable as error:
            raise LedgerUnavailable from error
        return account_state(found)

    async def enabled(self, *amendments: str) -> bool:
        """Whether the network has all these amendments on, each by name or id.

        Example: `await ledger.enabled(*NATIVE_BATCH)`.

        Raises:
            LedgerUnavailable: It was never known, and no node answers.
        """
        return await self.amendments.enabled(*amendments)

    async def preflight(self, blob: bytes) -> None:
        """Ask a node what would become of a draft now, where one can tell. Returning is no promise.

        Raises:
            WouldFail: The ledger would refuse it.
        """
        await self._preflight.look(blob)

    async def deposit_authorized(self, source: str, destination: str) -> bool:
        """Whether an account that chooses its senders takes money from `source`.

        Raises:
            LedgerUnavailable: No node answered, or a node answered nonsense.
        """
        try:
            found = await self.pool.request(
                "deposit_authorized",
                source_account=source,
                destination_account=destination,
                ledger_index="validated",
            )
        except (NodeUnavailable, NodeRefused) as error:
            raise LedgerUnavailable from error
        return bool(found["deposit_authorized"])

    async def deposit_credentials(self, source: str, destination: str) -> tuple[str, ...]:
        """Credentials of `source` that make `destination` take its payments, ids in ascending order.

        A destination names sets of credentials; a payment must show exactly one of these sets. What the
        source has not accepted, or has let expire, does not count.

        Returns:
            The first set that a node agrees to; empty if there is none.

        Raises:
            LedgerUnavailable: No node answered.
        """
        try:
            mine = await credentials.held_by(self.pool, source)
            for wanted in await credentials.sets_taken_by(self.pool, destination) if mine else ():
                if not wanted <= mine.keys():
                    continue
                ids = sorted(mine[each] for each in wanted)
                with contextlib.suppress(NodeRefused):
                    found = await self.pool.request(
                        "deposit_authorized",
                        source_account=source,
                        destination_account=destination,
                        credentials=ids,
                        ledger_index="validated",
                    )
                    if found["deposit_authorized"]:
                        return tuple(ids)
        except (NodeUnavailable, NodeRefused) as error:
            raise LedgerUnavailable from error
        return ()

    async def read_terms(self, ledger: ValidatedLedger, before: LedgerHead | None) -> LedgerHead:
        """The head that `ledger` makes, with the network's terms as the nodes tell them now.

        Raises:
            NodeUnavailable: No node told them yet.
        """
        latest = self.pool.latest
        if latest is None:
            raise NodeUnavailable("no node has told the reserves yet")
        fee_drops = latest.fee_base
        with contextlib.suppress(NodeUnavailable, NodeRefused):
            fee_drops = fees.suggested_drops(await self.pool.request("fee"))
        return LedgerHead(
            network=self.network,
            ledger_index=ledger.ledger_index,
            close_time=ledger.close_time,
            fee_drops=fee_drops,
            reserves=Reserves(base_drops=latest.reserve_base, increment_drops=latest.reserve_inc),
            close_interval_ms=_interval_ms(ledger, before),
            # A network does not change its id; a node that says so stands in another one.
            network_id=before.network_id
            if before is not None and before.network_id is not None
            else latest.network_id,
        )


def account_state(found: dict[str, Any]) -> AccountState:
    """The state in an answer to `account_info`."""
    data = found["account_data"]
    return AccountState(
        address=data["Account"],
        balance_drops=int(data["Balance"]),
        sequence=int(data["Sequence"]),
        owner_count=int(data["OwnerCount"]),
        flags=int(data["Flags"]),
        ledger_index=int(found["ledger_index"]),
    )


def window_ledgers(head: LedgerHead) -> int:
    """How many ledgers a draft made now stays valid: about `WINDOW_S` at the network's pace."""
    wanted = WINDOW_S * 1000 // max(head.close_interval_ms, CLOSE_INTERVAL_MS_MIN)
    return max(WINDOW_LEDGERS_MIN, min(WINDOW_LEDGERS_MAX, wanted))


def window_ends_at(head: LedgerHead, last_ledger: int, now: datetime) -> datetime:
    """About when `last_ledger` will have closed."""
    return now + timedelta(milliseconds=(last_ledger - head.ledger_index) * head.close_interval_ms)


def _interval_ms(ledger: ValidatedLedger, before: LedgerHead | None) -> int:
    if before is None:
        return CLOSE_INTERVAL_MS_FIRST
    passed = (ledger.close_time - before.close_time) / timedelta(milliseconds=1)
    count = max(1, ledger.ledger_index - before.ledger_index)
    # Close times are rounded to many seconds, so a single gap says little.
    smoothed = before.close_interval_ms * 0.95 + min(passed / count, 60_000) * 0.05
    return max(CLOSE_INTERVAL_MS_MIN, round(smoothed))
