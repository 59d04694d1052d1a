"""Between native fields and the JSON that clients read and write.

`to_json` never fails on what the codec produced. `from_json` answers for whatever a client may send: each
wrong value is a `FieldError` that names the field and the reason.
"""

import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from xrpl_codec.amounts import (
    AmountError,
    amount_from_json,
    amount_to_json,
    asset_from_json,
    asset_to_json,
    currency_from_text,
    currency_to_text,
)
from xrpl_codec.base58 import account_or_none, encode_account
from xrpl_codec.binary import NAMED_VALUES, Fields
from xrpl_codec.fields import BASE_TEN_FIELDS, FIELDS, TRANSACTION_TYPES

Convert: TypeAlias = Callable[[Any], Any]

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")


class FieldError(ValueError):
    """A JSON value that its field cannot hold."""

    def __init__(self, field: str, reason: str = "has invalid data") -> None:
        super().__init__(f"Field '{field}' {reason}.")
        self.field = field
        self.reason = reason


# --- to JSON -----------------------------------------------------------------------------------------------


def _hex(value: bytes) -> str:
    return value.hex().upper()


def _plain(value: Any) -> Any:
    return value


def _array_to_json(value: list[Fields]) -> list[dict[str, Any]]:
    return [{name: to_json(inner) for name, inner in item.items()} for item in value]


def _paths_to_json(value: list[list[dict[str, bytes]]]) -> list[list[dict[str, Any]]]:
    return [[_step_to_json(step) for step in path] for path in value]


def _step_to_json(step: dict[str, bytes]) -> dict[str, Any]:
    kind = 0
    out: dict[str, Any] = {}
    for bit, name in ((0x01, "account"), (0x10, "currency"), (0x20, "issuer")):
        part = step.get(name)
        if part is not None:
            kind |= bit
            out[name] = currency_to_text(part) if name == "currency" else encode_account(part)
    if "mpt_issuance_id" in step:
        kind |= 0x40
        out["mpt_issuance_id"] = _hex(step["mpt_issuance_id"])
    out["type"] = kind
    return out


def _number_to_json(value: bytes) -> str:
    mantissa = int.from_bytes(value[:8], "big", signed=True)
    exponent = int.from_bytes(value[8:], "big", signed=True)
    if mantissa == 0:
        return "0"
    while mantissa % 10 == 0:
        mantissa //= 10
        exponent += 1
    if 0 <= exponent <= 20:
        return str(mantissa * 10**exponent)
    return f"{mantissa}e{exponent}"


def _bridge_to_json(value: bytes) -> dict[str, Any]:
    out: dict[str, Any] = {}
    at = 0
    for side in ("Locking", "Issuing"):
        size = value[at]
        out[f"{side}ChainDoor"] = encode_account(value[at + 1 : at + 1 + size])
        at += 1 + size
        issue = value[at : at + 20]
        if any(issue):
            issue = value[at : at + 40]
        out[f"{side}ChainIssue"] = asset_to_json(issue)
        at += len(issue)
    return out


_TO_JSON: Final[dict[str, Convert]] = {
    "UInt64": lambda value: f"{value:x}",
    "Hash128": _hex,
    "Hash160": _hex,
    "Hash192": _hex,
    "Hash256": _hex,
    "Blob": _hex,
    "AccountID": encode_account,
    "Amount": amount_to_json,
    "Vector256": lambda value: [_hex(item) for item in value],
    "STObject": lambda value: to_json(value),  # noqa: PLW0108 (defined below)
    "STArray": _array_to_json,
    "PathSet": _paths_to_json,
    "Issue": asset_to_json,
    "Currency": currency_to_text,
    "Number": _number_to_json,
    "XChainBridge": _bridge_to_json,
}
_SHOW: Final[dict[str, Convert]] = {
    name: str if name in BASE_TEN_FIELDS else _TO_JSON.get(field.type, _plain)
    for name, field in FIELDS.items()
}


def to_json(fields: Fields) -> dict[str, Any]:
    """The fields as clients see them."""
    return {name: _SHOW[name](value) for name, value in fields.items()}


# --- from JSON ---------------------------------------------------------------------------------------------


def _uint(bits: int, *, base: int) -> Convert:
    limit = 1 << bits

    def convert(value: Any) -> int:
        if isinstance(value, bool):
            raise ValueError("has invalid type")  # noqa: TRY004 (one kind of error for callers)
        if isinstance(value, str):
            try:
                value = int(value, base if bits == 64 else 10)
            except ValueError:
                raise ValueError("has invalid data") from None
        if not isinstance(value, int):
            raise ValueError("has invalid type")  # noqa: TRY004 (one kind of error for callers)
        if not 0 <= value < limit:
            raise ValueError("is out of range")
        return value

    return convert


