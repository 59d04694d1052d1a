"""Assets: what a person holds, which tokens somebody vouches for, and what stands in their way.

Routes: GET /api/v1/assets · GET /api/v1/assets/{asset} · PUT /api/v1/assets/{asset}/shown.
Every change of a holding is pushed as `wallet.changed`.

An asset is code and issuer, never the code alone. A token nobody vouches for is hidden until the
person asks for it, and one that looks like a verified token (or like XRP) says so.
"""

from talktalk_wire.common import Amount, Ask, Wire


class Token(Wire, frozen=True, kw_only=True):
    """A token, told apart from all that look like it."""

    asset: str
    code: str
    """As people read it; the hex digits of a code that holds no text, the id of an MPT nobody vouches
    for."""
    issuer: str
    """The issuer's address."""
    verified: bool
    """The operator's signed list vouches for it."""
    issuer_name: str | None = None
    """From the list alone."""
    domain: str | None = None
    scale: int | None = None
    """Decimal places people expect. An MPT's amounts are whole numbers of 10^-scale."""
    lookalike_of: str | None = None
    """The verified asset, or `XRP`, that this one looks like and is not."""


class Held(Wire, frozen=True, kw_only=True):
    """A token a person has a trust line or an MPT entry for."""

    token: Token
    balance: Amount
    spendable: Amount
    """What could be paid now, as far as the line itself says; the issuer may have frozen all of it."""
    limit: Amount | None
    """How much of it may come; null for an MPT, which has no limit."""
    shown: bool
    """Whether it is among the wallet's balances."""
    notices: list[str]
    """What stands in its way: `frozen` (receives, pays the issuer alone), `deep_frozen` (nothing moves),
    `frozen_by_me`, `not_asked_for` (somebody opened this line; it takes nothing in), `ripples` (others
    could pay through it: set it anew), `locked` (part of it is in escrow), `owes` (others hold what this
    account issued)."""
    reserve_drops: int
    """What keeping it costs: comes back when it is removed."""
    removable: bool
    """Empty, so that its line could be closed."""


class Assets(Wire, frozen=True, kw_only=True):
    """Everything the assets manager shows. XRP is in the wallet's balances."""

    held: list[Held]
    listed: list[Token]
    """The verified tokens of this network that the person does not hold."""
    list_serial: int
    line_reserve_drops: int
    """What one more line would lock."""
    spendable_drops: int
    """XRP that is free now."""


class TokenTerms(Wire, frozen=True, kw_only=True):
    """What an issuer has decided about a token, read from the ledger now."""

    token: Token
    held: Held | None
    frozen: bool
    """Everywhere: nobody but the issuer can pay or be paid with it."""
    requires_authorization: bool
    """The issuer must let each holder in."""
    transferable: bool
    """Whether holders can pay each other."""
    takes_lines: bool
    """Whether somebody new may hold it."""
    can_freeze: bool
    can_claw_back: bool
    """The issuer can take it out of wallets."""
    transfer_fee_percent: str
    """What a payment between holders costs on top, such as `0.5`."""
    claimed_domain: str | None
    """As the issuer's own account claims, which proves nothing."""
    line_reserve_drops: int


class ShownAsk(Ask, frozen=True, kw_only=True):
    """PUT /api/v1/assets/{asset}/shown: among my balances, or not."""

    shown: bool
