"""Taking up a token, changing how much of it one takes, and letting it go. `ports.Kind`.

One transaction: a TrustSet for an issued currency, an MPTokenAuthorize for an MPT. A line lets
nobody pay through it (NoRipple, always), and locks an owner reserve until it is removed; the reserve
is told before anything is signed. A line is removed by a limit of zero, once it is empty.

Source: xrpl.org, TrustSet, MPTokenAuthorize, Trust Lines, Reserves.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger import fees, holdings, issuers
from talktalk.ledger.amounts import Asset, Issued, Mpt, parse_amount, parse_asset
from talktalk.ledger.lines import Holding, HoldingFlag
from talktalk.ledger.schemas import Closed
from talktalk.ledger.service import Ledger
from talktalk.transfers import rules
from talktalk.transfers.errors import AssetUnsupported, ToSelf
from talktalk.transfers.orders.errors import LineNotEmpty, LineUnchanged, NoNewLines, OrderMalformed
from talktalk.transfers.orders.plans import Numbering, Plan, PlannedStep, Terms
from talktalk.transfers.orders.ports import Examined
from talktalk.transfers.orders.tables import ItemRow, OrderRow, StepRow
from talktalk.wallet import assets
from talktalk.wallet.balances import token_of
from talktalk.wallet.errors import TokenNotHeld
from talktalk.wallet.service import WalletDesk
from talktalk_wire.orders import OrderAsk, OrderKind, TrustAction, Way
from talktalk_wire.transfers import Warning as TransferWarning

LIMIT_DEFAULT: Final = "1000000000"
"""How much of a currency somebody takes who does not say: more than anyone here will be paid."""
SET_NO_RIPPLE: Final = 0x0002_0000
UNAUTHORIZE: Final = 0x0000_0001
ROLE: Final = "trust_line"
WARNINGS: Final = ("lookalike_token", "unverified_token", "issuer_can_claw_back", "issuer_must_authorize")


class TrustWanted(msgspec.Struct, frozen=True, kw_only=True):
    """An ask that parses."""

    asset: Issued | Mpt
    action: TrustAction
    limit: str


class TrustParams(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be signed, and whether it locks a reserve."""

    asset: str
    action: TrustAction
    limit: str
    """`0` removes a line; of an MPT: without meaning."""
    is_new: bool
    user_id: UUID


