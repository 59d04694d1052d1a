"""Misbehaviour on request: what a real network does to clients sooner or later, at the moment a test wants it.

In a program: `net.faults.set({"lose_submissions": 1})`. From outside, on an admin port: the method `devnet_faults` with
the same names, which answers what is set now; `reset: true` ends all of it, `disconnect: true` cuts every connection.

| name | what happens |
|---|---|
| `lose_submissions` | so many submissions never reach the node, and their connection is cut |
| `drop_answers` | so many submissions are taken, and their connection is cut instead of an answer |
| `delay_submissions_s` | submissions wait so long before the node sees them |
| `stalled` | no ledger closes: the node falls behind the clock, as one that lost its peers does |
| `hidden_ledgers` | [[first, last], …]: this history is missing here |
| `fee_factor` | the open ledger asks so many times the base fee (`telINSUF_FEE_P` below it) |
| `withhold` | accounts, transaction ids, or `["*"]`: such transactions are taken and never put into a ledger |
| `disabled_amendments` | these amendments are off from the next ledger on |
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec

from xrpl_codec.base58 import encode_account
from xrpl_devnet.amendments import IDS, Rules
from xrpl_devnet.node import Node
from xrpl_devnet.tx.transaction import Transaction

SUBMISSIONS: Final = frozenset({"submit", "submit_multisigned"})
EVERYTHING: Final = "*"


class DropConnection(Exception):
    """Close the connection without an answer."""


class FaultSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The table above, as it travels."""

    lose_submissions: int = 0
    drop_answers: int = 0
    delay_submissions_s: float = 0.0
    stalled: bool = False
    hidden_ledgers: tuple[tuple[int, int], ...] = ()
    fee_factor: int = 1
    withhold: tuple[str, ...] = ()
    disabled_amendments: tuple[str, ...] = ()


class FaultError(ValueError):
    """Settings that make no sense; the text names what."""


class Faults:
    """The faults of one running node."""

    def __init__(self, node: Node, disconnect: Callable[[], None]) -> None:
        self._node = node
        self._rules: Rules = node.settings.rules
        self.disconnect = disconnect
        """Cut every connection now."""
        self.settings = FaultSettings()

    def set(self, changes: dict[str, Any]) -> FaultSettings:
        """Change some settings and keep the others.

        Raises:
            FaultError: An unknown name or a value that makes no sense.
        """
        merged = {**msgspec.to_builtins(self.settings), **changes}
        try:
            settings = msgspec.convert(merged, FaultSettings)
        except msgspec.ValidationError as error:
            raise FaultError(str(error)) from error
        unknown = [name for name in settings.disabled_amendments if name not in IDS]
        if unknown:
            raise FaultError(f"unknown amendment {unknown[0]}")
        if settings.fee_factor < 1 or settings.delay_submissions_s < 0:
            raise FaultError("fee_factor begins at 1, delay_submissions_s at 0")
        self.settings = settings
        self._apply()
        return settings

    def reset(self) -> None:
        """Behave again."""
        self.settings = FaultSettings()
        self._apply()

    def _apply(self) -> None:
        settings, node = self.settings, self._node
        node.hidden_ledgers = settings.hidden_ledgers
        node.set_fee_factor(settings.fee_factor)
        node.withholds = self._withholds if settings.withhold else None
        node.rules = Rules(self._rules.names - set(settings.disabled_amendments))

    def _withholds(self, tx: Transaction) -> bool:
        names = self.settings.withhold
        return EVERYTHING in names or tx.id.hex().upper() in names or encode_account(tx.account) in names

    @property
    def touches_requests(self) -> bool:
        """Whether any request must be looked at."""
        settings = self.settings
        return bool(settings.lose_submissions or settings.drop_answers or settings.delay_submissions_s)

    async def before(self, name: str) -> None:
        """Stand between a client and a method.

        Raises:
            DropConnection: The request is lost.
        """
        if name not in SUBMISSIONS:
            return
        if self.settings.delay_submissions_s:
            await asyncio.sleep(self.settings.delay_submissions_s)
        if self.settings.lose_submissions > 0:
            self.settings.lose_submissions -= 1
            raise DropConnection

    def after(self, name: str) -> None:
        """Stand between a method's answer and the client.

        Raises:
            DropConnection: The answer is lost.
        """
        if name in SUBMISSIONS and self.settings.drop_answers > 0:
            self.settings.drop_answers -= 1
            raise DropConnection