def _int32(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < 2**31:
        raise ValueError("has invalid data")
    return value


def _hash(size: int) -> Convert:
    def convert(value: Any) -> bytes:
        if not isinstance(value, str) or not _HEX.fullmatch(value):
            raise ValueError("has invalid data")
        if value == "":
            return bytes(size)
        if len(value) != 2 * size:
            raise ValueError("has invalid data")
        return bytes.fromhex(value)

    return convert


def _blob(value: Any) -> bytes:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise ValueError("has invalid data")
    return bytes.fromhex(value)


def _account(value: Any) -> bytes:
    if isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F]{40}", value):
        return bytes.fromhex(value)
    account = account_or_none(value)
    if account is None:
        raise ValueError("has invalid data")
    return account


def _currency(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError("has invalid type")  # noqa: TRY004 (one kind of error for callers)
    return currency_from_text(value)


def _vector(value: Any) -> list[bytes]:
    if not isinstance(value, list):
        raise ValueError("must be an array")  # noqa: TRY004 (one kind of error for callers)
    convert = _hash(32)
    return [convert(item) for item in value]


def _object(value: Any) -> Fields:
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 (one kind of error for callers)
    return from_json(value)


def _array(value: Any) -> list[Fields]:
    if not isinstance(value, list):
        raise ValueError("is not a JSON array")  # noqa: TRY004 (one kind of error for callers)
    items: list[Fields] = []
    for item in value:
        if not isinstance(item, dict) or len(item) != 1:
            raise ValueError("must be an array of objects with one field each")
        name, inner = next(iter(item.items()))
        field = FIELDS.get(name)
        if field is None or field.type != "STObject":
            raise ValueError(f"has the unknown member '{name}'")
        items.append({name: _object(inner)})
    return items


def _paths(value: Any) -> list[list[dict[str, bytes]]]:
    if not isinstance(value, list) or not all(isinstance(path, list) for path in value):
        raise ValueError("must be an array of arrays")
    return [[_step(step) for step in path] for path in value]


def _step(value: Any) -> dict[str, bytes]:
    if not isinstance(value, dict):
        raise ValueError("has an invalid path step")  # noqa: TRY004 (one kind of error for callers)
    step: dict[str, bytes] = {}
    if "account" in value:
        step["account"] = _account(value["account"])
    if "currency" in value:
        step["currency"] = _currency(value["currency"])
    if "issuer" in value:
        step["issuer"] = _account(value["issuer"])
    if "mpt_issuance_id" in value:
        step["mpt_issuance_id"] = _hash(24)(value["mpt_issuance_id"])
    if not step:
        raise ValueError("has an empty path step")
    return step


_FROM_JSON: Final[dict[str, Convert]] = {
    "UInt8": _uint(8, base=10),
    "UInt16": _uint(16, base=10),
    "UInt32": _uint(32, base=10),
    "UInt64": _uint(64, base=16),
    "Int32": _int32,
    "Hash128": _hash(16),
    "Hash160": _hash(20),
    "Hash192": _hash(24),
    "Hash256": _hash(32),
    "Blob": _blob,
    "AccountID": _account,
    "Amount": amount_from_json,
    "Vector256": _vector,
    "STObject": _object,
    "STArray": _array,
    "PathSet": _paths,
    "Issue": asset_from_json,
    "Currency": _currency,
}
_BASE_TEN: Final = _uint(64, base=10)


def _named(name: str, value: Any) -> str:
    names, by_code = NAMED_VALUES[name]
    if isinstance(value, str) and value in names:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value in by_code:
        return by_code[value]
    raise ValueError("has invalid data")


def from_json(values: dict[str, Any]) -> Fields:
    """The native fields of a JSON object.

    Raises:
        FieldError: An unknown field, or a value that its field cannot hold.
    """
    fields: Fields = {}
    for name, value in values.items():
        field = FIELDS.get(name)
        if field is None:
            raise FieldError(name, "is unknown")
        try:
            if name in NAMED_VALUES:
                fields[name] = _named(name, value)
            elif name in BASE_TEN_FIELDS:
                fields[name] = _BASE_TEN(value)
            elif name == "PermissionValue" and isinstance(value, str):
                fields[name] = TRANSACTION_TYPES[value] + 1
            else:
                fields[name] = _FROM_JSON[field.type](value)
        except FieldError:
            raise
        except (AmountError, KeyError, ValueError) as error:
            reason = str(error) if isinstance(error, ValueError) else "has invalid data"
            raise FieldError(name, reason) from error
        except RecursionError:
            raise FieldError(name, "is nested too deeply") from None
    return fields
