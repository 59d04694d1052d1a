"""PaymentChannelCreate, PaymentChannelFund, PaymentChannelClaim: XRP set aside to be claimed bit by bit.

The source signs claims off the ledger; each names the total that the destination may have had by then. Whoever
touches an expired channel closes it.

Source: rippled `PayChan.cpp`.
"""

from typing import ClassVar, Final

from xrpl_codec.hashing import CHANNEL_CLAIM
from xrpl_codec.keys import public_key_type, verify
from xrpl_devnet.ledger import directory, flags, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import ReadView, Sandbox
from xrpl_devnet.results import Ter
from xrpl_devnet.tx import deposit
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, Transactor, transactor

RENEW: Final = 0x00010000
CLOSE: Final = 0x00020000
_COPIED: Final = ("SettleDelay", "PublicKey", "CancelAfter", "SourceTag", "DestinationTag")


def claim_message(channel: bytes, drops: int) -> bytes:
    """What the source of a channel signs to let a total of `drops` be claimed."""
    return CHANNEL_CLAIM + channel + drops.to_bytes(8, "big")


def _is_drops(amount: object) -> bool:
    return isinstance(amount, int) and amount > 0


def _check_funds(view: ReadView, root: Entry, drops: int, more: int) -> Ter:
    """Whether what is left after the fee covers the reserve, and the drops besides."""
    reserve = view.fees.account_reserve(root["OwnerCount"] + more)
    if root["Balance"] < reserve:
        return "tecINSUFFICIENT_RESERVE"
    return "tecUNFUNDED" if root["Balance"] < reserve + drops else "tesSUCCESS"


def _is_over(view: ReadView, channel: Entry) -> bool:
    """Whether a channel has come to its end and only waits to be closed."""
    return any(
        view.parent_close_time >= channel[name] for name in ("CancelAfter", "Expiration") if name in channel
    )


def close(view: Sandbox, channel: Entry) -> Ter:
    """Give a channel's rest back to its source and delete it."""
    source: bytes = channel["Account"]
    nodes = [("OwnerNode", source), ("DestinationNode", channel["Destination"])]
    for node, account in nodes:
        if node in channel and not directory.owner_remove(
            view, account, channel[node], channel.key, keep_root=True
        ):
            return "tefBAD_LEDGER"
    root = view.peek(keylets.account(source))
    if root is None:
        return "tefINTERNAL"
    root["Balance"] += channel["Amount"] - channel["Balance"]
    directory.adjust_owner_count(view, root, -1)
    view.erase(channel)
    return "tesSUCCESS"


