"""Sending stored transactions, and looking up what became of them, until each has ended.

Only blobs that a committed row holds are ever sent, and always the same blob. Whatever a node
answers is written down for people and decides nothing; what ends a transaction is a validated
ledger, or a window passed on history known complete. The processing of ledgers ends most of them
first; this loop ends the rest: those that expired, and those whose ledger another worker has not
come to yet.

Any number of workers may run it: due rows are claimed for a few seconds, and a claim that is lost
with its worker costs only that time.
"""

import asyncio
import logging
from datetime import timedelta
from itertools import groupby

import msgspec

from talktalk.ledger import outgoing
from talktalk.ledger.errors import LedgerGap, NodeUnavailable
from talktalk.ledger.follow import Search, look_up
from talktalk.ledger.outgoing import Answer, End
from talktalk.ledger.ports import Makers
from talktalk.ledger.processing import close_all
from talktalk.ledger.schemas import Failed, Outcome, OutgoingState, Pending, Settled
from talktalk.ledger.service import Ledger
from talktalk.ledger.tables import OutgoingRow
from talktalk.platform.clock import Clock
from talktalk.platform.database import Database

BATCH = 100
LOOK_AGAIN_S = 6.0
"""After a node took a blob, ask what became of it so much later, and send it again if unknown."""
UNKNOWN_AGAIN_S = 1.0
IDLE_S = 1.0

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
            if await self.work_once() == BATCH:
                continue
            try:
                async with asyncio.timeout(IDLE_S):
                    await self.wake.wait()
            except TimeoutError:
                continue

    async def work_once(self) -> int:
        """Send or look up what is due now; the number of transactions touched."""
        async with self._database.transaction() as db:
            rows = await outgoing.claim_due(db, self._ledger.network, self._clock.now(), BATCH)
        if not rows:
            return 0
        learned = await asyncio.gather(*(self._advance(row) for row in rows))
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

    async def _advance(self, row: OutgoingRow) -> Outcome | _Word:
        """One round for one transaction: look it up unless it is new, send it if it can still apply."""
        latest = self._ledger.pool.latest
        passed = latest is not None and latest.ledger_index >= row.last_ledger
        if row.state == OutgoingState.SUBMITTED or row.attempts > 1 or passed:
            search = Search(tx_hash=row.tx_hash, first_ledger=row.first_ledger, last_ledger=row.last_ledger)
            try:
                found = await look_up(self._ledger.pool, search)
            except (LedgerGap, NodeUnavailable) as error:
                log.warning("outcome of %s is not known yet: %s", row.tx_hash, error)
                return _Word(taken=False, engine_result=None, uncertain=True)
            if isinstance(found, Settled | Failed) and row.numbers > 1:
                # How many numbers it used, and what its inner transactions did, stands in its ledger.
                return _Word(taken=True, engine_result=None, uncertain=False)
            if not isinstance(found, Pending):
                return found
            if found.seen:
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
