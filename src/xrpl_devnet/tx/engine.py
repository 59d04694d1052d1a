"""Applying one transaction: preflight, preclaim, apply, as rippled's `applySteps` and `Transactor` do.

`apply_transaction` is the whole of it. On the open ledger fees are checked and no metadata is
made; on a ledger being built the fee is destroyed and metadata is returned. Nothing is changed
unless the outcome says `applied`.
"""

import logging
from dataclasses import dataclass
from typing import Any, Final

from xrpl_codec.amounts import MAX_DROPS, is_legal_net
from xrpl_codec.binary import encode
from xrpl_codec.keys import public_key_type
from xrpl_devnet.amendments import Rules
from xrpl_devnet.ledger import invariants, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.metadata import affected_accounts, build
from xrpl_devnet.ledger.views import Action, OpenView, ReadView, Sandbox, ViewError
from xrpl_devnet.results import Ter, is_claim, is_success
from xrpl_devnet.tx.base import (
    ApplyFlags,
    PreclaimContext,
    PreflightContext,
    Transactor,
    transactor_for,
)
from xrpl_devnet.tx.batch_parts import ALL_OR_NOTHING, ONLY_ONE, UNTIL_FAILURE, inner_transactions
from xrpl_devnet.tx.tickets import delete_ticket
from xrpl_devnet.tx.transaction import INNER_BATCH, Transaction

log = logging.getLogger(__name__)

OVERSIZE_ENTRIES: Final = 5200
"""A transaction that touches more is `tecOVERSIZE`."""
HIGHEST_LEGACY_NETWORK_ID: Final = 1024
_FOR_OTHERS: Final = ("Delegate", "Sponsor", "SponsorFlags", "SponsorSignature")
"""Fields of delegation and sponsorship, which do not exist here: better refused than misread."""
_KEEPS_CLEANUP: Final = frozenset({"tecOVERSIZE", "tecKILLED", "tecINCOMPLETE", "tecEXPIRED"})
"""Taken at once even while retries are left, because something is cleaned up with them."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What a transaction left in a ledger."""

    tx: Transaction
    result: Ter
    meta: dict[str, Any]
    """Native metadata."""
    meta_blob: bytes
    accounts: frozenset[bytes]
    """The accounts whose history it belongs to."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt."""

    result: Ter
    applied: bool
    record: Applied | None = None
    """What stands in the ledger; None on the open ledger."""


def preflight(tx: Transaction, rules: Rules, flags: ApplyFlags, network_id: int) -> Ter:
    """Whether a transaction is well-formed; remembered on the transaction, for it sees no ledger."""
    known = tx.preflighted
    if known is not None and known[0] is rules and known[1] == flags & ~ApplyFlags.RETRY:
        return known[2]
    result = _preflight(PreflightContext(tx, rules, flags, network_id))
    tx.preflighted = (rules, flags & ~ApplyFlags.RETRY, result)
    return result


def _preflight(ctx: PreflightContext) -> Ter:
    tx = ctx.tx
    if any(name in tx for name in _FOR_OTHERS):
        return "temDISABLED"
    cls = transactor_for(tx)
    if cls is None or not all(ctx.rules.enabled(name) for name in cls.AMENDMENTS) or not cls.is_enabled(ctx):
        return "temDISABLED"
    if "TicketSequence" in tx and not ctx.rules.enabled("TicketBatch"):
        return "temMALFORMED"
    result = _preflight_common(ctx, cls)
    return cls.preflight(ctx) if is_success(result) else result


def _preflight_common(ctx: PreflightContext, cls: type[Transactor]) -> Ter:
    tx = ctx.tx
    network = _check_network(ctx)
    if not is_success(network):
        return network
    inner = bool(ctx.flags & ApplyFlags.INNER_BATCH)
    if bool(tx.flags & INNER_BATCH) is not inner or tx.flags & ~cls.flags_mask(ctx):
        return "temINVALID_FLAG"
    if not any(tx.account):
        return "temBAD_SRC_ACCOUNT"
    if not isinstance(tx.fee, int) or not 0 <= tx.fee <= MAX_DROPS:
        return "temBAD_FEE"
    key: bytes = tx["SigningPubKey"]
    if key and public_key_type(key) is None:
        return "temBAD_SIGNATURE"
    if tx.seq_proxy.is_ticket and "AccountTxnID" in tx:
        return "temINVALID"
    for name in ("Amount", "SendMax", "DeliverMin"):
        amount = tx.get(name)
        if isinstance(amount, int) and not is_legal_net(amount):
            return "temBAD_AMOUNT"
    return "tesSUCCESS"


