"""Values as columns hold them: checked and turned on their way in, as PostgreSQL and the driver would."""

import enum
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg
from sqlalchemy import types

Storing = Callable[[Any], Any]

_INTEGERS: Final = ((types.BigInteger, 2**63), (types.SmallInteger, 2**15), (types.Integer, 2**31))


def storing(kind: types.TypeEngine[Any]) -> Storing:
    """What makes a column of this type keep a value.

    JSON becomes text here and a fresh object on the way out, so nobody shares what is stored.
    """
    if isinstance(kind, types.JSON):
        is_null = kind.none_as_null
        return lambda value: None if value is None and is_null else json_text(value)
    if isinstance(kind, types.Enum):
        raise TypeError("enumerations are stored as text")
    for number, limit in _INTEGERS:
        if isinstance(kind, number):
            return _whole(limit)
    if isinstance(kind, types.Boolean):
        return _of(bool)
    if isinstance(kind, types.String):
        return _text
    if isinstance(kind, types.Uuid):
        return _of(UUID)
    if isinstance(kind, types.DateTime):
        return _moment
    if isinstance(kind, types.LargeBinary):
        return lambda value: None if value is None else bytes(value)
    return lambda value: value


def json_text(value: Any) -> str:
    """JSON with sorted keys: two equal documents are equal texts.

    Raises:
        psycopg.DataError: It is no JSON.
    """
    try:
        return msgspec.json.encode(value, order="sorted", enc_hook=_no_json).decode()
    except (TypeError, ValueError) as error:
        raise psycopg.DataError(f"not JSON: {error}") from error


def _no_json(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} is no JSON")


def _whole(limit: int) -> Storing:
    def stored(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise psycopg.errors.DatatypeMismatch(f"{value!r} is no integer")
        if not -limit <= value < limit:
            raise psycopg.errors.NumericValueOutOfRange(f"{value} is out of range")
        return int(value)

    return stored


def _of(kind: type) -> Storing:
    def stored(value: Any) -> Any:
        if value is not None and not isinstance(value, kind):
            raise psycopg.errors.DatatypeMismatch(f"{value!r} is no {kind.__name__}")
        return value

    return stored


def _text(value: Any) -> Any:
    if value is None or type(value) is str:
        return value
    if isinstance(value, enum.Enum) and isinstance(value.value, str):
        return value.value
    raise psycopg.errors.DatatypeMismatch(f"{value!r} is no text")


def _moment(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise psycopg.errors.DatatypeMismatch(f"{value!r} is no moment")
    return value.astimezone(UTC)
