"""The table of serialised fields, read as data from xrpl-py's `definitions.json`.

A field is known by its name; `FIELDS[name]` gives its type, the bytes of its header, its place in the
canonical order and whether it is signed. `BY_CODE` finds a field by (type code, field code). Transaction
types, ledger entry types, formats and result codes come from the same file, so that a newer xrpl-py brings
newer definitions.
"""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

DEFINITIONS: Final[dict[str, Any]] = json.loads(
    (files("xrpl.core.binarycodec.definitions") / "definitions.json").read_text()
)
"""The whole file, as `server_definitions` answers it."""

TYPE_CODES: Final[dict[str, int]] = DEFINITIONS["TYPES"]


@dataclass(frozen=True, slots=True)
class Field:
    """One serialised field."""

    name: str
    type: str
    order: int
    """Type code << 16 | field code: fields are serialised in ascending order of it."""
    header: bytes
    signed: bool
    """False for signatures, which are left out of what is signed."""


def _header(type_code: int, nth: int) -> bytes:
    """The one to three bytes before a field's value (xrpl.org, Serialization Format, Field IDs)."""
    if type_code < 16:
        if nth < 16:
            return bytes([type_code << 4 | nth])
        return bytes([type_code << 4, nth])
    if nth < 16:
        return bytes([nth, type_code])
    return bytes([0, type_code, nth])


def _load() -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for name, info in DEFINITIONS["FIELDS"]:
        type_code = TYPE_CODES[info["type"]]
        if not info["isSerialized"] or not 0 < type_code < 256 or not 0 < info["nth"] < 256:
            continue
        fields[name] = Field(
            name=name,
            type=info["type"],
            order=type_code << 16 | info["nth"],
            header=_header(type_code, info["nth"]),
            signed=info["isSigningField"],
        )
    return fields


FIELDS: Final[dict[str, Field]] = _load()
BY_CODE: Final[dict[int, Field]] = {field.order: field for field in FIELDS.values()}

TRANSACTION_TYPES: Final[dict[str, int]] = {
    name: code for name, code in DEFINITIONS["TRANSACTION_TYPES"].items() if code >= 0
}
TRANSACTION_TYPE_NAMES: Final[dict[int, str]] = {code: name for name, code in TRANSACTION_TYPES.items()}
ENTRY_TYPES: Final[dict[str, int]] = {
    name: code for name, code in DEFINITIONS["LEDGER_ENTRY_TYPES"].items() if code >= 0
}
ENTRY_TYPE_NAMES: Final[dict[int, str]] = {code: name for name, code in ENTRY_TYPES.items()}
RESULT_CODES: Final[dict[str, int]] = DEFINITIONS["TRANSACTION_RESULTS"]
RESULT_NAMES: Final[dict[int, str]] = {code: name for name, code in RESULT_CODES.items()}

BASE_TEN_FIELDS: Final = frozenset(
    {"MaximumAmount", "OutstandingAmount", "MPTAmount", "LockedAmount"} | {"ConfidentialOutstandingAmount"}
)
"""64-bit integers that JSON shows in decimal; all others are shown in hex."""
