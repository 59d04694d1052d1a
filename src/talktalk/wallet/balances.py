"""What a person holds, as it is shown: which token, what of it can be spent, what stands in its way.

A token is shown among the balances if the person said so, and otherwise if the signed list vouches
for it: what strangers send unasked is kept out of sight and out of every sum, one tap away. Pure.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal

from talktalk.ledger import issuers
from talktalk.ledger.accounts import WatchedAccount
from talktalk.ledger.amounts import Mpt, xrp
from talktalk.ledger.lines import Holding, HoldingFlag
from talktalk.ledger.rounding import plain
from talktalk.ledger.schemas import LedgerHead
from talktalk.wallet.lookalikes import code_text, looks_like
from talktalk.wallet.tokens import TokenList
from talktalk_wire.assets import Held, Token
from talktalk_wire.common import Amount
from talktalk_wire.wallet import AssetBalance


def token_of(asset: str, tokens: TokenList) -> Token:
    """What is known of an asset, by the list or by its own text."""
    entry = tokens.find(asset)
    code, issuer = split(asset)
    if entry is not None:
        return Token(
            asset=asset,
            code=entry.code,
            issuer=issuer,
            verified=True,
            issuer_name=entry.issuer_name,
            domain=entry.domain,
            scale=entry.scale,
        )
    text = code_text(code)
    return Token(
        asset=asset,
        code=text or code,
        issuer=issuer,
        verified=False,
        lookalike_of=looks_like(text, tokens.skeletons),
    )


def split(asset: str) -> tuple[str, str]:
    """Code (an MPT's: its id) and issuer of a token as the ledger named it, which may be any bytes."""
    code, _, rest = asset.rpartition(".")
    return (rest, issuers.issuer_of(Mpt(rest))) if code == "mpt" else (code, rest)


def held_of(holding: Holding, tokens: TokenList, decided: Mapping[str, bool], head: LedgerHead) -> Held:
    """A holding as it is shown."""
    token = token_of(holding.asset, tokens)
    is_mpt = holding.asset.startswith("mpt.")
    balance = Decimal(holding.balance)
    stopped = holding.has(HoldingFlag.FROZEN) or holding.has(HoldingFlag.DEEP_FROZEN)
    stopped = stopped or holding.has(HoldingFlag.DEEP_FREEZES)
    spendable = balance if balance > 0 and not stopped else Decimal(0)
    return Held(
        token=token,
        balance=_amount(balance, holding.asset),
        spendable=_amount(spendable, holding.asset),
        limit=None if is_mpt else Amount(value=holding.limit, asset=holding.asset),
        shown=is_shown(token, decided),
        notices=list(notices_of(holding, is_mpt=is_mpt)),
        reserve_drops=head.reserves.increment_drops if holding.has(HoldingFlag.RESERVED) else 0,
        removable=balance == 0 and holding.locked == "0" and holding.has(HoldingFlag.RESERVED),
    )


def notices_of(holding: Holding, *, is_mpt: bool) -> Collection[str]:
    """What stands in the way of a holding, by name."""
    found = {
        "deep_frozen": holding.has(HoldingFlag.DEEP_FROZEN),
        "frozen": holding.has(HoldingFlag.FROZEN) and not holding.has(HoldingFlag.DEEP_FROZEN),
        "frozen_by_me": holding.has(HoldingFlag.FREEZES) or holding.has(HoldingFlag.DEEP_FREEZES),
        "not_asked_for": not is_mpt and holding.limit == "0",
        "ripples": not is_mpt and holding.limit != "0" and not holding.has(HoldingFlag.NO_RIPPLE),
        "locked": holding.locked != "0",
        "owes": holding.balance.startswith("-"),
    }
    return [name for name, applies in found.items() if applies]


def is_shown(token: Token, decided: Mapping[str, bool]) -> bool:
    """Whether it is among the balances."""
    return decided.get(token.asset, token.verified)


def balances_of(
    account: WatchedAccount | None,
    head: LedgerHead | None,
    held: Collection[Holding],
    tokens: TokenList,
    decided: Mapping[str, bool],
) -> tuple[list[AssetBalance], int]:
    """XRP and every token that is shown, and how many are not."""
    if account is None or head is None or not account.exists:
        return [AssetBalance(balance=xrp(0), spendable=xrp(0), reserved=xrp(0))], 0
    spendable = account.spendable_drops(head.reserves)
    balances = [
        AssetBalance(
            balance=xrp(account.balance_drops),
            spendable=xrp(spendable),
            reserved=xrp(account.balance_drops - spendable),
        )
    ]
    every = [held_of(holding, tokens, decided, head) for holding in held]
    for each in sorted(every, key=order):
        if each.shown:
            kept = Decimal(each.balance.value) - Decimal(each.spendable.value)
            balances.append(
                AssetBalance(
                    balance=each.balance,
                    spendable=each.spendable,
                    reserved=_amount(max(kept, Decimal(0)), each.token.asset),
                    token=each.token,
                )
            )
    return balances, sum(not each.shown for each in every)


def order(held: Held) -> tuple[bool, str, str]:
    """Verified first, then by name."""
    return not held.token.verified, held.token.code.casefold(), held.token.asset


def _amount(value: Decimal, asset: str) -> Amount:
    return Amount(value=plain(value), asset=asset)