def _check_network(ctx: PreflightContext) -> Ter:
    if ctx.flags & ApplyFlags.INNER_BATCH and "NetworkID" not in ctx.tx:
        return "tesSUCCESS"
    named = ctx.tx.get("NetworkID")
    if ctx.network_id <= HIGHEST_LEGACY_NETWORK_ID:
        return "tesSUCCESS" if named is None else "telNETWORK_ID_MAKES_TX_NON_CANONICAL"
    if named is None:
        return "telREQUIRES_NETWORK_ID"
    return "tesSUCCESS" if named == ctx.network_id else "telWRONG_NETWORK"


def preclaim(tx: Transaction, view: ReadView, flags: ApplyFlags) -> Ter:
    """Whether a well-formed transaction is likely to claim a fee in this ledger."""
    cls = transactor_for(tx)
    assert cls is not None, "preflight has found it"
    root = view.read(keylets.account(tx.account))
    if root is None:
        return "terNO_ACCOUNT"
    for result in (
        _check_sequence(tx, view, root),
        _check_prior(tx, view, root),
        _check_fee(tx, view, root, cls, flags),
    ):
        if not is_success(result):
            return result
    if not flags & (ApplyFlags.DRY_RUN | ApplyFlags.INNER_BATCH):
        result = cls.check_sign(view, tx)
        if not is_success(result):
            return result
    return cls.preclaim(PreclaimContext(tx, view, flags))


def _check_sequence(tx: Transaction, view: ReadView, root: Entry) -> Ter:
    sequence: int = root["Sequence"]
    value = tx.seq_proxy.value
    if not tx.seq_proxy.is_ticket:
        if "TicketSequence" in tx:
            return "temSEQ_AND_TICKET"
        if value == sequence:
            return "tesSUCCESS"
        return "terPRE_SEQ" if sequence < value else "tefPAST_SEQ"
    if sequence <= value:
        return "terPRE_TICKET"
    return "tesSUCCESS" if view.exists(keylets.ticket(tx.account, value)) else "tefNO_TICKET"


def _check_prior(tx: Transaction, view: ReadView, root: Entry) -> Ter:
    prior = tx.get("AccountTxnID")
    if prior is not None and root.get("AccountTxnID", bytes(32)) != prior:
        return "tefWRONG_PRIOR"
    last = tx.get("LastLedgerSequence")
    if last is not None and view.index > last:
        return "tefMAX_LEDGER"
    return "tefALREADY" if view.has_transaction(tx.id) else "tesSUCCESS"


def _check_fee(tx: Transaction, view: ReadView, root: Entry, cls: type[Transactor], flags: ApplyFlags) -> Ter:
    fee: int = tx.fee
    if flags & ApplyFlags.INNER_BATCH:
        return "tesSUCCESS" if fee == 0 else "temBAD_FEE"
    factor = view.fee_factor if isinstance(view, OpenView) else 1
    if view.is_open and fee < cls.base_fee(view, tx) * factor:
        return "telINSUF_FEE_P"
    balance: int = root["Balance"]
    if fee == 0 or balance >= fee:
        return "tesSUCCESS"
    return "tecINSUFF_FEE" if balance > 0 and not view.is_open else "terINSUF_FEE_B"


