"""EscrowCreate, EscrowFinish, EscrowCancel: money set aside until a time, or until a secret is shown.

All times are compared with the close time of the parent ledger, strictly.

Source: rippled `Escrow.cpp`.
"""

from typing import ClassVar, Final

from xrpl_codec import conditions
from xrpl_codec.amounts import BAD_CURRENCY, Amount, MPTAmount, signum
from xrpl_devnet.ledger import directory, escrowed, flags, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.iou import PARITY
from xrpl_devnet.ledger.mpt import MAX_AMOUNT
from xrpl_devnet.ledger.views import ReadView, Sandbox
from xrpl_devnet.results import Ter
from xrpl_devnet.tx import deposit
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, Transactor, transactor
from xrpl_devnet.tx.transaction import Transaction

FULFILLMENT_BASE: Final = 32
FULFILLMENT_BYTES_PER_FEE: Final = 16
"""A fulfillment costs 32 base fees and one more for each 16 bytes."""
_COPIED: Final = ("Condition", "SourceTag", "CancelAfter", "FinishAfter", "DestinationTag")


@transactor("EscrowCreate")
class EscrowCreate(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("Escrow",)

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """A positive amount, a time or a condition, times in their order."""
        tx = ctx.tx
        result = _check_amount(ctx)
        if result != "tesSUCCESS":
            return result
        cancel, finish = tx.get("CancelAfter"), tx.get("FinishAfter")
        if cancel is None and finish is None:
            return "temBAD_EXPIRATION"
        if cancel is not None and finish is not None and cancel <= finish:
            return "temBAD_EXPIRATION"
        if ctx.rules.enabled("fix1571") and finish is None and "Condition" not in tx:
            return "temMALFORMED"
        if "Condition" in tx:
            try:
                conditions.parse_condition(tx["Condition"])
            except conditions.ConditionError:
                return "temMALFORMED"
        return "tesSUCCESS"

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """The destination, and for tokens whether they may be locked."""
        tx, view = ctx.tx, ctx.view
        if not view.exists(keylets.account(tx["Destination"])):
            return "tecNO_DST"
        amount: Amount = tx["Amount"]
        if isinstance(amount, int):
            return "tesSUCCESS"
        return escrowed.check_lock(view, tx.account, tx["Destination"], amount)

    def apply(self) -> Ter:
        """Make the entry and take the money."""
        tx, view = self.tx, self.view
        now = view.parent_close_time
        if any(now > tx[name] for name in ("CancelAfter", "FinishAfter") if name in tx):
            return "tecNO_PERMISSION"
        sender = self.sender
        amount: Amount = tx["Amount"]
        # Unlike most, this asks what is left after the fee.
        reserve = view.fees.account_reserve(sender["OwnerCount"] + 1)
        if sender["Balance"] < reserve:
            return "tecINSUFFICIENT_RESERVE"
        if isinstance(amount, int) and sender["Balance"] < reserve + amount:
            return "tecUNFUNDED"
        destination = view.read(keylets.account(tx["Destination"]))
        if destination is None:
            return "tecNO_DST"
        if destination.flag(flags.REQUIRE_DEST_TAG) and "DestinationTag" not in tx:
            return "tecDST_TAG_NEEDED"
        entry = self._entry(amount)
        view.insert(entry)
        if not self._list(entry):
            return "tecDIR_FULL"
        if isinstance(amount, int):
            sender["Balance"] -= amount
        else:
            result = escrowed.lock(view, self.account_id, amount)
            if result != "tesSUCCESS":
                return result
        directory.adjust_owner_count(view, sender, 1)
        return "tesSUCCESS"

    def _entry(self, amount: Amount) -> Entry:
        tx = self.tx
        entry = Entry.new(
            "Escrow",
            keylets.escrow(self.account_id, tx.sequence_value),
            Account=self.account_id,
            Destination=tx["Destination"],
            Amount=amount,
        )
        for name in _COPIED:
            if name in tx:
                entry[name] = tx[name]
        if self.view.rules.enabled("fixIncludeKeyletFields"):
            entry["Sequence"] = tx.sequence_value
        if not isinstance(amount, int):
            rate = escrowed.transfer_rate(self.view, amount)
            if rate != PARITY:
                entry["TransferRate"] = rate
        return entry

    def _list(self, entry: Entry) -> bool:
        """Put the escrow into the directories of all whom it concerns; False when one is full."""
        amount: Amount = entry["Amount"]
        destination: bytes = entry["Destination"]
        nodes = [("OwnerNode", self.account_id)]
        if destination != self.account_id:
            nodes.append(("DestinationNode", destination))
        # The issuance of a multi-purpose token keeps count of what is locked; a currency's issuer needs a list.
        if not isinstance(amount, int | MPTAmount) and amount.issuer not in (self.account_id, destination):
            nodes.append(("IssuerNode", amount.issuer))
        for node, account in nodes:
            page = directory.owner_insert(self.view, account, entry.key)
            if page is None:
                return False
            entry[node] = page
        return True


def _check_amount(ctx: PreflightContext) -> Ter:
    amount: Amount = ctx.tx["Amount"]
    if not isinstance(amount, int):
        if not ctx.rules.enabled("TokenEscrow"):
            return "temBAD_AMOUNT"
        if isinstance(amount, MPTAmount):
            if not ctx.rules.enabled("MPTokensV1"):
                return "temDISABLED"
            return "tesSUCCESS" if 0 < amount.value <= MAX_AMOUNT else "temBAD_AMOUNT"
        if amount.mantissa > 0 and amount.currency == BAD_CURRENCY:
            return "temBAD_CURRENCY"
    return "tesSUCCESS" if signum(amount) > 0 else "temBAD_AMOUNT"


def _key(tx: Transaction) -> bytes:
    return keylets.escrow(tx["Owner"], tx["OfferSequence"])


@transactor("EscrowFinish")
class EscrowFinish(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("Escrow",)

    @classmethod
    def is_enabled(cls, ctx: PreflightContext) -> bool:
        """Credentials may be shown where they exist."""
        return deposit.credentials_enabled(ctx.tx, ctx.rules.enabled("Credentials"))

    @classmethod
    def base_fee(cls, view: ReadView, tx: Transaction) -> int:
        """A fulfillment is dear, by its length."""
        fee = super().base_fee(view, tx)
        if "Fulfillment" in tx:
            extra = FULFILLMENT_BASE + len(tx["Fulfillment"]) // FULFILLMENT_BYTES_PER_FEE
            fee += view.fees.base * extra
        return fee

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """Condition and fulfillment come together."""
        if ("Condition" in ctx.tx) is not ("Fulfillment" in ctx.tx):
            return "temMALFORMED"
        return deposit.check_form(ctx.tx)

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """Credentials, and for tokens whether the destination may hold them."""
        tx, view = ctx.tx, ctx.view
        shown = deposit.check_shown(view, tx)
        if shown != "tesSUCCESS" or not view.rules.enabled("TokenEscrow"):
            return shown
        escrow = view.read(_key(tx))
        if escrow is None:
            return "tecNO_TARGET"
        amount: Amount = escrow["Amount"]
        if isinstance(amount, int):
            return "tesSUCCESS"
        return escrowed.check_receive(view, escrow["Destination"], amount)

    def apply(self) -> Ter:
        """Pay the destination, when the time has come and the secret is right."""
        view = self.view
        escrow = view.peek(_key(self.tx))
        if escrow is None:
            return "tecNO_TARGET"
        result = self._check_terms(escrow)
        if result != "tesSUCCESS":
            return result
        destination = view.peek(keylets.account(escrow["Destination"]))
        if destination is None:
            return "tecNO_DST"
        result = deposit.verify(view, self.tx, destination)
        if result != "tesSUCCESS":
            return result
        if not _unlist(view, escrow):
            return "tefBAD_LEDGER"
        amount: Amount = escrow["Amount"]
        if isinstance(amount, int):
            destination["Balance"] += amount
        else:
            receiver: bytes = escrow["Destination"]
            result = escrowed.pay_out(
                view,
                escrow,
                receiver,
                locked_rate=escrow.get("TransferRate", PARITY),
                may_create=receiver == self.account_id,
                prior_balance=self.prior_balance,
            )
            if result != "tesSUCCESS":
                return result
        view.update(destination)
        return _close(view, escrow)

    def _check_terms(self, escrow: Entry) -> Ter:
        tx, now = self.tx, self.view.parent_close_time
        if "FinishAfter" in escrow and not now > escrow["FinishAfter"]:
            return "tecNO_PERMISSION"
        if "CancelAfter" in escrow and now > escrow["CancelAfter"]:
            return "tecNO_PERMISSION"
        shown = tx.get("Condition")
        if shown is not None and not conditions.fulfills(tx["Fulfillment"], shown):
            return "tecCRYPTOCONDITION_ERROR"
        return "tesSUCCESS" if escrow.get("Condition") == shown else "tecCRYPTOCONDITION_ERROR"


@transactor("EscrowCancel")
class EscrowCancel(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("Escrow",)

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """For tokens: whether the sender may still hold them."""
        if not ctx.view.rules.enabled("TokenEscrow"):
            return "tesSUCCESS"
        escrow = ctx.view.read(_key(ctx.tx))
        if escrow is None:
            return "tecNO_TARGET"
        amount: Amount = escrow["Amount"]
        if isinstance(amount, int):
            return "tesSUCCESS"
        return escrowed.check_receive(ctx.view, escrow["Account"], amount, frozen=False)

    def apply(self) -> Ter:
        """Give the money back, when it is too late to finish."""
        view = self.view
        escrow = view.peek(_key(self.tx))
        if escrow is None:
            return "tecNO_TARGET"
        if "CancelAfter" not in escrow or not view.parent_close_time > escrow["CancelAfter"]:
            return "tecNO_PERMISSION"
        if not _unlist(view, escrow):
            return "tefBAD_LEDGER"
        owner: bytes = escrow["Account"]
        root = view.peek(keylets.account(owner))
        assert root is not None, "an escrow keeps its owner"
        amount: Amount = escrow["Amount"]
        if isinstance(amount, int):
            root["Balance"] += amount
        else:
            result = escrowed.pay_out(
                view,
                escrow,
                owner,
                locked_rate=PARITY,
                may_create=owner == self.account_id,
                prior_balance=self.prior_balance,
            )
            if result != "tesSUCCESS":
                return result
        return _close(view, escrow)


def _unlist(view: Sandbox, escrow: Entry) -> bool:
    """Take an escrow out of all directories; False when the ledger is damaged."""
    amount: Amount = escrow["Amount"]
    nodes = [("OwnerNode", escrow["Account"]), ("DestinationNode", escrow["Destination"])]
    if not isinstance(amount, int):
        nodes.append(("IssuerNode", escrowed.issuer_of(amount)))
    return all(
        directory.owner_remove(view, account, escrow[node], escrow.key, keep_root=True)
        for node, account in nodes
        if node in escrow
    )


def _close(view: Sandbox, escrow: Entry) -> Ter:
    """Count an escrow out of its owner's objects and take it out of the ledger."""
    root = view.peek(keylets.account(escrow["Account"]))
    assert root is not None, "an escrow keeps its owner"
    directory.adjust_owner_count(view, root, -1)
    view.erase(escrow)
    return "tesSUCCESS"
