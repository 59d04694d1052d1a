"""TrustSet: how far an account trusts another for a currency, and what it lets that line do.

A line lives while either side has anything but defaults on it, and each such side pays its reserve.

Source: rippled `SetTrust.cpp`.
"""

from typing import ClassVar, Final

from xrpl_codec.amounts import BAD_CURRENCY, NO_ACCOUNT, IssuedAmount
from xrpl_devnet.ledger import flags, funds, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.iou import PARITY, Iou
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, Transactor, transactor
from xrpl_devnet.tx.transaction import Transaction

SET_AUTH: Final = 0x00010000
SET_NO_RIPPLE: Final = 0x00020000
CLEAR_NO_RIPPLE: Final = 0x00040000
SET_FREEZE: Final = 0x00100000
CLEAR_FREEZE: Final = 0x00200000
SET_DEEP_FREEZE: Final = 0x00400000
CLEAR_DEEP_FREEZE: Final = 0x00800000
DEEP: Final = SET_DEEP_FREEZE | CLEAR_DEEP_FREEZE

FREE_LINES: Final = 2
"""An account that owns fewer objects makes lines without a reserve."""


def _only(tx: Transaction, wanted: int, contrary: int) -> bool:
    """Whether one flag is set and its contrary is not."""
    return tx.has_flag(wanted) and not tx.has_flag(contrary)


@transactor("TrustSet")
class TrustSet(Transactor):
    """See the module."""

    FLAGS: ClassVar[int] = SET_AUTH | SET_NO_RIPPLE | CLEAR_NO_RIPPLE | SET_FREEZE | CLEAR_FREEZE | DEEP

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """A limit in an issued currency, for another account."""
        if ctx.tx.flags & DEEP and not ctx.rules.enabled("DeepFreeze"):
            return "temINVALID_FLAG"
        limit = ctx.tx.get("LimitAmount", 0)
        if not isinstance(limit, IssuedAmount):
            return "temBAD_LIMIT"
        if limit.currency == BAD_CURRENCY:
            return "temBAD_CURRENCY"
        if limit.mantissa < 0:
            return "temBAD_LIMIT"
        if not any(limit.issuer) or limit.issuer == NO_ACCOUNT:
            return "temDST_NEEDED"
        return "tesSUCCESS"

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """The peer, and what freezing needs."""
        tx, view = ctx.tx, ctx.view
        root = view.read(keylets.account(tx.account))
        assert root is not None, "the engine has seen the account"
        if tx.has_flag(SET_AUTH) and not root.flag(flags.REQUIRE_AUTH):
            return "tefNO_AUTH_REQUIRED"
        limit: IssuedAmount = tx["LimitAmount"]
        peer = limit.issuer
        if peer == tx.account:
            return "temDST_IS_SRC"
        peer_root = view.read(keylets.account(peer))
        if peer_root is None:
            return "tecNO_DST" if view.rules.enabled("AMM") else "tesSUCCESS"
        line = view.read(keylets.trust_line(tx.account, peer, limit.currency))
        if (
            view.rules.enabled("DisallowIncoming")
            and peer_root.flag(flags.DISALLOW_INCOMING_TRUSTLINE)
            and (line is None or not view.rules.enabled("fixDisallowIncomingV1"))
        ):
            return "tecNO_PERMISSION"
        if view.rules.enabled("DeepFreeze"):
            return _check_freeze(tx, root, line, high=tx.account > peer)
        return "tesSUCCESS"

    def apply(self) -> Ter:
        """Make the line, change it, or let it go."""
        limit: IssuedAmount = self.tx["LimitAmount"]
        if self.view.peek(keylets.account(limit.issuer)) is None:
            return "tecNO_DST"
        line = self.view.peek(keylets.trust_line(self.account_id, limit.issuer, limit.currency))
        return self._create(limit) if line is None else self._change(line, limit)

    def _reserve_to_create(self) -> int:
        owned: int = self.sender["OwnerCount"]
        return 0 if owned < FREE_LINES else self.view.fees.account_reserve(owned + 1)

    def _create(self, limit: IssuedAmount) -> Ter:
        tx = self.tx
        quality_in: int = tx.get("QualityIn", 0)
        quality_out: int = tx.get("QualityOut", 0)
        if quality_out == PARITY:
            quality_out = 0
        authorizes = tx.has_flag(SET_AUTH) and self.view.rules.enabled("TrustSetAuth")
        if not (limit.mantissa or quality_in or quality_out or authorizes):
            return "tecNO_LINE_REDUNDANT"
        if self.prior_balance < self._reserve_to_create():
            return "tecNO_LINE_INSUF_RESERVE"
        high = self.account_id > limit.issuer
        line_flags = 0
        if tx.has_flag(SET_AUTH):
            line_flags |= flags.HIGH_AUTH if high else flags.LOW_AUTH
        line_flags |= _freeze_flags(tx, 0, high=high, no_freeze=not self._may_freeze_new())
        return funds.create_line(
            self.view,
            self.account_id,
            limit.issuer,
            limit.currency,
            limit=Iou(limit.mantissa, limit.exponent),
            line_flags=line_flags,
            qualities=(quality_in, quality_out),
            no_ripple=_only(tx, SET_NO_RIPPLE, CLEAR_NO_RIPPLE),
        )

    def _may_freeze_new(self) -> bool:
        """Whether a new line may be frozen at once; older servers did not ask for NoFreeze here."""
        return not self.view.rules.enabled("DeepFreeze") or not self.sender.flag(flags.NO_FREEZE)

    def _change(self, line: Entry, limit: IssuedAmount) -> Ter:
        tx = self.tx
        high = self.account_id > limit.issuer
        mine = "High" if high else "Low"
        line[f"{mine}Limit"] = limit._replace(issuer=self.account_id)
        for name in ("QualityIn", "QualityOut"):
            self._set_quality(line, mine + name, name)
        before: int = line["Flags"]
        after = before
        if _only(tx, SET_NO_RIPPLE, CLEAR_NO_RIPPLE):
            if funds.balance_of(line, self.account_id, limit.issuer).mantissa >= 0:
                after |= flags.HIGH_NO_RIPPLE if high else flags.LOW_NO_RIPPLE
            elif self.view.rules.enabled("fix1578"):
                return "tecNO_PERMISSION"
        elif _only(tx, CLEAR_NO_RIPPLE, SET_NO_RIPPLE):
            after &= ~(flags.HIGH_NO_RIPPLE if high else flags.LOW_NO_RIPPLE)
        after = _freeze_flags(tx, after, high=high, no_freeze=self.sender.flag(flags.NO_FREEZE))
        if tx.has_flag(SET_AUTH):
            after |= flags.HIGH_AUTH if high else flags.LOW_AUTH
        reserve = self._reserve_to_create()
        after, increased = self._count_sides(line, after, mine)
        line["Flags"] = after
        if not after & (flags.LOW_RESERVE | flags.HIGH_RESERVE):
            return funds.delete_line(self.view, line)
        if increased and self.prior_balance < reserve:
            return "tecINSUF_RESERVE_LINE"
        self.view.update(line)
        return "tesSUCCESS"

    def _set_quality(self, line: Entry, field: str, name: str) -> None:
        if name not in self.tx:
            return
        quality: int = self.tx[name]
        if name == "QualityOut" and quality == PARITY:
            quality = 0
        if quality:
            line[field] = quality
        else:
            line.pop(field, None)

    def _count_sides(self, line: Entry, line_flags: int, mine: str) -> tuple[int, bool]:
        """Count each side's reserve in or out; the new flags, and whether the sender's side costs more now."""
        increased = False
        for name, reserve in (("Low", flags.LOW_RESERVE), ("High", flags.HIGH_RESERVE)):
            account: bytes = line[f"{name}Limit"].issuer
            needs = self._needs_reserve(line, line_flags, name, account)
            has = bool(line_flags & reserve)
            if needs and not has:
                funds.count_owned(self.view, account, 1)
                line_flags |= reserve
                increased = increased or name == mine
            elif has and not needs:
                funds.count_owned(self.view, account, -1)
                line_flags &= ~reserve
        return line_flags, increased

    def _needs_reserve(self, line: Entry, line_flags: int, name: str, account: bytes) -> bool:
        high = name == "High"
        root = self.view.read(keylets.account(account))
        assert root is not None, "a side of a line exists"
        balance = line["Balance"].mantissa
        no_ripple = bool(line_flags & (flags.HIGH_NO_RIPPLE if high else flags.LOW_NO_RIPPLE))
        return (
            line.get(f"{name}QualityIn", 0) not in (0, PARITY)
            or line.get(f"{name}QualityOut", 0) not in (0, PARITY)
            or no_ripple is root.flag(flags.DEFAULT_RIPPLE)
            or bool(line_flags & (flags.HIGH_FREEZE if high else flags.LOW_FREEZE))
            or line[f"{name}Limit"].mantissa != 0
            or (-balance if high else balance) > 0
        )