@transactor("PaymentChannelCreate")
class PaymentChannelCreate(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("PayChan",)

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """XRP, to another account, with a key."""
        tx = ctx.tx
        if not _is_drops(tx["Amount"]):
            return "temBAD_AMOUNT"
        if tx.account == tx["Destination"]:
            return "temDST_IS_SRC"
        return "tesSUCCESS" if public_key_type(tx["PublicKey"]) is not None else "temMALFORMED"

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """Funds, and a destination that takes channels."""
        tx, view = ctx.tx, ctx.view
        root = view.read(keylets.account(tx.account))
        if root is None:
            return "terNO_ACCOUNT"
        result = _check_funds(view, root, tx["Amount"], 1)
        if result != "tesSUCCESS":
            return result
        destination = view.read(keylets.account(tx["Destination"]))
        if destination is None:
            return "tecNO_DST"
        if view.rules.enabled("DisallowIncoming") and destination.flag(flags.DISALLOW_INCOMING_PAYCHAN):
            return "tecNO_PERMISSION"
        if destination.flag(flags.REQUIRE_DEST_TAG) and "DestinationTag" not in tx:
            return "tecDST_TAG_NEEDED"
        return "tesSUCCESS"

    def apply(self) -> Ter:
        """Make the channel and take the drops."""
        tx, view, sender = self.tx, self.view, self.sender
        cancel = tx.get("CancelAfter")
        if (
            view.rules.enabled("fixPayChanCancelAfter")
            and cancel is not None
            and view.parent_close_time > cancel
        ):
            return "tecEXPIRED"
        destination: bytes = tx["Destination"]
        key = keylets.pay_channel(self.account_id, destination, tx.sequence_value)
        channel = Entry.new(
            "PayChannel",
            key,
            Account=self.account_id,
            Destination=destination,
            Amount=tx["Amount"],
            Balance=0,
        )
        for name in _COPIED:
            if name in tx:
                channel[name] = tx[name]
        if view.rules.enabled("fixIncludeKeyletFields"):
            channel["Sequence"] = tx.sequence_value
        view.insert(channel)
        nodes = [("OwnerNode", self.account_id)]
        if view.rules.enabled("fixPayChanRecipientOwnerDir"):
            nodes.append(("DestinationNode", destination))
        for node, account in nodes:
            page = directory.owner_insert(view, account, key)
            if page is None:
                return "tecDIR_FULL"
            channel[node] = page
        sender["Balance"] -= tx["Amount"]
        directory.adjust_owner_count(view, sender, 1)
        return "tesSUCCESS"


@transactor("PaymentChannelFund")
class PaymentChannelFund(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("PayChan",)

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """XRP."""
        return "tesSUCCESS" if _is_drops(ctx.tx["Amount"]) else "temBAD_AMOUNT"

    def apply(self) -> Ter:
        """Add drops, and set another expiration if one is given."""
        tx, view = self.tx, self.view
        channel = view.peek(tx["Channel"])
        if channel is None or channel.kind != "PayChannel":
            return "tecNO_ENTRY"
        if _is_over(view, channel):
            return close(view, channel)
        if channel["Account"] != self.account_id:
            return "tecNO_PERMISSION"
        expiration = tx.get("Expiration")
        if expiration is not None:
            soonest = view.parent_close_time + channel["SettleDelay"]
            if "Expiration" in channel:
                soonest = min(soonest, channel["Expiration"])
            if expiration < soonest:
                return "temBAD_EXPIRATION"
            channel["Expiration"] = expiration
            view.update(channel)
        sender = self.sender
        result = _check_funds(view, sender, tx["Amount"], 0)
        if result != "tesSUCCESS":
            return result
        if not view.exists(keylets.account(channel["Destination"])):
            return "tecNO_DST"
        channel["Amount"] += tx["Amount"]
        view.update(channel)
        sender["Balance"] -= tx["Amount"]
        view.update(sender)
        return "tesSUCCESS"


@transactor("PaymentChannelClaim")
class PaymentChannelClaim(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("PayChan",)
    FLAGS: ClassVar[int] = RENEW | CLOSE

    @classmethod
    def is_enabled(cls, ctx: PreflightContext) -> bool:
        """Credentials may be shown where they exist."""
        return deposit.credentials_enabled(ctx.tx, ctx.rules.enabled("Credentials"))

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """XRP amounts in their order; a signature with all that it covers, and a good one."""
        tx = ctx.tx
        balance, amount = tx.get("Balance"), tx.get("Amount")
        if any(value is not None and not _is_drops(value) for value in (balance, amount)):
            return "temBAD_AMOUNT"
        if balance is not None and amount is not None and balance > amount:
            return "temBAD_AMOUNT"
        if tx.has_flag(RENEW | CLOSE):
            return "temMALFORMED"
        if "Signature" in tx:
            key: bytes = tx.get("PublicKey", b"")
            if balance is None or public_key_type(key) is None:
                return "temMALFORMED"
            message = claim_message(tx["Channel"], balance if amount is None else amount)
            if not verify(key, message, tx["Signature"]):
                return "temBAD_SIGNATURE"
        return deposit.check_form(tx)

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """Credentials that the sender holds."""
        return deposit.check_shown(ctx.view, ctx.tx)

    def apply(self) -> Ter:
        """Pay what is claimed; renew, close or begin to close."""
        tx, view = self.tx, self.view
        channel = view.peek(tx["Channel"])
        if channel is None or channel.kind != "PayChannel":
            return "tecNO_TARGET"
        source: bytes = channel["Account"]
        destination: bytes = channel["Destination"]
        expiration: int | None = channel.get("Expiration")
        if _is_over(view, channel):
            return close(view, channel)
        if self.account_id not in (source, destination):
            return "tecNO_PERMISSION"
        if "Balance" in tx:
            result = self._pay(channel)
            if result != "tesSUCCESS":
                return result
        if tx.has_flag(RENEW):
            if self.account_id != source:
                return "tecNO_PERMISSION"
            channel.pop("Expiration", None)
            view.update(channel)
        if tx.has_flag(CLOSE):
            if self.account_id == destination or channel["Balance"] == channel["Amount"]:
                return close(view, channel)
            settled = view.parent_close_time + channel["SettleDelay"]
            if expiration is None or expiration > settled:
                channel["Expiration"] = settled
                view.update(channel)
        return "tesSUCCESS"

    def _pay(self, channel: Entry) -> Ter:
        tx, view = self.tx, self.view
        total: int = tx["Balance"]
        refined = view.rules.enabled("fixCleanup3_2_0")
        if self.account_id == channel["Destination"] and "Signature" not in tx:
            return "tecNO_PERMISSION" if refined else "temBAD_SIGNATURE"
        if "Signature" in tx and tx["PublicKey"] != channel["PublicKey"]:
            return "tecNO_PERMISSION" if refined else "temBAD_SIGNER"
        if total > channel["Amount"] or total <= channel["Balance"]:
            return "tecUNFUNDED_PAYMENT"
        root = view.peek(keylets.account(channel["Destination"]))
        if root is None:
            return "tecNO_DST"
        result = deposit.verify(view, tx, root)
        if result != "tesSUCCESS":
            return result
        root["Balance"] += total - channel["Balance"]
        view.update(root)
        channel["Balance"] = total
        view.update(channel)
        return "tesSUCCESS"
