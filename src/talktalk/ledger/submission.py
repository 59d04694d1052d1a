"""Sending stored transactions until each has ended, and ending those that expired.

Only blobs that a committed row holds are ever sent, and always the same blob. Whatever a node answers is
written down for people and decides nothing: nodes keep what they refused and may apply it until
`LastLedgerSequence`.

What ends a transaction is our own reading of every ledger, each proven by a hash that a quorum of nodes
names. Processing ends those it finds. This loop ends those it did not find: a row is committed before any
node sees its blob, so a ledger that holds it is read later than the row; once every ledger of the window
has been read and processed without it, it can never happen any more. No node needs to be believed, neither
that it looked everywhere nor that it found something.

Only for a window that began before we read ledgers (the cursor was set anew) the nodes are asked, and a
quorum of them must agree (`follow`).

Any number of workers may run it: due rows are claimed for a few seconds, and a claim that is lost
with its worker costs only that time.
"""

import asyncio
import logging
from datetime import timedelta
from itertools import groupby

import msgspec

from talktalk.ledger import accounts, outgoing
from talktalk.ledger.errors import LedgerGap, NodeUnavailable
from talktalk.ledger.follow import Search, look_up
from talktalk.ledger.outgoing import Answer, End
from talktalk.ledger.ports import Makers
from talktalk.ledger.processing import close_all
from talktalk.ledger.schemas import Expired, Failed, Outcome, OutgoingState, Pending, Scanned, Settled
from talktalk.ledger.service import Ledger
from talktalk.ledger.tables import OutgoingRow
from talktalk.platform.clock import Clock
from talktalk.platform.database import Database

BATCH = 100
LOOK_AGAIN_S = 6.0
"""After a node took a blob, ask what became of it so much later, and send it again if unknown."""
UNKNOWN_AGAIN_S = 1.0
IDLE_S = 1.0
GATHER_S = 0.05
"""Where several were due together, the next round waits so long to find more."""
LAG_LEDGERS = 3
"""When the nodes are so far past a window that we have not read to its end, what became of it is unknown."""

log = logging.getLogger(__name__)


class _Word(msgspec.Struct, frozen=True, kw_only=True):
    """What one round learned of one transaction that has not ended."""

    taken: bool
    engine_result: str | None
    uncertain: bool


class Submitter:
    """Sends and looks up for as long as `run` runs."""

    def __init__(self, database: Database, ledger: Ledger, makers: Makers, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._makers = makers
        self._clock = clock
        self.wake = asyncio.Event()
        """Set it when something may be due."""

    async def run(self) -> None:
        """Work off what is due until cancelled."""
        while True:
            self.wake.clear()
            count = await self.work_once()
            if count == BATCH:
                continue
            if count > 1:
                await asyncio.sleep(GATHER_S)
            try:
                async with asyncio.timeout(IDLE_S):
                    await self.wake.wait()
            except TimeoutError:
                continue

    async def work_once(self) -> int:
        """Send or look up what is due now; the number of transactions touched."""
        async with self._database.transaction() as db:
            rows = await outgoing.claim_due(db, self._ledger.network, self._clock.now(), BATCH)
            scanned = await accounts.read_scanned(db, self._ledger.network) if rows else None
        if not rows:
            return 0
        learned = await asyncio.gather(*(self._advance(row, scanned) for row in rows))
        now = self._clock.now()
        ended: list[End] = []
        answers: list[Answer] = []
        for row, word in zip(rows, learned, strict=True):
            if isinstance(word, _Word):
                again = timedelta(seconds=LOOK_AGAIN_S if word.taken else UNKNOWN_AGAIN_S)
                answers.append(
                    Answer(
                        outgoing_id=row.id,
                        taken=word.taken,
                        engine_result=word.engine_result,
                        uncertain=word.uncertain,
                        next_look_at=now + again,
                    )
                )
            else:
                ended.append(End(transaction=outgoing.view(row), outcome=word, at=now))
        await self._write_open(answers)
        if ended:
            async with self._database.transaction() as db:
                await close_all(db, self._makers, ended)
        return len(rows)

    async def _advance(self, row: OutgoingRow, scanned: Scanned | None) -> Outcome | _Word:
        """One round for one transaction: end it if its window was read, else send it unless it is known."""
        latest = self._ledger.pool.latest
        newest = latest.ledger_index if latest is not None else 0
        is_read_by_us = scanned is not None and scanned.begins_before(row.first_ledger)
        if scanned is not None and scanned.covers(row.first_ledger, row.last_ledger):
            return Expired(last_ledger=row.last_ledger)
        if is_read_by_us and newest >= row.last_ledger:
            # Too late to send, too early to say.
            is_lagging = newest >= row.last_ledger + LAG_LEDGERS
            return _Word(taken=False, engine_result=None, uncertain=row.uncertain or is_lagging)
        if row.state == OutgoingState.SUBMITTED or row.attempts > 1 or newest >= row.last_ledger:
            search = Search(tx_hash=row.tx_hash, first_ledger=row.first_ledger, last_ledger=row.last_ledger)
            try:
                found = await look_up(self._ledger.pool, search)
            except (LedgerGap, NodeUnavailable) as error:
                log.warning("outcome of %s is not known yet: %s", row.tx_hash, error)
                return _Word(taken=False, engine_result=None, uncertain=True)
            if isinstance(found, Settled | Failed) and (is_read_by_us or row.numbers > 1):
                # How many numbers it used, and what its inner transactions did, stands in its ledger.
                return _Word(taken=True, engine_result=None, uncertain=False)
            if isinstance(found, Settled | Failed) or (isinstance(found, Expired) and not is_read_by_us):
                return found
            if isinstance(found, Pending) and found.seen:
                return _Word(taken=True, engine_result=None, uncertain=False)
        answers = await self._ledger.pool.submit(row.blob)
        if not answers:
            return _Word(taken=False, engine_result=None, uncertain=True)
        log.info("sent %s: %s", row.tx_hash, ", ".join(answer.engine_result for answer in answers))
        return _Word(taken=True, engine_result=answers[0].engine_result, uncertain=False)

    async def _write_open(self, answers: list[Answer]) -> None:
        if not answers:
            return
        async with self._database.transaction() as db:
            progressed = await outgoing.note_answers(db, answers)
            progressed.sort(key=lambda transaction: transaction.purpose)
            for purpose, transactions in groupby(progressed, key=lambda transaction: transaction.purpose):
                await self._makers[purpose].transactions_progressed(db, list(transactions))
