"""Methods about what an account issues and holds: account_currencies, gateway_balances, noripple_check."""

from collections.abc import Iterator
from typing import Any, Final

from xrpl_codec.amounts import (
    BAD_CURRENCY,
    IssuedAmount,
    amount_to_json,
    currency_to_text,
)
from xrpl_codec.base58 import encode_account
from xrpl_devnet.ledger import flags, funds, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.iou import Arithmetic, Iou, less, negated
from xrpl_devnet.ledger.views import ReadView
from xrpl_devnet.rpc.errors import RpcError, invalid_field, missing_field
from xrpl_devnet.rpc.lookup import Limits, account_of, account_param, find_ledger, limit_param
from xrpl_devnet.rpc.owned import owned_entries
from xrpl_devnet.rpc.registry import Context, method

NO_RIPPLE_PAGE: Final = Limits(10, 300, 400)
DEFAULT_RIPPLE: Final = 8
SET_NO_RIPPLE: Final = 0x00020000
CLEAR_NO_RIPPLE: Final = 0x00040000


def _lines(view: ReadView, account: bytes) -> Iterator[tuple[Entry, bytes]]:
    """An account's trust lines, each with its other side."""
    for _, entry in owned_entries(view, account):
        if entry.kind == "RippleState":
            low: bytes = entry["LowLimit"].issuer
            high: bytes = entry["HighLimit"].issuer
            yield entry, high if low == account else low


@method("account_currencies")
def account_currencies(ctx: Context) -> dict[str, Any]:
    """The currencies an account could receive and send now, over its own lines."""
    account = account_param(ctx, "account", "ident")
    found = find_ledger(ctx)
    if not found.view.exists(keylets.account(account)):
        raise RpcError("actNotFound")
    receives: set[bytes] = set()
    sends: set[bytes] = set()
    for line, peer in _lines(found.view, account):
        currency: bytes = line["Balance"].currency
        if currency == BAD_CURRENCY:
            continue
        balance = funds.balance_of(line, account, peer)
        if less(balance, funds.limit_of(line, account, peer)):
            receives.add(currency)
        if less(negated(balance), funds.limit_of(line, peer, account)):
            sends.add(currency)
    return {
        **found.describe(),
        "receive_currencies": [currency_to_text(currency) for currency in sorted(receives)],
        "send_currencies": [currency_to_text(currency) for currency in sorted(sends)],
    }


def _hot_wallets(ctx: Context, answer: dict[str, Any]) -> set[bytes]:
    given = ctx.params.get("hotwallet")
    if given is None:
        return set()
    names = [given] if isinstance(given, str) else given
    wallets = {account_of(name) for name in names} if isinstance(names, list) else {None}
    if None in wallets:
        if ctx.v2:
            raise RpcError("invalidParams", **answer)
        raise RpcError("invalidHotWallet", numbered=False, **answer)
    return {wallet for wallet in wallets if wallet is not None}


@method("gateway_balances")
def gateway_balances(ctx: Context) -> dict[str, Any]:
    """What an issuer owes, what its hot wallets hold, and what it holds of others."""
    account = account_param(ctx, "account", "ident")
    found = find_ledger(ctx)
    if not found.view.exists(keylets.account(account)) and (ctx.v2 or found.view.rules.enabled("XRPFees")):
        raise RpcError("actNotFound", **found.describe())
    out: dict[str, Any] = {"account": encode_account(account)}
    hot = _hot_wallets(ctx, {**out, **found.describe()})
    arithmetic = Arithmetic(found.view.rules)
    owed: dict[bytes, Iou] = {}
    by_peer: dict[str, dict[bytes, list[dict[str, str]]]] = {
        "balances": {},
        "frozen_balances": {},
        "assets": {},
    }
    for line, peer in _lines(found.view, account):
        balance = funds.balance_of(line, account, peer)
        if balance.mantissa == 0:
            continue
        currency: bytes = line["Balance"].currency
        owes = Iou(-balance.mantissa, balance.exponent)
        frozen = line.flag(flags.HIGH_FREEZE if account > peer else flags.LOW_FREEZE)
        if peer in hot:
            name, value = "balances", owes
        elif balance.mantissa > 0:
            name, value = "assets", balance
        elif frozen:
            name, value = "frozen_balances", owes
        else:
            total = arithmetic.add(owed.get(currency, Iou(0, -100)), owes)
            assert isinstance(total, Iou), "issued"
            owed[currency] = total
            continue
        by_peer[name].setdefault(peer, []).append(
            {
                "currency": currency_to_text(currency),
                "value": funds.issued(value, currency, peer).text(),
            }
        )
    if owed:
        out["obligations"] = {
            currency_to_text(currency): funds.issued(value, currency, account).text()
            for currency, value in owed.items()
        }
    for name, balances in by_peer.items():
        if balances:
            out[name] = {encode_account(peer): entries for peer, entries in balances.items()}
    return {**out, **found.describe()}


@method("noripple_check")
def noripple_check(ctx: Context) -> dict[str, Any]:
    """Which of an account's settings let money ripple where it should not, and how to mend them."""
    if "account" not in ctx.params:
        raise missing_field("account")
    role = ctx.params.get("role")
    if role is None:
        raise missing_field("role")
    if role not in ("gateway", "user"):
        raise invalid_field("role")
    wants_transactions = ctx.params.get("transactions", False)
    if ctx.v2 and not isinstance(wants_transactions, bool):
        raise invalid_field("transactions")
    limit = limit_param(ctx, NO_RIPPLE_PAGE)
    account = account_param(ctx, "account")
    found = find_ledger(ctx)
    root = found.view.read(keylets.account(account))
    if root is None:
        raise RpcError("actNotFound")
    is_gateway = role == "gateway"
    problems: list[str] = []
    mends: list[dict[str, Any]] = []
    default_ripple = root.flag(flags.DEFAULT_RIPPLE)
    if default_ripple and not is_gateway:
        problems.append(
            "You appear to have set your default ripple flag even though you are not a gateway. "
            "This is not recommended unless you are experimenting"
        )
    elif is_gateway and not default_ripple:
        problems.append("You should immediately set your default ripple flag")
        mends.append({"TransactionType": "AccountSet", "SetFlag": DEFAULT_RIPPLE})
    for line, peer in _lines(found.view, account):
        high = account > peer
        no_ripple = line.flag(flags.HIGH_NO_RIPPLE if high else flags.LOW_NO_RIPPLE)
        if no_ripple is not is_gateway:
            continue
        if len(problems) >= limit:
            break
        mine: IssuedAmount = line["HighLimit" if high else "LowLimit"]
        advice = "clear" if is_gateway else "probably set"
        problems.append(
            f"You should {advice} the no ripple flag on your "
            f"{currency_to_text(mine.currency)} line to {encode_account(peer)}"
        )
        mends.append(
            {
                "TransactionType": "TrustSet",
                "LimitAmount": amount_to_json(mine._replace(issuer=peer)),
                "Flags": CLEAR_NO_RIPPLE if no_ripple else SET_NO_RIPPLE,
            }
        )
    out: dict[str, Any] = {**found.describe(), "problems": problems}
    if wants_transactions:
        for number, mend in enumerate(mends, start=root["Sequence"]):
            mend["Sequence"] = number
            mend["Account"] = encode_account(account)
            mend["Fee"] = found.view.fees.base
        out["transactions"] = mends
    return out