class TrustLines:
    """See the module."""

    name = OrderKind.TRUST_LINE

    def __init__(self, *, ledger: Ledger, wallets: WalletDesk) -> None:
        self._ledger = ledger
        self._wallets = wallets

    def want(self, ask: OrderAsk) -> TrustWanted:
        """Read what was asked.

        Raises:
            OrderMalformed, BadAsset, BadAmount, AssetUnsupported: As named.
        """
        if ask.trust_line is None or ask.room_id is not None:
            raise OrderMalformed("name the token in `trust_line`; it concerns no room")
        asset: Asset = parse_asset(ask.trust_line.asset)
        if not isinstance(asset, Issued | Mpt):
            raise AssetUnsupported("XRP needs no line")
        action, limit = ask.trust_line.action, ask.trust_line.limit
        if limit is not None and (action is TrustAction.REMOVE or isinstance(asset, Mpt)):
            raise OrderMalformed("a limit goes with a trust line that is kept")
        if action is TrustAction.CHANGE and limit is None:
            raise OrderMalformed("a change says the new limit")
        if action is TrustAction.REMOVE:
            value = "0"
        else:
            value = LIMIT_DEFAULT if limit is None else parse_amount(limit, asset).value
        return TrustWanted(asset=asset, action=action, limit=value)

    async def look_at(self, wanted: object, sender_address: str) -> issuers.AssetTerms | None:
        """Ask for the issuer's terms; letting go needs none."""
        assert isinstance(wanted, TrustWanted)
        if wanted.action is TrustAction.REMOVE:
            return None
        return (await assets.look_up(self._ledger, str(wanted.asset)))[1]

    async def examine(
        self, db: AsyncSession, sender_id: UUID, wanted: object, looked: object, terms: Terms
    ) -> Examined:
        """Everything that would stop it, or warn of it."""
        assert isinstance(wanted, TrustWanted)
        assert looked is None or isinstance(looked, issuers.AssetTerms)
        if issuers.issuer_of(wanted.asset) == terms.address:
            raise ToSelf("your own token needs no line")
        held = await holdings.one(db, self._ledger.network, terms.address, str(wanted.asset))
        # A line somebody else opened is there, and not yet this person's.
        is_own = held is not None and held.has(HoldingFlag.RESERVED)
        _check(wanted, held if is_own else None)
        if looked is not None and not is_own and not looked.takes_lines:
            raise NoNewLines
        return Examined(
            params=msgspec.to_builtins(
                TrustParams(
                    asset=str(wanted.asset),
                    action=wanted.action,
                    limit=wanted.limit,
                    is_new=wanted.action is TrustAction.ADD,
                    user_id=sender_id,
                )
            ),
            mode=wanted.action,
            warnings=self._warnings(wanted, looked) if wanted.action is TrustAction.ADD else [],
        )

    def plan(self, params: Mapping[str, Any], terms: Terms) -> Plan:
        """One transaction.

        Raises:
            InsufficientBalance, BelowReserve: The fee or the line's reserve is not there.
            LedgerBusy: The network's fee is above our cap.
        """
        wanted = msgspec.convert(params, TrustParams)
        fee_drops = fees.capped(terms.head.fee_drops)
        reserve_drops = terms.head.reserves.increment_drops if wanted.is_new else 0
        rules.check_purse(terms.purse, reserve_drops, fee_drops)
        step = PlannedStep(
            role=ROLE,
            fields=_fields(wanted, terms.address),
            sequence=Numbering(terms).numbers(),
            fee_drops=fee_drops,
            spend_drops=fee_drops,
        )
        return Plan(way=Way.DIRECT, steps=(step,), items=(), reserve_drops=reserve_drops, stages=1)

    async def bind(
        self, db: AsyncSession, order_id: UUID, params: dict[str, Any], terms: Terms
    ) -> dict[str, Any]:
        """Who asks for a token wants to see it."""
        wanted = msgspec.convert(params, TrustParams)
        if wanted.action is TrustAction.ADD:
            await assets.decide(db, self._wallets, wanted.user_id, wanted.asset, shown=True)
        return params

    async def followed(
        self,
        db: AsyncSession,
        order: OrderRow,
        steps: Sequence[StepRow],
        items: Sequence[ItemRow],
        closed: Mapping[UUID, Closed],
        now: datetime,
    ) -> Collection[int]:
        """What the line became is read from the ledger by whoever follows holdings."""
        return ()

    def _warnings(self, wanted: TrustWanted, looked: issuers.AssetTerms | None) -> list[TransferWarning]:
        token = token_of(str(wanted.asset), self._wallets.tokens)
        found = {
            "lookalike_token": token.lookalike_of is not None,
            "unverified_token": not token.verified,
            "issuer_can_claw_back": looked is not None and looked.can_claw_back,
            "issuer_must_authorize": looked is not None and looked.requires_authorization,
        }
        details = {
            "lookalike_token": f"It only looks like {token.lookalike_of}, and is another token",
            "unverified_token": "Nobody here vouches for this token or its issuer",
            "issuer_can_claw_back": "The issuer can take this token out of wallets",
            "issuer_must_authorize": "The issuer must let you in before you can receive it",
        }
        return [TransferWarning(code=code, detail=details[code]) for code in WARNINGS if found[code]]


def _check(wanted: TrustWanted, own: Holding | None) -> None:
    """Refuse what would change nothing, or could not be removed.

    Raises:
        LineUnchanged, LineNotEmpty, TokenNotHeld: As named.
    """
    if wanted.action is TrustAction.ADD:
        if own is not None:
            raise LineUnchanged
        return
    if own is None:
        raise TokenNotHeld
    if wanted.action is TrustAction.CHANGE:
        if isinstance(wanted.asset, Mpt) or Decimal(own.limit) == Decimal(wanted.limit):
            raise LineUnchanged
    elif Decimal(own.balance) != 0 or own.locked != "0":
        raise LineNotEmpty


def _fields(wanted: TrustParams, address: str) -> dict[str, Any]:
    asset = parse_asset(wanted.asset)
    if isinstance(asset, Mpt):
        return {
            "TransactionType": "MPTokenAuthorize",
            "Account": address,
            "MPTokenIssuanceID": asset.issuance_id,
            "Flags": UNAUTHORIZE if wanted.action is TrustAction.REMOVE else 0,
        }
    assert isinstance(asset, Issued), "XRP needs no line"
    return {
        "TransactionType": "TrustSet",
        "Account": address,
        "LimitAmount": {"currency": asset.code, "issuer": asset.issuer, "value": wanted.limit},
        "Flags": SET_NO_RIPPLE,
    }