class _Attempt:
    """One transaction on its way through `apply`."""

    def __init__(
        self, tx: Transaction, view: OpenView, flags: ApplyFlags, parent_batch_id: bytes | None
    ) -> None:
        self.parent_batch_id = parent_batch_id
        self.tx = tx
        self.view = view
        self.flags = flags
        self.sandbox = Sandbox(view)
        cls = transactor_for(tx)
        assert cls is not None, "preflight has found it"
        self.transactor = cls(tx, self.sandbox, flags)
        self.fee: int = tx.fee

    def run(self, result: Ter) -> Outcome:
        if is_success(result):
            result = self._do()
        applied = is_success(result)
        if len(self.sandbox.items) > OVERSIZE_ENTRIES:
            result = "tecOVERSIZE"
            applied = False
        if is_claim(result):
            if self.flags & ApplyFlags.FAIL_HARD:
                return Outcome(result, applied=False)
            if result in _KEEPS_CLEANUP or not self.flags & ApplyFlags.RETRY:
                attempted = Sandbox(self.view)
                attempted.items = self.sandbox.items
                result = self._claim(result)
                applied = is_claim(result)
                if applied:
                    self.transactor.after_claim(result, attempted)
        if applied:
            result = self._keep_invariants(result)
            applied = is_success(result) or is_claim(result)
        if not applied:
            return Outcome(result, applied=False)
        return self._finish(result)

    def _do(self) -> Ter:
        root = self.transactor.sender
        self.transactor.prior_balance = root["Balance"]
        result = self._consume_sequence(root)
        if not is_success(result):
            return result
        root["Balance"] -= self.fee
        if "AccountTxnID" in root:
            root["AccountTxnID"] = self.tx.id
        self.sandbox.update(root)
        return self.transactor.apply()

    def _consume_sequence(self, root: Entry) -> Ter:
        value = self.tx.seq_proxy.value
        if not self.tx.seq_proxy.is_ticket:
            root["Sequence"] = value + 1
            self.sandbox.update(root)
            return "tesSUCCESS"
        return delete_ticket(self.sandbox, root, keylets.ticket(self.tx.account, value))

    def _claim(self, result: Ter) -> Ter:
        """Undo all, then take the fee (as much of it as there is) and the sequence."""
        self.sandbox.items = {}
        root = self.transactor.sender
        self.fee = min(self.tx.fee, root["Balance"])
        root["Balance"] -= self.fee
        taken = self._consume_sequence(root)
        self.sandbox.update(root)
        return result if is_success(taken) else taken

    def _keep_invariants(self, result: Ter) -> Ter:
        if self._invariants_hold(result):
            return result
        log.error("transaction breaks an invariant", extra={"transaction": self.tx.id.hex()})
        result = self._claim("tecINVARIANT_FAILED")
        if is_claim(result) and not self._invariants_hold(result):
            return "tefINVARIANT_FAILED"
        return result

    def _invariants_hold(self, result: Ter) -> bool:
        return invariants.all_hold(
            self.sandbox, self.tx.fields, result, fee_drops=self.fee, stated_fee_drops=self.tx.fee
        )

    def _finish(self, result: Ter) -> Outcome:
        view = self.view
        position = len(view.transaction_ids)
        items = self.sandbox.changed()
        record: Applied | None = None
        threaded: dict[bytes, Entry] = {}
        if not view.is_open or self.flags & ApplyFlags.DRY_RUN:
            metadata, threaded = build(view, items, self.tx.id)
            metadata.parent_batch_id = self.parent_batch_id
            if is_success(result):
                metadata.delivered_amount = self.transactor.delivered_amount
            fields = metadata.to_fields(result, position)
            accounts = affected_accounts(fields["AffectedNodes"])
            record = Applied(self.tx, result, fields, encode(fields), frozenset(accounts))
        if self.flags & ApplyFlags.DRY_RUN:
            return Outcome(result, applied=True, record=record)
        for key, item in items.items():
            if item.action is Action.ERASED:
                view.raw_erase(key)
            elif item.action is not Action.CACHED:
                view.raw_put(item.entry)
        for entry in threaded.values():
            view.raw_put(entry)
        view.destroyed_drops += self.fee
        view.transaction_ids[self.tx.id] = position
        return Outcome(result, applied=True, record=record)


def apply_transaction(
    tx: Transaction,
    view: OpenView,
    flags: ApplyFlags,
    *,
    network_id: int,
    parent_batch_id: bytes | None = None,
) -> Outcome:
    """Try a transaction on a ledger; the ledger changes only when the outcome is `applied`."""
    try:
        result = preflight(tx, view.rules, flags, network_id)
        if not is_success(result):
            return Outcome(result, applied=False)
        result = preclaim(tx, view, flags)
        if not is_success(result) and (not is_claim(result) or flags & ApplyFlags.RETRY):
            return Outcome(result, applied=False)
        return _Attempt(tx, view, flags, parent_batch_id).run(result)
    except (ViewError, AssertionError, ArithmeticError, LookupError, TypeError, ValueError):
        # A defect must not stop the node or leave half a transaction behind: the sandbox is dropped.
        log.exception("transaction failed unexpectedly", extra={"transaction": tx.id.hex()})
        return Outcome("tefEXCEPTION", applied=False)


def apply_inner(batch: Transaction, view: OpenView, *, network_id: int) -> list[Applied]:
    """Run the inner transactions of a Batch that has just been applied to a ledger being built.

    A `tec` stays in the ledger with its sequence used, except where all must succeed; what fails otherwise
    leaves nothing.

    Returns:
        What stands in the ledger now, in order; nothing when all was undone.
    """
    undo = view.checkpoint()
    applied: list[Applied] = []
    for inner in inner_transactions(batch):
        outcome = apply_transaction(
            inner, view, ApplyFlags.INNER_BATCH, network_id=network_id, parent_batch_id=batch.id
        )
        if outcome.applied and outcome.record is not None:
            applied.append(outcome.record)
        if not (outcome.applied and is_success(outcome.result)):
            if batch.flags & ALL_OR_NOTHING:
                view.restore(undo)
                return []
            if batch.flags & UNTIL_FAILURE:
                break
        elif batch.flags & ONLY_ONE:
            break
    return applied
