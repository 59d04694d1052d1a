"""Batch: up to eight transactions in one, all or nothing, or by three other rules.

The outer transaction only takes its fee and its sequence. The inner ones run when the ledger closes
(`engine.apply_inner`), each a transaction of its own in the ledger.

Source: XLS-56, BatchV1_1; rippled `Batch.cpp`, `apply.cpp`.
"""

from itertools import pairwise
from typing import Any, ClassVar, Final

from xrpl_codec.amounts import MAX_DROPS
from xrpl_codec.binary import CodecError
from xrpl_codec.hashing import account_id
from xrpl_codec.keys import public_key_type
from xrpl_devnet.ledger import keylets
from xrpl_devnet.ledger.views import ReadView
from xrpl_devnet.results import Ter, is_success
from xrpl_devnet.tx.base import ApplyFlags, PreflightContext, Transactor, transactor, transactor_for
from xrpl_devnet.tx.batch_parts import (
    ALL_OR_NOTHING,
    MAX_INNER,
    MAX_SIGNERS,
    MODES,
    UNTIL_FAILURE,
    inner_transactions,
    required_signers,
)
from xrpl_devnet.tx.engine import preflight
from xrpl_devnet.tx.signatures import check_multi, check_single
from xrpl_devnet.tx.transaction import INNER_BATCH, Transaction

_NEVER_INNER: Final = ("Vault", "Loan")
"""Families of types that may not be inner transactions, by how their names begin."""


@transactor("Batch")
class Batch(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("BatchV1_1", "fixBatchV1_2")
    FLAGS: ClassVar[int] = MODES

    @classmethod
    def flags_mask(cls, ctx: PreflightContext) -> int:
        """A Batch is never an inner one."""
        return super().flags_mask(ctx) & ~INNER_BATCH

    @classmethod
    def base_fee(cls, view: ReadView, tx: Transaction) -> int:
        """Two base fees, one for each signature, and what the inner transactions would cost."""
        try:
            inner = inner_transactions(tx)
        except CodecError:
            # What does not fit its type has no price; it is refused before anyone pays.
            return MAX_DROPS
        if any(one.type == tx.type for one in inner):
            return MAX_DROPS
        prices = sum((transactor_for(one) or Transactor).base_fee(view, one) for one in inner)
        signatures = sum(_signature_count(item) for item in tx.get("BatchSigners", ()))
        return super().base_fee(view, tx) + view.fees.base * (1 + signatures) + prices

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """One mode, two to eight proper inner transactions, and exactly the signers they need."""
        tx = ctx.tx
        if (tx.flags & MODES).bit_count() != 1:
            return "temINVALID_FLAG"
        wrapped: list[dict[str, Any]] = tx["RawTransactions"]
        if len(wrapped) <= 1:
            return "temARRAY_EMPTY"
        if len(wrapped) > MAX_INNER or len(tx.get("BatchSigners", ())) > MAX_SIGNERS:
            return "temARRAY_TOO_LARGE"
        ids: set[bytes] = set()
        numbers: set[tuple[bytes, int]] = set()
        for item, inner in zip(wrapped, inner_transactions(tx), strict=True):
            if "RawTransaction" not in item:
                return "temMALFORMED"
            if inner.id in ids:
                return "temREDUNDANT"
            ids.add(inner.id)
            result = _check_inner(ctx, inner)
            if is_success(result) and tx.flags & (ALL_OR_NOTHING | UNTIL_FAILURE):
                result = _check_number(inner, numbers)
            if not is_success(result):
                return result
        signers: list[bytes] = [
            signer["BatchSigner"]["Account"]
            for signer in tx.get("BatchSigners", ())
            if "BatchSigner" in signer
        ]
        ascending = all(one < other for one, other in pairwise(signers))
        exact = set(signers) == required_signers(tx) and len(signers) == len(tx.get("BatchSigners", ()))
        return "tesSUCCESS" if ascending and exact else "temBAD_SIGNER"

    @classmethod
    def check_sign(cls, view: ReadView, tx: Transaction) -> Ter:
        """The outer account's keys, then every batch signer's.

        An account that does not exist yet signs with its own master key only: an earlier inner
        transaction may make it. It is one signer among others, and those after it are looked at all the same.
        """
        result = super().check_sign(view, tx)
        if not is_success(result):
            return result
        for item in tx.get("BatchSigners", ()):
            result = _check_signer(view, item["BatchSigner"])
            if not is_success(result):
                return result
        return "tesSUCCESS"


def _signature_count(item: dict[str, Any]) -> int:
    signer: dict[str, Any] = item.get("BatchSigner", {})
    return 1 if "TxnSignature" in signer else len(signer.get("Signers", ()))


def _check_inner(ctx: PreflightContext, inner: Transaction) -> Ter:
    """Whether one inner transaction is what it must be."""
    if inner.type == ctx.tx.type:
        return "temINVALID"
    if inner.type.startswith(_NEVER_INNER):
        return "temINVALID_INNER_BATCH"
    if not inner.flags & INNER_BATCH:
        return "temINVALID_FLAG"
    if "TxnSignature" in inner:
        return "temBAD_SIGNATURE"
    if "Signers" in inner:
        return "temBAD_SIGNER"
    if inner["SigningPubKey"]:
        return "temBAD_REGKEY"
    if inner.fee != 0 or not isinstance(inner.fee, int):
        return "temBAD_FEE"
    if not is_success(preflight(inner, ctx.rules, ApplyFlags.INNER_BATCH, ctx.network_id)):
        return "temINVALID_INNER_BATCH"
    has_sequence = inner["Sequence"] != 0
    return "temSEQ_AND_TICKET" if has_sequence is ("TicketSequence" in inner) else "tesSUCCESS"


def _check_number(inner: Transaction, numbers: set[tuple[bytes, int]]) -> Ter:
    """Where all must succeed, no account may use a sequence or ticket twice."""
    number = (inner.account, inner["Sequence"] or inner["TicketSequence"])
    if number in numbers:
        return "temREDUNDANT"
    numbers.add(number)
    return "tesSUCCESS"


def _check_signer(view: ReadView, signer: dict[str, Any]) -> Ter:
    account: bytes = signer["Account"]
    key: bytes = signer.get("SigningPubKey", b"")
    if not key:
        return check_multi(view, account, signer.get("Signers", []))
    if public_key_type(key) is None:
        return "tefBAD_AUTH"
    made = account_id(key)
    if not view.exists(keylets.account(account)):
        return "tesSUCCESS" if made == account else "tefBAD_AUTH"
    return check_single(view, made, account)
