"""The canonical binary form: fields sorted by type and field code, each a header and a value.

`decode` gives a plain dict from field name to native value and `encode` turns one back. Native values:

| type | value |
|---|---|
| UInt8 … UInt64, Int32 | `int`; transaction and entry types and results are their names |
| Hash128 … Hash256, Currency, Blob, AccountID | `bytes` (an account id may be empty) |
| Amount | `int` drops, `IssuedAmount` or `MPTAmount` |
| Vector256 | `list[bytes]` |
| STObject, STArray | `dict`, list of one-key dicts such as `{"Memo": {…}}` |
| PathSet | list of paths, each a list of steps `{"account"|"currency"|"issuer": bytes}` |
| Issue, XChainBridge, Number | `bytes`, as serialised |

Values are never changed in place once they are part of a ledger entry: lists and dicts are replaced, not
edited. Errors carry rippled's words, because `submit` shows them to clients.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from xrpl_codec.amounts import (
    MAX_EXPONENT,
    MAX_MANTISSA,
    MIN_EXPONENT,
    MIN_MANTISSA,
    XRP_ACCOUNT,
    XRP_CURRENCY,
    Amount,
    IssuedAmount,
    MPTAmount,
)
from xrpl_codec.fields import (
    BY_CODE,
    ENTRY_TYPE_NAMES,
    ENTRY_TYPES,
    FIELDS,
    RESULT_CODES,
    RESULT_NAMES,
    TRANSACTION_TYPE_NAMES,
    TRANSACTION_TYPES,
    Field,
)

Fields: TypeAlias = dict[str, Any]
Reader: TypeAlias = Callable[[bytes, int], tuple[Any, int]]
Writer: TypeAlias = Callable[[Any], bytes]

OBJECT_END: Final = 0xE1
ARRAY_END: Final = 0xF1
MAX_DEPTH: Final = 10
NAMED_VALUES: Final[dict[str, tuple[dict[str, int], dict[int, str]]]] = {
    "TransactionType": (TRANSACTION_TYPES, TRANSACTION_TYPE_NAMES),
    "LedgerEntryType": (ENTRY_TYPES, ENTRY_TYPE_NAMES),
    "TransactionResult": (RESULT_CODES, RESULT_NAMES),
}


class CodecError(ValueError):
    """The bytes or values do not follow the format."""


# --- reading -----------------------------------------------------------------------------------------------


def _read_exact(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    end = at + size
    if end > len(data):
        raise CodecError("invalid SerialIter getRaw")
    return data[at:end], end


def _int_reader(size: int, *, signed: bool = False) -> Reader:
    message = f"invalid SerialIter get{size * 8}"

    def read(data: bytes, at: int) -> tuple[int, int]:
        end = at + size
        if end > len(data):
            raise CodecError(message)
        return int.from_bytes(data[at:end], "big", signed=signed), end

    return read


def _bytes_reader(size: int) -> Reader:
    def read(data: bytes, at: int) -> tuple[bytes, int]:
        return _read_exact(data, at, size)

    return read


def read_length(data: bytes, at: int) -> tuple[int, int]:
    """A variable length: one to three bytes, up to 918,744."""
    if at >= len(data):
        raise CodecError("invalid SerialIter get8")
    first = data[at]
    if first <= 192:
        return first, at + 1
    if first <= 240:
        if at + 2 > len(data):
            raise CodecError("invalid SerialIter get8")
        return 193 + (first - 193) * 256 + data[at + 1], at + 2
    if first <= 254:
        if at + 3 > len(data):
            raise CodecError("invalid SerialIter get8")
        return 12481 + (first - 241) * 65536 + data[at + 1] * 256 + data[at + 2], at + 3
    raise CodecError("Invalid length")


def _read_blob(data: bytes, at: int) -> tuple[bytes, int]:
    size, at = read_length(data, at)
    return _read_exact(data, at, size)


def _read_account(data: bytes, at: int) -> tuple[bytes, int]:
    value, at = _read_blob(data, at)
    if len(value) not in (0, 20):
        raise CodecError("Invalid STAccount size")
    return value, at


def _read_amount(data: bytes, at: int) -> tuple[Amount, int]:
    end = at + 8
    if end > len(data):
        raise CodecError("invalid SerialIter get64")
    raw = int.from_bytes(data[at:end], "big")
    if not raw >> 63:
        if raw >> 61 & 1:
            return _read_mpt(data, at)
        drops = raw & 0x1FFFFFFFFFFFFFFF
        if raw >> 62:
            return drops, end
        if drops == 0:
            raise CodecError("negative zero is not canonical")
        return -drops, end
    tail, after = _read_exact(data, end, 40)
    currency, issuer = tail[:20], tail[20:]
    if currency == XRP_CURRENCY:
        raise CodecError("invalid native currency")
    if issuer == XRP_ACCOUNT:
        raise CodecError("invalid native account")
    mantissa = raw & 0x3FFFFFFFFFFFFF
    if mantissa == 0:
        if raw != 1 << 63:
            raise CodecError("invalid currency value")
        return IssuedAmount.of(0, 0, currency, issuer), after
    exponent = (raw >> 54 & 0xFF) - 97
    if not MIN_MANTISSA <= mantissa <= MAX_MANTISSA or not MIN_EXPONENT <= exponent <= MAX_EXPONENT:
        raise CodecError("invalid currency value")
    return IssuedAmount(mantissa if raw >> 62 & 1 else -mantissa, exponent, currency, issuer), after


def _read_mpt(data: bytes, at: int) -> tuple[MPTAmount, int]:
    raw, after = _read_exact(data, at, 33)
    value = int.from_bytes(raw[1:9], "big")
    return MPTAmount(value if raw[0] & 0x40 else -value, raw[9:]), after


def _read_vector(data: bytes, at: int) -> tuple[list[bytes], int]:
    raw, at = _read_blob(data, at)
    if len(raw) % 32:
        raise CodecError(f"Bad serialization for STVector256: {len(raw)}")
    return [raw[i : i + 32] for i in range(0, len(raw), 32)], at


_STEP_PARTS: Final = (
    (0x01, "account", 20),
    (0x10, "currency", 20),
    (0x40, "mpt_issuance_id", 24),
    (0x20, "issuer", 20),
)


def _read_paths(data: bytes, at: int) -> tuple[list[list[dict[str, bytes]]], int]:
    paths: list[list[dict[str, bytes]]] = []
    path: list[dict[str, bytes]] = []
    while True:
        if at >= len(data):
            raise CodecError("invalid SerialIter get8")
        kind = data[at]
        at += 1
        if kind in (0x00, 0xFF):
            if not path:
                raise CodecError("empty path")
            paths.append(path)
            path = []
            if kind == 0:
                return paths, at
            continue
        if kind & ~0x71:
            raise CodecError("bad path element")
        step: dict[str, bytes] = {}
        for bit, name, size in _STEP_PARTS:
            if kind & bit:
                step[name], at = _read_exact(data, at, size)
        path.append(step)


def _read_issue(data: bytes, at: int) -> tuple[bytes, int]:
    first, at = _read_exact(data, at, 20)
    if first == XRP_CURRENCY:
        return first, at
    second, at = _read_exact(data, at, 20)
    if second == bytes(19) + b"\x01":
        third, at = _read_exact(data, at, 4)
        return first + second + third, at
    return first + second, at


def _read_bridge(data: bytes, at: int) -> tuple[bytes, int]:
    start = at
    for _ in range(2):
        _, at = _read_account(data, at)
        _, at = _read_issue(data, at)
    return data[start:at], at


_READERS: Final[dict[str, Reader]] = {
    "UInt8": _int_reader(1),
    "UInt16": _int_reader(2),
    "UInt32": _int_reader(4),
    "UInt64": _int_reader(8),
    "Int32": _int_reader(4, signed=True),
    "Hash128": _bytes_reader(16),
    "Hash160": _bytes_reader(20),
    "Hash192": _bytes_reader(24),
    "Hash256": _bytes_reader(32),
    "Currency": _bytes_reader(20),
    "Number": _bytes_reader(12),
    "Blob": _read_blob,
    "AccountID": _read_account,
    "Amount": _read_amount,
    "Vector256": _read_vector,
    "PathSet": _read_paths,
    "Issue": _read_issue,
    "XChainBridge": _read_bridge,
}

_ONE_BYTE: Final[list[Field | None]] = [
    BY_CODE.get((byte >> 4) << 16 | (byte & 15)) if byte >> 4 and byte & 15 else None for byte in range(256)
]


def _read_header(data: bytes, at: int) -> tuple[Field, int]:
    byte = data[at]
    found = _ONE_BYTE[byte]
    if found is not None:
        return found, at + 1
    type_code, nth = byte >> 4, byte & 15
    at += 1
    if type_code == 0:
        if at >= len(data):
            raise CodecError("invalid SerialIter get8")
        type_code = data[at]
        at += 1
        if type_code < 16:
            raise CodecError("gFID: uncommon type out of range")
    if nth == 0:
        if at >= len(data):
            raise CodecError("invalid SerialIter get8")
        nth = data[at]
        at += 1
        if nth < 16:
            raise CodecError("gFID: uncommon name out of range")
    field = BY_CODE.get(type_code << 16 | nth)
    if field is None:
        raise CodecError("Unknown field")
    return field, at


def _read_value(field: Field, data: bytes, at: int, depth: int) -> tuple[Any, int]:
    reader = _READERS.get(field.type)
    if reader is None:
        if field.type == "STObject":
            return _read_object(data, at, depth + 1)
        if field.type == "STArray":
            return _read_array(data, at, depth + 1)
        raise CodecError("Unknown field")
    value, at = reader(data, at)
    if field.name in NAMED_VALUES:
        value = NAMED_VALUES[field.name][1].get(value, value)
    return value, at


def _read_object(data: bytes, at: int, depth: int) -> tuple[Fields, int]:
    if depth > MAX_DEPTH:
        raise CodecError("Maximum nesting depth of STObject exceeded")
    fields: Fields = {}
    while True:
        if at >= len(data):
            # rippled's reader stops at the end of the bytes, even inside an object.
            return fields, at
        if data[at] == OBJECT_END:
            return fields, at + 1
        field, at = _read_header(data, at)
        if field.order == 0xF0001:
            raise CodecError("Unknown field")
        if field.name in fields:
            raise CodecError("Duplicate field detected")
        fields[field.name], at = _read_value(field, data, at, depth)


def _read_array(data: bytes, at: int, depth: int) -> tuple[list[Fields], int]:
    if depth > MAX_DEPTH:
        raise CodecError("Maximum nesting depth of STVar exceeded")
    items: list[Fields] = []
    while at < len(data):
        if data[at] == ARRAY_END:
            return items, at + 1
        if data[at] == OBJECT_END:
            raise CodecError("Illegal terminator in array")
        field, at = _read_header(data, at)
        if field.type != "STObject":
            raise CodecError("Non-object in array")
        value, at = _read_object(data, at, depth + 1)
        items.append({field.name: value})
    return items, at


def decode(data: bytes) -> Fields:
    """All fields of a serialised object.

    Raises:
        CodecError: Truncated, unknown or duplicate fields, values out of range.
    """
    return decode_with_spans(data)[0]


def decode_with_spans(data: bytes) -> tuple[Fields, list[tuple[int, int]], bool]:
    """All fields, where the unsigned ones stand, and whether the bytes are in canonical order.

    The spans let a signature be checked against the very bytes that came, without encoding them again.

    Raises:
        CodecError: As `decode`.
    """
    fields: Fields = {}
    unsigned: list[tuple[int, int]] = []
    ordered = True
    last = -1
    at = 0
    size = len(data)
    while at < size:
        start = at
        field, at = _read_header(data, at)
        if field.order in (0xE0001, 0xF0001):
            raise CodecError("Transaction contains an object terminator")
        if field.name in fields:
            raise CodecError("Duplicate field detected")
        fields[field.name], at = _read_value(field, data, at, 0)
        if field.order < last:
            ordered = False
        last = field.order
        if not field.signed:
            unsigned.append((start, at))
    return fields, unsigned, ordered


# --- writing -----------------------------------------------------------------------------------------------


def write_length(size: int) -> bytes:
    """The one to three bytes of a variable length."""
    if size <= 192:
        return bytes((size,))
    if size <= 12480:
        size -= 193
        return bytes((193 + (size >> 8), size & 0xFF))
    if size <= 918744:
        size -= 12481
        return bytes((241 + (size >> 16), size >> 8 & 0xFF, size & 0xFF))
    raise CodecError("length")


def _int_writer(size: int, *, signed: bool = False) -> Writer:
    def write(value: int) -> bytes:
        return value.to_bytes(size, "big", signed=signed)

    return write


def _write_blob(value: bytes) -> bytes:
    return write_length(len(value)) + value


def write_amount(value: Amount) -> bytes:
    """The 8, 33 or 48 bytes of an amount."""
    if isinstance(value, int):
        if value >= 0:
            return (1 << 62 | value).to_bytes(8, "big")
        return (-value).to_bytes(8, "big")
    if isinstance(value, MPTAmount):
        sign = 0x60 if value.value >= 0 else 0x20
        return bytes((sign,)) + abs(value.value).to_bytes(8, "big") + value.issuance_id
    mantissa = value.mantissa
    if mantissa == 0:
        return b"\x80" + bytes(7) + value.currency + value.issuer
    sign = 0b11 if mantissa > 0 else 0b10
    raw = sign << 62 | (value.exponent + 97) << 54 | abs(mantissa)
    return raw.to_bytes(8, "big") + value.currency + value.issuer


def _write_vector(value: list[bytes]) -> bytes:
    return write_length(32 * len(value)) + b"".join(value)


def _write_paths(value: list[list[dict[str, bytes]]]) -> bytes:
    out: list[bytes] = []
    for index, path in enumerate(value):
        if index:
            out.append(b"\xff")
        for step in path:
            kind = 0
            parts: list[bytes] = []
            for bit, name, _ in _STEP_PARTS:
                part = step.get(name)
                if part is not None:
                    kind |= bit
                    parts.append(part)
            out.append(bytes((kind,)))
            out.extend(parts)
    out.append(b"\x00")
    return b"".join(out)


def _write_object(value: Fields) -> bytes:
    return encode(value) + b"\xe1"


def _write_array(value: list[Fields]) -> bytes:
    out: list[bytes] = []
    for item in value:
        for name, inner in item.items():
            out += (FIELDS[name].header, encode(inner), b"\xe1")
    out.append(b"\xf1")
    return b"".join(out)


_WRITERS: Final[dict[str, Writer]] = {
    "UInt8": _int_writer(1),
    "UInt16": _int_writer(2),
    "UInt32": _int_writer(4),
    "UInt64": _int_writer(8),
    "Int32": _int_writer(4, signed=True),
    "Hash128": bytes,
    "Hash160": bytes,
    "Hash192": bytes,
    "Hash256": bytes,
    "Currency": bytes,
    "Number": bytes,
    "Issue": bytes,
    "XChainBridge": bytes,
    "Blob": _write_blob,
    "AccountID": _write_blob,
    "Amount": write_amount,
    "Vector256": _write_vector,
    "PathSet": _write_paths,
    "STObject": _write_object,
    "STArray": _write_array,
}


def _named_writer(names: dict[str, int], write: Writer) -> Writer:
    def write_named(value: Any) -> bytes:
        return write(names[value] if isinstance(value, str) else value)

    return write_named


_ENCODERS: Final[dict[str, tuple[int, bytes, Writer, bool]]] = {
    name: (
        field.order,
        field.header,
        _named_writer(NAMED_VALUES[name][0], _WRITERS[field.type])
        if name in NAMED_VALUES
        else _WRITERS[field.type],
        field.signed,
    )
    for name, field in FIELDS.items()
    if field.type in _WRITERS
}


def encode(fields: Fields, *, signing: bool = False) -> bytes:
    """The canonical bytes of an object.

    Args:
        fields: Native values by field name.
        signing: Leave out what a signature does not cover.

    Raises:
        CodecError: A field that is not serialised, or a value that does not fit.
    """
    try:
        items = [(_ENCODERS[name], value) for name, value in fields.items()]
        items.sort(key=_item_order)
        return b"".join(
            [header + write(value) for (_, header, write, signed), value in items if signed or not signing]
        )
    except (KeyError, TypeError, AttributeError, OverflowError, ValueError) as error:
        raise CodecError(f"cannot encode: {error!r}") from error


def _item_order(item: tuple[tuple[int, bytes, Writer, bool], Any]) -> int:
    return item[0][0]
