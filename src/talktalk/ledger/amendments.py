"""Which amendments the network has enabled: asked of the ledger itself, never assumed.

The `Amendments` entry of the validated ledger lists the ids of what is on; an amendment's id is the
SHA-512Half of its name, so no list of names is kept here. What a server merely *knows*
(`server_definitions`, `supported`) says nothing about what its ledger does.

The list is read once and kept. It is read again when a flag ledger has passed (amendments change with
those), after `FRESH_S`, and after any node connected anew, since another server may stand behind the
address. `forget` is for who meets `temDISABLED` all the same. While no node answers, what was known
stays: an amendment that is on stays on.

Source: xrpl.org, Amendments (entry); Amendment system.
"""

import asyncio
from typing import Any

from talktalk.ledger.errors import LedgerUnavailable, NodeRefused, NodeUnavailable
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.transactions import half_sha512

ENTRY_INDEX = "7DB0788C020F02780A673DC74757F23823FA3014C1866E72CC4CD8B226CD6EF4"
"""Where every XRP Ledger keeps the entry."""
FLAG_LEDGERS = 256
"""Amendments are voted in, and come on, around ledgers whose index divides by this."""
FRESH_S = 300.0
ID_LENGTH = 64

NATIVE_BATCH = ("BatchV1_1", "fixBatchV1_2")
"""What a native Batch needs, both of them: the first alone accepts forged inner transactions, and the
withdrawn `Batch` is another amendment that must never be taken for it."""


class Amendments:
    """What is enabled on the network behind one pool of nodes."""

    def __init__(self, pool: NodePool) -> None:
        self._pool = pool
        self._enabled: frozenset[str] | None = None
        self._seen: tuple[int, int] = (0, 0)
        """Flag ledgers and connections when it was read."""
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    async def enabled(self, *names: str) -> bool:
        """Whether all of them are on in the newest validated ledger.

        Args:
            names: Names (`TokenEscrow`) or ids (64 hex digits).

        Raises:
            LedgerUnavailable: It was never read, and no node answers.
        """
        on = await self._current()
        return all(amendment_id(name) in on for name in names)

    def forget(self) -> None:
        """Read again before the next answer: a server just refused what was taken to be on."""
        self._read_at = -FRESH_S

    async def _current(self) -> frozenset[str]:
        if self._enabled is not None and not self._is_stale():
            return self._enabled
        async with self._reading:
            if self._enabled is not None and not self._is_stale():
                return self._enabled
            seen = self._now_seen()
            try:
                found = await self._pool.request(
                    "ledger_entry", index=ENTRY_INDEX, ledger_index="validated", binary=False
                )
                enabled = ids_in(found)
            except NodeRefused as error:
                if error.error != "entryNotFound":
                    return self._or_unavailable(error)
                enabled = frozenset()
            except NodeUnavailable as error:
                return self._or_unavailable(error)
            self._enabled, self._seen, self._read_at = enabled, seen, _now()
            return enabled

    def _or_unavailable(self, error: NodeRefused | NodeUnavailable) -> frozenset[str]:
        if self._enabled is None:
            raise LedgerUnavailable("no node told which amendments are on") from error
        return self._enabled

    def _is_stale(self) -> bool:
        return _now() - self._read_at >= FRESH_S or self._now_seen() != self._seen

    def _now_seen(self) -> tuple[int, int]:
        latest = self._pool.latest
        return (latest.ledger_index // FLAG_LEDGERS if latest is not None else 0, self._pool.connections)


def amendment_id(name: str) -> str:
    """The id of an amendment: an id as it is, upper-case, or that of a name."""
    if len(name) == ID_LENGTH:
        return name.upper()
    return half_sha512(name.encode("ascii"))


def ids_in(found: dict[str, Any]) -> frozenset[str]:
    """The enabled ids in an answer to `ledger_entry`."""
    return frozenset(str(each).upper() for each in found["node"].get("Amendments", ()))


def _now() -> float:
    return asyncio.get_running_loop().time()
