"""A ledger entry: a dict of native fields that knows its index.

Entries that a view hands out by `read` are shared and must not be changed; `peek` hands out a copy that may
be. Values inside are immutable by convention: lists and nested objects are replaced, never edited.
"""

from typing import Any

from xrpl_codec.binary import decode, encode
from xrpl_codec.formats import required_defaults
from xrpl_codec.json_form import to_json


class Entry(dict[str, Any]):
    """Native fields by name, and the 32-byte index under which they are kept."""

    __slots__ = ("key",)

    def __init__(self, key: bytes, fields: dict[str, Any]) -> None:
        super().__init__(fields)
        self.key = key

    @classmethod
    def new(cls, kind: str, key: bytes, **fields: Any) -> "Entry":
        """A new entry with the required fields of its type at their defaults, and those given."""
        entry = cls(key, required_defaults(kind))
        entry.update(fields)
        return entry

    @classmethod
    def from_blob(cls, key: bytes, blob: bytes) -> "Entry":
        """The entry that a node stored."""
        return cls(key, decode(blob))

    def duplicate(self) -> "Entry":
        """A copy that may be changed."""
        return Entry(self.key, self)

    def blob(self) -> bytes:
        """The canonical bytes."""
        return encode(self)

    @property
    def kind(self) -> str:
        """`LedgerEntryType`."""
        kind: str = self["LedgerEntryType"]
        return kind

    def flag(self, mask: int) -> bool:
        """Whether all bits of `mask` are set."""
        return bool(self.get("Flags", 0) & mask == mask)

    def to_json(self) -> dict[str, Any]:
        """The entry as clients see it, with its `index`."""
        out = {**to_json(self), "index": self.key.hex().upper()}
        if "EmailHash" in self and self.kind == "AccountRoot":
            out["urlgravatar"] = "http://www.gravatar.com/avatar/" + self["EmailHash"].hex()
        elif self.kind == "MPTokenIssuance":
            issuance_id: bytes = self["Sequence"].to_bytes(4, "big") + self["Issuer"]
            out["mpt_issuance_id"] = issuance_id.hex().upper()
        return out
