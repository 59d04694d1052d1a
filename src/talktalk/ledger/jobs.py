"""Background work of the ledger slice: the daily comparison with the ledger, in slices."""

import logging

from procrastinate import Blueprint, JobContext

from talktalk.ledger.errors import LedgerGap, NodeRefused, NodeUnavailable
from talktalk.ledger.reconcile import Reconciler
from talktalk.platform import jobs
from talktalk.platform.database import Database

ACCOUNTS = 25
"""Accounts compared in one job; the next job goes on after the last."""
SLICE = "ledger.reconcile_slice"
blueprint = Blueprint()
log = logging.getLogger(__name__)


@blueprint.periodic(cron="17 18 * * *")
@blueprint.task(name="ledger.reconcile", pass_context=True, queueing_lock="ledger.reconcile")
async def reconcile(context: JobContext, timestamp: int) -> None:
    """Begin the day's comparison, at night in Korea. `timestamp` is when it was due, in Unix seconds."""
    database: Database = context.additional_context["database"]
    async with database.transaction() as db:
        await jobs.defer(db, SLICE, lock=SLICE, after="")


@blueprint.task(name=SLICE, pass_context=True)
async def reconcile_slice(context: JobContext, after: str) -> None:
    """Compare the accounts that follow `after`, a bounded piece of each, and leave the rest to the next job.

    A node that is away, or lacks history, costs an account its turn and nothing else: tomorrow's comparison
    begins where the last one ended.
    """
    reconciler: Reconciler = context.additional_context["reconciler"]
    database: Database = context.additional_context["database"]
    addresses = await reconciler.addresses(after=after, limit=ACCOUNTS)
    if not addresses:
        return
    last = after
    for address in addresses:
        has_more = False
        try:
            report = await reconciler.onward(address)
            has_more = report is not None and not report.is_complete
        except (LedgerGap, NodeUnavailable, NodeRefused) as error:
            log.warning("%s was not compared with the ledger: %s", address, error)
        if has_more:
            break
        last = address
    async with database.transaction() as db:
        await jobs.defer(db, SLICE, lock=SLICE, after=last)
