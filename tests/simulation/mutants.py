"""Planted bugs, each a patch applied in memory, that the simulation has to find.

Each breaks one rule this house lives by, in the smallest way a hurried hand might.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

import msgspec
from sqlalchemy import update

from talktalk.ledger import outgoing, submission
from talktalk.ledger.processing import LedgerProcessor
from talktalk.ledger.schemas import Expired, Failed, Settled
from talktalk.ledger.submission import Submitter
from talktalk.ledger.tables import OutgoingRow
from talktalk.platform import audit
from talktalk.simulation.memory.store import Index
from talktalk.simulation.run import Outcome, run_seed
from talktalk.transfers import queries as transfer_queries
from talktalk.transfers.making import TransferMaker
from talktalk.transfers.service import TransferDesk

Patch = Callable[[], contextlib.AbstractContextManager[Any]]
MUTANTS: dict[str, tuple[str, Patch]] = {}


def mutant(profile: str) -> Callable[[Patch], Patch]:
    """Note a planted bug, and the profile in which it shows."""

    def noted(patch: Patch) -> Patch:
        MUTANTS[patch.__name__] = profile, patch
        return patch

    return noted


def find(name: str, seeds: Sequence[int]) -> Outcome | None:
    """The first seed that finds this bug."""
    profile, patch = MUTANTS[name]
    with patch():
        for seed in seeds:
            outcome = run_seed(seed, profile)
            if outcome.violation is not None:
                return outcome
    return None


@mutant("lossy")
def a_timeout_is_taken_for_a_failure() -> Any:
    """No node answered a submission: it is called failed."""
    whole = Submitter._advance

    async def advance(self: Submitter, row: OutgoingRow, scanned: Any) -> Any:
        word = await whole(self, row, scanned)
        if isinstance(word, submission._Word) and not word.taken:
            return Failed(ledger_index=row.first_ledger + 1, fee_drops=0, result="timeout")
        return word

    return mock.patch.object(Submitter, "_advance", advance)


@mutant("nodes")
def an_engine_result_is_believed() -> Any:
    """What a node says to a submission ends the transaction."""
    whole = Submitter._advance

    async def advance(self: Submitter, row: OutgoingRow, scanned: Any) -> Any:
        word = await whole(self, row, scanned)
        result = word.engine_result if isinstance(word, submission._Word) else None
        if result == "tesSUCCESS":
            return Settled(ledger_index=row.first_ledger + 1, fee_drops=12)
        if result is not None and not result.startswith("ter"):
            return Failed(ledger_index=row.first_ledger + 1, fee_drops=0, result=result)
        return word

    return mock.patch.object(Submitter, "_advance", advance)


@mutant("lossy")
def expiry_is_called_before_the_window_was_read() -> Any:
    """The nodes are past the window, so it must have expired; nobody has read those ledgers."""
    whole = Submitter._advance

    async def advance(self: Submitter, row: OutgoingRow, scanned: Any) -> Any:
        latest = self._ledger.pool.latest
        if latest is not None and latest.ledger_index >= row.last_ledger - 4:
            return Expired(last_ledger=row.last_ledger)
        return await whole(self, row, scanned)

    return mock.patch.object(Submitter, "_advance", advance)


@mutant("calm")
def the_blob_is_sent_before_it_is_stored() -> Any:
    """Signing sends at once, inside the transaction that has yet to commit."""
    whole = outgoing.store_all

    async def store_all(db: Any, network: str, made: Any, now: Any) -> Any:
        stored = await whole(db, network, made, now)
        for submitter in _submitters:
            for each in made:
                await submitter._ledger.pool.submit(each.signed.blob)
        return stored

    _submitters: list[Submitter] = []
    begin = Submitter.__init__

    def noted(self: Submitter, *arguments: Any, **named: Any) -> None:
        begin(self, *arguments, **named)
        _submitters[:] = [self]

    return _together(
        mock.patch.object(outgoing, "store_all", store_all), mock.patch.object(Submitter, "__init__", noted)
    )


@mutant("calm")
def numbers_are_given_twice() -> Any:
    """The next number does not look at what is on its way, and the index that would notice is gone."""
    return _together(
        mock.patch.object(outgoing, "next_number", lambda sequence, taken, numbers=1: sequence),
        _without_number_index(),
    )


@mutant("crashy")
def the_last_end_is_not_told() -> Any:
    """Of what one transaction ends, the last transfer is not told."""
    whole = TransferMaker.transactions_closed

    async def closed(self: TransferMaker, db: Any, ends: Any) -> None:
        await whole(self, db, list(ends)[:-1])

    return mock.patch.object(TransferMaker, "transactions_closed", closed)


@mutant("calm")
def cards_are_not_turned() -> Any:
    """The row changes and its card does not."""

    async def turn_cards(self: TransferDesk, *_: Any, **__: Any) -> None:
        del self

    return mock.patch.object(TransferDesk, "turn_cards", turn_cards)


@mutant("stormy")
def a_key_makes_an_intent_each_time() -> Any:
    """Who asks again with the same key gets another intent."""
    count = iter(range(1_000_000))

    async def by_key(db: Any, sender_id: Any, idempotency_key: str) -> None:
        del db, sender_id, idempotency_key

    whole = transfer_queries.insert_new

    async def insert_new(db: Any, values: dict[str, Any]) -> Any:
        values["idempotency_key"] += f"-{next(count)}"
        return await whole(db, values)

    return _together(
        mock.patch.object(transfer_queries, "by_key", by_key),
        mock.patch.object(transfer_queries, "insert_new", insert_new),
    )


@mutant("calm")
def a_ledger_is_skipped() -> Any:
    """The cursor moves past a ledger that was not written."""
    whole = LedgerProcessor.process

    async def process(self: LedgerProcessor, ledger: Any) -> None:
        if ledger.ledger_index % 5 == 0:
            ledger = msgspec.structs.replace(ledger, transactions=[])
        await whole(self, ledger)

    return mock.patch.object(LedgerProcessor, "process", process)


@mutant("crashy")
def the_log_has_holes() -> Any:
    """Of what happens, every seventh thing is not recorded."""
    whole = audit.record_all
    turn = iter(range(1_000_000))

    async def record_all(db: Any, clock: Any, happenings: Any) -> None:
        await whole(db, clock, [each for each in happenings if next(turn) % 7])

    return mock.patch.object(audit, "record_all", record_all)


@mutant("nodes")
def a_due_transaction_is_put_off_by_every_ledger() -> Any:
    """Each ledger makes what is due wait for its own close time, which may be ahead of our clock."""

    async def make_due(db: Any, network: str, last_ledger: int, at: Any) -> None:
        await db.execute(
            update(OutgoingRow)
            .where(
                OutgoingRow.network == network,
                OutgoingRow.state.in_(("signed", "submitted")),
                OutgoingRow.last_ledger <= last_ledger,
            )
            .values(next_look_at=at)
        )

    return mock.patch.object(outgoing, "make_due", make_due)


def _without_number_index() -> Any:
    whole = Index.key_of

    def key_of(self: Index, version: Any) -> Any:
        return None if self.name == "uq_outgoing_transactions_number" else whole(self, version)

    return mock.patch.object(Index, "key_of", key_of)


@contextlib.contextmanager
def _together(*patches: Any) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        yield
