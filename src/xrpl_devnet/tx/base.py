"""The base of every transaction type: `Transactor`, and what its three stages are given.

A type is a module with one subclass, registered by `@transactor("Name")`:

- `preflight(ctx)`: is it well-formed? Sees the transaction and the rules only.
- `preclaim(ctx)`: is it likely to claim a fee? Sees a ledger, changes nothing.
- `apply(self)`: do it, on `self.view`, a sandbox in which fee and sequence are already taken.

Each answers the name of a result; `tesSUCCESS` goes on. A `tec` from `apply` undoes all but fee and
sequence; what must survive it is done again in `after_claim`. The common checks (network id, flags, fee,
signature, sequence, ticket) are the engine's, in rippled's order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntFlag
from typing import ClassVar, Final, TypeVar

from xrpl_codec.amounts import Amount
from xrpl_devnet.amendments import Rules
from xrpl_devnet.ledger import credentials, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import Action, ReadView, Sandbox
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.signatures import check_authority
from xrpl_devnet.tx.transaction import UNIVERSAL_FLAGS, Transaction


class ApplyFlags(IntFlag):
    """How a transaction is being tried."""

    NONE = 0
    RETRY = 1
    """There will be another pass: a `tec` is not taken yet."""
    FAIL_HARD = 2
    """The submitter wants success or nothing: a `tec` is not applied."""
    DRY_RUN = 4
    """`simulate`: metadata is made, nothing is kept, signatures are not asked for."""
    INNER_BATCH = 8
    """Part of a Batch: no fee, no signature of its own."""


@dataclass(frozen=True, slots=True)
class PreflightContext:
    """What preflight sees."""

    tx: Transaction
    rules: Rules
    flags: ApplyFlags
    network_id: int


@dataclass(frozen=True, slots=True)
class PreclaimContext:
    """What preclaim sees."""

    tx: Transaction
    view: ReadView
    flags: ApplyFlags


class Transactor:
    """One transaction being applied. Subclasses override what differs."""

    NAME: ClassVar[str] = ""
    AMENDMENTS: ClassVar[tuple[str, ...]] = ()
    """All must be on, else `temDISABLED`."""
    FLAGS: ClassVar[int] = 0
    """The type's own flags; any other is `temINVALID_FLAG`."""

    def __init__(self, tx: Transaction, view: Sandbox, flags: ApplyFlags) -> None:
        self.tx = tx
        self.view = view
        self.flags = flags
        self.account_id = tx.account
        self.prior_balance = 0
        """The sender's drops before the fee: reserves are checked against it."""
        self.delivered_amount: Amount | None = None
        """Set it to have `DeliveredAmount` in the metadata."""

    # --- stages ---

    @classmethod
    def is_enabled(cls, ctx: PreflightContext) -> bool:
        """Whether the fields in use are, beyond the type itself, covered by amendments; else `temDISABLED`."""
        del ctx
        return True

    @classmethod
    def flags_mask(cls, ctx: PreflightContext) -> int:
        """The flags that a transaction may carry."""
        del ctx
        return cls.FLAGS | UNIVERSAL_FLAGS

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """Whether the transaction is well-formed."""
        del ctx
        return "tesSUCCESS"

    @classmethod
    def base_fee(cls, view: ReadView, tx: Transaction) -> int:
        """The least fee in drops, without load: the base fee and one more for each signer."""
        return view.fees.base * (1 + len(tx.get("Signers", ())))

    @classmethod
    def check_sign(cls, view: ReadView, tx: Transaction) -> Ter:
        """Whether the keys that signed may act for the account in this ledger."""
        return check_authority(view, tx)

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """Whether the ledger lets the transaction be tried."""
        del ctx
        return "tesSUCCESS"

    def apply(self) -> Ter:
        """Do it."""
        return "tesSUCCESS"

    def after_claim(self, result: Ter, attempted: Sandbox) -> None:
        """After a `tec` undid everything but the fee: redo what must stay.

        Credentials that were found expired stay deleted.

        Args:
            result: The `tec`.
            attempted: What had been done, for finding what to repeat.
        """
        if result == "tecEXPIRED":
            credentials.remove_expired(
                self.view,
                [
                    key
                    for key, item in attempted.items.items()
                    if item.action is Action.ERASED and item.entry.kind == "Credential"
                ],
            )

    # --- helpers ---

    @property
    def sender(self) -> Entry:
        """The sender's AccountRoot, to be changed."""
        root = self.view.peek(keylets.account(self.account_id))
        assert root is not None, "the engine has seen the account"
        return root

    def reserve_met(self, owner_count: int) -> bool:
        """Whether the balance before the fee covers the reserve for so many objects."""
        return self.prior_balance >= self.view.fees.account_reserve(owner_count)


TRANSACTORS: Final[dict[str, type[Transactor]]] = {}
"""By TransactionType. Types that are not here answer `temDISABLED`."""
_VARIANTS: Final[dict[str, list[tuple[Callable[[Transaction], bool], type[Transactor]]]]] = {}


def transactor_for(tx: Transaction) -> type[Transactor] | None:
    """The class that applies a transaction; None where its type is not there."""
    for concerns, cls in _VARIANTS.get(tx.type, ()):
        if concerns(tx):
            return cls
    return TRANSACTORS.get(tx.type)


_T = TypeVar("_T", bound=type[Transactor])


def transactor(name: str) -> Callable[[_T], _T]:
    """Register a transactor class under its TransactionType."""

    def register(cls: _T) -> _T:
        assert name not in TRANSACTORS, f"{name} registered twice"
        cls.NAME = name
        TRANSACTORS[name] = cls
        return cls

    return register


def variant(name: str, concerns: Callable[[Transaction], bool]) -> Callable[[_T], _T]:
    """Register a class for those transactions of a type that `concerns` picks, by what they carry."""

    def register(cls: _T) -> _T:
        cls.NAME = name
        _VARIANTS.setdefault(name, []).append((concerns, cls))
        return cls

    return register
