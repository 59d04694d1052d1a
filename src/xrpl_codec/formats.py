"""Which fields each transaction type and ledger entry type has: required, optional or with a default.

rippled's templates, read from the definitions. `check_transaction` refuses what does not fit, in rippled's
words. `required_defaults` gives what a new ledger entry holds before anyone sets it.
"""

from typing import Any, Final

from xrpl_codec.binary import CodecError, Fields
from xrpl_codec.fields import DEFINITIONS, FIELDS

REQUIRED: Final = 0
OPTIONAL: Final = 1
DEFAULT: Final = 2

_DEFAULTS: Final[dict[str, Any]] = {
    "UInt8": 0,
    "UInt16": 0,
    "UInt32": 0,
    "UInt64": 0,
    "Int32": 0,
    "Hash128": bytes(16),
    "Hash160": bytes(20),
    "Hash192": bytes(24),
    "Hash256": bytes(32),
    "Currency": bytes(20),
    "Amount": 0,
    "Blob": b"",
    "AccountID": b"",
    "Issue": bytes(20),
    "Number": bytes(8) + b"\x80\x00\x00\x00",
}
_EMPTY_LISTS: Final = frozenset({"Vector256", "STArray", "PathSet"})


def default_of(name: str) -> Any:
    """The value a field of this name has when it was never set."""
    kind = FIELDS[name].type
    if kind in _EMPTY_LISTS:
        return []
    return {} if kind == "STObject" else _DEFAULTS.get(kind, b"")


def is_default(name: str, value: Any) -> bool:
    """Whether metadata leaves this value out of `NewFields`."""
    if name == "LedgerEntryType":
        return False
    return bool(value == default_of(name)) and type(value) is type(default_of(name))


def _formats(key: str) -> dict[str, dict[str, int]]:
    table: dict[str, list[dict[str, Any]]] = DEFINITIONS[key]
    common = {item["name"]: item["optionality"] for item in table["common"]}
    return {
        kind: common | {item["name"]: item["optionality"] for item in items}
        for kind, items in table.items()
        if kind != "common"
    }


TRANSACTION_FORMATS: Final = _formats("TRANSACTION_FORMATS")
ENTRY_FORMATS: Final = _formats("LEDGER_ENTRY_FORMATS")
_REQUIRED_BY_TRANSACTION: Final = {
    kind: [name for name, style in fields.items() if style == REQUIRED]
    for kind, fields in TRANSACTION_FORMATS.items()
}
_REQUIRED_BY_ENTRY: Final = {
    kind: [name for name, style in fields.items() if style == REQUIRED]
    for kind, fields in ENTRY_FORMATS.items()
}


def check_transaction(fields: Fields) -> None:
    """Refuse a transaction whose fields do not fit its type.

    Raises:
        CodecError: Unknown type, a required field missing, a field that does not belong.
    """
    kind = fields.get("TransactionType")
    if kind is None:
        raise CodecError("Field not found: TransactionType")
    known = TRANSACTION_FORMATS.get(kind)
    if known is None:
        raise CodecError(f"Invalid transaction type {kind}")
    for name in _REQUIRED_BY_TRANSACTION[kind]:
        if name not in fields:
            raise CodecError(f"Field '{name}' is required but missing.")
    for name, value in fields.items():
        style = known.get(name)
        if style is None:
            raise CodecError(f"Field '{name}' found in disallowed location.")
        if style == DEFAULT and is_default(name, value):
            raise CodecError(f"Field '{name}' may not be explicitly set to default.")


def required_defaults(kind: str) -> Fields:
    """The fields that every new ledger entry of a type has, at their defaults."""
    fields = {name: default_of(name) for name in _REQUIRED_BY_ENTRY[kind]}
    fields["LedgerEntryType"] = kind
    return fields
