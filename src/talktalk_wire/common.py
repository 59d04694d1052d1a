"""What every slice's wire structs share: bases, pages, problems, amounts."""

from typing import Generic, TypeVar
from uuid import UUID

import msgspec

T = TypeVar("T")


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """A struct we send. Readers ignore fields they do not know."""


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A struct we receive. An unknown field is an error, so that a typing mistake is not lost."""


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list."""

    items: list[T]
    next: str | None = None
    """Opaque cursor of the following page; null at the end."""


class FieldError(Wire, frozen=True, kw_only=True):
    """One field that could not be accepted."""

    field: str
    detail: str


class Problem(Wire, frozen=True, kw_only=True):
    """RFC 9457 problem details, with a stable `code` to branch on."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    retry_after_s: int | None = None
    """Seconds until another try can succeed, where waiting helps."""
    errors: tuple[FieldError, ...] = ()


class Amount(Wire, frozen=True, kw_only=True):
    """A decimal and its asset: `XRP`, `<code>.<issuer>` or `mpt.<48 hex>`."""

    value: str
    asset: str


class Person(Wire, frozen=True, kw_only=True):
    """Someone, as others may see them. Never carries a phone number."""

    id: UUID
    name: str
    picture_url: str | None = None
