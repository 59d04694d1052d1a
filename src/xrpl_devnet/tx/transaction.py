"""A signed transaction as it came: bytes, native fields, id, and what is asked of it often.

`Transaction.from_blob` accepts what rippled's parser accepts and refuses with its words. Whether the
signatures are right is found once (`signatures.local_checks`) and remembered on the object.
"""

from typing import Any, Final, NamedTuple

from xrpl_codec.binary import CodecError, Fields, decode_with_spans, encode
from xrpl_codec.formats import check_transaction
from xrpl_codec.hashing import TRANSACTION_ID, half
from xrpl_codec.json_form import to_json

MIN_BYTES: Final = 32
MAX_BYTES: Final = 1024 * 1024

FULLY_CANONICAL_SIG: Final = 0x80000000
INNER_BATCH: Final = 0x40000000
UNIVERSAL_FLAGS: Final = FULLY_CANONICAL_SIG | INNER_BATCH


class SeqProxy(NamedTuple):
    """What numbers a transaction: its Sequence or its ticket. Sequences sort before tickets."""

    is_ticket: bool
    value: int


class Transaction:
    """One transaction; treat it as immutable."""

    __slots__ = (
        "account",
        "blob",
        "checked",
        "fee",
        "fields",
        "flags",
        "id",
        "inner",
        "preflighted",
        "seq_proxy",
        "signing_blob",
        "type",
    )

    def __init__(self, blob: bytes, fields: Fields, signing_blob: bytes) -> None:
        self.blob = blob
        self.fields = fields
        self.signing_blob = signing_blob
        """The bytes that signatures cover, without their prefix."""
        self.id = half(TRANSACTION_ID + blob)
        self.type: str = fields["TransactionType"]
        self.account: bytes = fields["Account"]
        self.flags: int = fields.get("Flags", 0)
        self.fee: Any = fields["Fee"]
        """Native amount; an `int` unless the transaction is malformed."""
        sequence: int = fields["Sequence"]
        ticket: int | None = fields.get("TicketSequence")
        self.seq_proxy = (
            SeqProxy(True, ticket) if sequence == 0 and ticket is not None else SeqProxy(False, sequence)
        )
        self.checked: object = None
        """The rules under which the local checks passed."""
        self.inner: list[Transaction] | None = None
        """What a Batch holds, once it has been asked for."""
        self.preflighted: tuple[object, int, str] | None = None
        """Rules, flags and result of the last preflight: it depends on nothing else."""

    @classmethod
    def from_blob(cls, blob: bytes) -> "Transaction":
        """The transaction in some bytes.

        Raises:
            CodecError: The bytes are no transaction; the text is what `submit` answers.
        """
        if not MIN_BYTES <= len(blob) <= MAX_BYTES:
            raise CodecError("Transaction length invalid")
        fields, unsigned, ordered = decode_with_spans(blob)
        check_transaction(fields)
        if not ordered:
            return cls(encode(fields), fields, encode(fields, signing=True))
        parts: list[bytes] = []
        at = 0
        for start, end in unsigned:
            parts.append(blob[at:start])
            at = end
        parts.append(blob[at:])
        return cls(blob, fields, b"".join(parts))

    @classmethod
    def from_fields(cls, fields: Fields) -> "Transaction":
        """The transaction of native fields.

        Raises:
            CodecError: The fields do not fit the type.
        """
        check_transaction(fields)
        return cls(encode(fields), fields, encode(fields, signing=True))

    def get(self, name: str, default: Any = None) -> Any:
        """A field, or a default."""
        return self.fields.get(name, default)

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    @property
    def sequence_value(self) -> int:
        """The number that names what the transaction makes: its Sequence, or its ticket's."""
        return self.seq_proxy.value

    def has_flag(self, mask: int) -> bool:
        """Whether all bits of a mask are set."""
        return self.flags & mask == mask

    def to_json(self) -> dict[str, Any]:
        """The fields as clients see them, without the hash."""
        return to_json(self.fields)

    def __repr__(self) -> str:
        return f"Transaction({self.type} {self.id.hex()[:8]})"
