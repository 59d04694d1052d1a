"""What can go wrong between us and the ledger.

    LedgerError
    ├── NodeUnavailable      no connected node answered in time; nothing is known
    ├── NodeRefused          a node answered with an error of its own (`actNotFound`, …)
    ├── LedgerGap            no reachable node holds a needed ledger; nothing is known
    ├── LedgerForked         a ledger does not follow the one we processed before
    ├── MalformedLedger      bytes that are no ledger, or not the one they are said to be
    └── MalformedTransaction bytes that are no transaction, or not canonical

The rest are problems a caller is told about (`platform.problems.Trouble`).
"""

from typing import Any

from talktalk.platform.problems import Trouble, Unavailable


class LedgerError(Exception):
    """Root of what goes wrong on the way to the ledger."""


class NodeUnavailable(LedgerError):
    """No connected node answered in time. Whatever was asked may or may not have happened."""


class NodeRefused(LedgerError):
    """A node answered with an error.

    Attributes:
        error: The node's stable word, such as `txnNotFound`.
        body: The whole answer.
    """

    def __init__(self, error: str, body: dict[str, Any]) -> None:
        super().__init__(error)
        self.error = error
        self.body = body


class LedgerGap(LedgerError):
    """No reachable node holds a needed ledger. Nothing is known: try again or elsewhere."""


class LedgerForked(LedgerError):
    """A validated ledger names another parent than the one we processed: stop and look."""


class MalformedLedger(LedgerError):
    """What a node gave as a ledger is none, or does not hash to what it says it is."""


class MalformedTransaction(LedgerError):
    """These bytes are no transaction, or are not its canonical form."""


class LedgerUnavailable(Unavailable):
    """The ledger cannot be asked now."""

    code, title = "ledger_unavailable", "The ledger cannot be reached now"


class LedgerBusy(Unavailable):
    """The network's fee is above what we let a person pay."""

    code, title = "ledger_busy", "The ledger is very busy; fees are above our cap"


class WouldFail(Trouble):
    """The ledger as it is now would refuse this transaction; `detail` holds its result code."""

    status, code, title = 422, "ledger_would_refuse", "The ledger would refuse this"


class WouldBeUnfunded(WouldFail):
    """Not enough for amount and fee."""

    code, title = "would_be_unfunded", "There is not enough for the amount and the fee"


class WouldLackReserve(WouldFail):
    """Not enough for the reserve of what it would make."""

    code, title = "would_lack_reserve", "There is not enough for the reserve this needs"


class PayeeNotOnLedger(WouldFail):
    """The receiving address is no account, and this does not make it one."""

    code, title = "payee_not_on_ledger", "The receiving address is no account yet"


class PayeeWantsTag(WouldFail):
    """The receiving account demands a destination tag."""

    code, title = "payee_wants_tag", "The receiving account demands a destination tag"


class PayeeRefuses(WouldFail):
    """The receiving account does not let this in."""

    code, title = "payee_refuses", "The receiving account does not accept this"


class PayeeCannotHold(WouldFail):
    """The receiving account has no line or authorisation for this token."""

    code, title = "payee_cannot_hold", "The receiving account cannot hold this token"


class NoWayToSend(WouldFail):
    """No line, no liquidity, or too little of it."""

    code, title = "no_way_to_send", "There is no way to send this amount now"


class AssetFrozen(WouldFail):
    """The issuer has frozen or locked it."""

    status, code, title = 409, "asset_frozen", "The issuer has frozen this token"


class KeyMayNotSign(WouldFail):
    """The account does not accept this key any more."""

    code, title = "key_may_not_sign", "The account does not accept this key"


class NotOnThisNetwork(WouldFail):
    """An amendment it needs is not enabled."""

    code, title = "not_on_this_network", "This network does not have this yet"


class BadAmount(Trouble):
    """Root of amounts that cannot be sent."""

    status, code, title = 422, "amount_malformed", "Not a decimal amount"


class NegativeAmount(BadAmount):
    """Below zero."""

    code, title = "amount_negative", "The amount is negative"


class AmountNotANumber(BadAmount):
    """NaN or infinity."""

    code, title = "amount_not_a_number", "The amount is not a number"


class AmountWithExponent(BadAmount):
    """Scientific notation."""

    code, title = "amount_exponent", "Write the amount without an exponent"


class AmountTooPrecise(BadAmount):
    """More digits than the asset can carry."""

    code, title = "amount_too_precise", "Too many digits for this asset"


class AmountTooLarge(BadAmount):
    """More than the asset can ever be."""

    code, title = "amount_too_large", "More than can exist of this asset"


class ZeroAmount(BadAmount):
    """Nothing to send."""

    code, title = "amount_zero", "The amount is zero"


class BadAsset(Trouble):
    """Not `XRP`, `<code>.<issuer>` or `mpt.<48 hex>`."""

    status, code, title = 422, "asset_malformed", "Not an asset"


class BadAddress(Trouble):
    """Not a classic address or an X-address."""

    status, code, title = 422, "address_malformed", "Not an XRP Ledger address"


class AddressOfOtherNetwork(BadAddress):
    """An X-address made for the main network on a test network, or the other way round."""

    code, title = "address_other_network", "This address is for another network"


class BlackHoleAddress(BadAddress):
    """An account nobody can ever sign for."""

    code, title = "address_black_hole", "Nobody can spend from this address"


class PaymentLinkMalformed(Trouble):
    """Not a payment link, or one that contradicts itself."""

    status, code, title = 422, "payment_link_malformed", "This is no payment link"


class BadMemo(Trouble):
    """Root of memos that cannot be written."""

    status, code, title = 422, "memo_refused", "The memo has characters that cannot be sent"


class MemoTooLong(BadMemo):
    """The ledger keeps every memo for ever, and takes at most a kilobyte."""

    code, title = "memo_too_long", "The memo is too long"