def _freeze_flags(tx: Transaction, line_flags: int, *, high: bool, no_freeze: bool) -> int:
    """The line's flags after setting or clearing both kinds of freeze."""
    for wanted, contrary, flag in (
        (SET_FREEZE, CLEAR_FREEZE, flags.HIGH_FREEZE if high else flags.LOW_FREEZE),
        (
            SET_DEEP_FREEZE,
            CLEAR_DEEP_FREEZE,
            flags.HIGH_DEEP_FREEZE if high else flags.LOW_DEEP_FREEZE,
        ),
    ):
        if _only(tx, wanted, contrary) and not no_freeze:
            line_flags |= flag
        elif _only(tx, contrary, wanted):
            line_flags &= ~flag
    return line_flags


def _check_freeze(tx: Transaction, root: Entry, line: Entry | None, *, high: bool) -> Ter:
    """Since DeepFreeze: no freezing under NoFreeze, no set with clear, deep only over frozen."""
    sets = bool(tx.flags & (SET_FREEZE | SET_DEEP_FREEZE))
    clears = bool(tx.flags & (CLEAR_FREEZE | CLEAR_DEEP_FREEZE))
    no_freeze = root.flag(flags.NO_FREEZE)
    if sets and (no_freeze or clears):
        return "tecNO_PERMISSION"
    after = _freeze_flags(tx, 0 if line is None else line["Flags"], high=high, no_freeze=no_freeze)
    frozen = after & (flags.HIGH_FREEZE if high else flags.LOW_FREEZE)
    deep = after & (flags.HIGH_DEEP_FREEZE if high else flags.LOW_DEEP_FREEZE)
    return "tecNO_PERMISSION" if deep and not frozen else "tesSUCCESS"
