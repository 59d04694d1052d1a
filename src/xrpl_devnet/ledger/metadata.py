"""Metadata: what a transaction did to a ledger, as rippled's `ApplyStateTable` and `TxMeta` tell it.

`build` walks a transaction's changes in order of index, threads the transaction through the entries it
touched (PreviousTxnID) and through the accounts that own what was made or deleted, and yields
AffectedNodes. It also returns the entries that threading alone changed.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from xrpl_codec.amounts import IssuedAmount, MPTAmount
from xrpl_codec.fields import FIELDS
from xrpl_codec.formats import ENTRY_FORMATS, is_default
from xrpl_devnet.amendments import Rules
from xrpl_devnet.ledger import keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import Action, Item, ReadView

_NEVER: Final = frozenset({"LedgerEntryType", "Indexes"})
_ONLY_WHEN_DELETED: Final = frozenset({"PreviousTxnID", "PreviousTxnLgrSeq"})
_NO_PREVIOUS: Final = _NEVER | _ONLY_WHEN_DELETED | {"RootIndex"}
_NO_CURRENT: Final = _NEVER | _ONLY_WHEN_DELETED
_THREADED_LATER: Final = frozenset({"DirectoryNode", "Amendments", "FeeSettings", "NegativeUNL", "AMM"})
"""Types that carry PreviousTxnID only since fixPreviousTxnID."""
_THREADED: Final = frozenset(kind for kind, fields in ENTRY_FORMATS.items() if "PreviousTxnID" in fields)
_ISSUER_FIELDS: Final = ("LowLimit", "HighLimit", "TakerPays", "TakerGets")
_ACCOUNT_FIELDS: Final = frozenset(name for name, info in FIELDS.items() if info.type == "AccountID")


@dataclass(slots=True)
class Metadata:
    """Native metadata, and the accounts it touches."""

    nodes: dict[bytes, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    """Index → (CreatedNode | ModifiedNode | DeletedNode, its fields)."""
    delivered_amount: Any = None
    parent_batch_id: bytes | None = None

    def to_fields(self, result: str, position: int) -> dict[str, Any]:
        """The native fields, to be serialised or shown."""
        fields: dict[str, Any] = {
            "AffectedNodes": [{kind: node} for _, (kind, node) in sorted(self.nodes.items(), key=_by_index)],
            "TransactionIndex": position,
            "TransactionResult": result,
        }
        if self.delivered_amount is not None:
            fields["DeliveredAmount"] = self.delivered_amount
        if self.parent_batch_id is not None:
            fields["ParentBatchID"] = self.parent_batch_id
        return fields


def _by_index(item: tuple[bytes, Any]) -> bytes:
    return item[0]


def is_threaded(kind: str, rules: Rules) -> bool:
    """Whether entries of a type remember the last transaction that touched them."""
    if kind in _THREADED_LATER and not rules.enabled("fixPreviousTxnID"):
        return False
    return kind in _THREADED


class _Builder:
    """One run of `build`."""

    def __init__(self, base: ReadView, items: dict[bytes, Item], transaction_id: bytes) -> None:
        self.base = base
        self.items = items
        self.transaction_id = transaction_id
        self.nodes: dict[bytes, tuple[str, dict[str, Any]]] = {}
        self.threaded_only: dict[bytes, Entry] = {}

    def node(self, key: bytes, kind: str, entry_type: str) -> dict[str, Any]:
        """The node of an entry; its kind may be known better now than when it was first threaded."""
        known = self.nodes.get(key)
        fields = known[1] if known is not None else {"LedgerEntryType": entry_type, "LedgerIndex": key}
        self.nodes[key] = (kind, fields)
        return fields

    def thread(self, entry: Entry) -> None:
        """Mark an entry as touched by this transaction, keeping who touched it before in the node."""
        before = entry.get("PreviousTxnID", b"")
        if before == self.transaction_id:
            return
        ledger_before = entry.get("PreviousTxnLgrSeq", 0)
        entry["PreviousTxnID"] = self.transaction_id
        entry["PreviousTxnLgrSeq"] = self.base.index
        if not any(before):
            return
        known = self.nodes.get(entry.key)
        node = self.node(entry.key, known[0] if known else "ModifiedNode", entry.kind)
        if "PreviousTxnID" not in node:
            node["PreviousTxnID"] = before
            node["PreviousTxnLgrSeq"] = ledger_before

    def thread_account(self, account: bytes) -> None:
        """Thread through an account that owns what was made or deleted."""
        key = keylets.account(account)
        entry = self.threaded_only.get(key)
        if entry is None:
            item = self.items.get(key)
            if item is not None and item.action is Action.ERASED:
                return
            if item is not None and item.action is not Action.CACHED:
                entry = item.entry
            else:
                base = self.base.read(key)
                if base is None:
                    return
                entry = base.duplicate()
                self.threaded_only[key] = entry
        self.thread(entry)

    def thread_owners(self, entry: Entry) -> None:
        """Thread through the accounts of an entry."""
        kind = entry.kind
        if kind == "AccountRoot":
            return
        if kind == "RippleState":
            self.thread_account(entry["LowLimit"].issuer)
            self.thread_account(entry["HighLimit"].issuer)
            return
        for name in ("Account", "Destination"):
            account = entry.get(name)
            if account:
                self.thread_account(account)

    def created(self, entry: Entry) -> None:
        node = self.node(entry.key, "CreatedNode", entry.kind)
        self.thread_owners(entry)
        if is_threaded(entry.kind, self.base.rules):
            self.thread(entry)
        fields = {
            name: value
            for name, value in entry.items()
            if name not in _NO_CURRENT and not is_default(name, value)
        }
        if fields:
            node["NewFields"] = fields

    def modified(self, entry: Entry, before: Entry) -> None:
        node = self.node(entry.key, "ModifiedNode", entry.kind)
        if is_threaded(entry.kind, self.base.rules):
            self.thread(entry)
        self._differences(node, entry, before)
        fields = {name: value for name, value in entry.items() if name not in _NO_CURRENT}
        if fields:
            node["FinalFields"] = fields

    def deleted(self, entry: Entry, before: Entry) -> None:
        node = self.node(entry.key, "DeletedNode", before.kind)
        self.thread_owners(before)
        self._differences(node, entry, before)
        fields = {
            name: value for name, value in entry.items() if name not in _NEVER and name != "LedgerEntryType"
        }
        if fields:
            node["FinalFields"] = fields

    def _differences(self, node: dict[str, Any], entry: Entry, before: Entry) -> None:
        missing = object()
        fields = {
            name: value
            for name, value in before.items()
            if name not in _NO_PREVIOUS and entry.get(name, missing) != value
        }
        if fields:
            node["PreviousFields"] = fields


def build(
    base: ReadView, items: dict[bytes, Item], transaction_id: bytes
) -> tuple[Metadata, dict[bytes, Entry]]:
    """The metadata of a transaction's changes over `base`, and what threading alone changed.

    Threads entries in place: call it once, when the transaction is sure to be applied.
    """
    builder = _Builder(base, items, transaction_id)
    for key, item in sorted(items.items(), key=_by_index):
        if item.action is Action.CACHED:
            continue
        before = base.read(key)
        if item.action is Action.INSERTED:
            builder.created(item.entry)
        elif before is None:
            continue
        elif item.action is Action.ERASED:
            builder.deleted(item.entry, before)
        elif item.entry != before:
            builder.modified(item.entry, before)
    return Metadata(builder.nodes), builder.threaded_only


def affected_accounts(nodes: list[dict[str, Any]]) -> set[bytes]:
    """The accounts under which a transaction is found: those that its metadata mentions."""
    accounts: set[bytes] = set()
    for item in nodes:
        for kind, node in item.items():
            fields = node.get("NewFields" if kind == "CreatedNode" else "FinalFields")
            if not fields:
                continue
            for name in fields.keys() & _ACCOUNT_FIELDS:
                if fields[name]:
                    accounts.add(fields[name])
            for name in _ISSUER_FIELDS:
                amount = fields.get(name)
                if isinstance(amount, IssuedAmount):
                    accounts.add(amount.issuer)
                elif isinstance(amount, MPTAmount):
                    accounts.add(amount.issuance_id[4:])
            issuance = fields.get("MPTokenIssuanceID")
            if issuance:
                accounts.add(issuance[4:])
    return accounts
