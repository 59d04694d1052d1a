"""Exchanges we know: accounts that hold many customers' deposits, told apart by destination tag alone.

Most such accounts set the ledger's `RequireDest` flag and refuse what comes without a tag. Some do not, and
keep what nobody can assign; for those there is this table (`exchanges.json`, small, dated, with its sources).
It serves a warning and nothing else.
"""

import functools
from importlib.resources import files

import msgspec


class Exchange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One account of an exchange."""

    address: str
    name: str
    sources: tuple[str, ...]


class ExchangeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    as_of: str
    about: str
    sources: dict[str, str]
    accounts: tuple[Exchange, ...]


def exchange_at(address: str) -> str | None:
    """The name of the exchange this account belongs to; None if we know of none."""
    return _names().get(address)


def read_table() -> ExchangeTable:
    """The table with its date and sources."""
    data = files("talktalk.ledger").joinpath("exchanges.json").read_bytes()
    return msgspec.json.decode(data, type=ExchangeTable)


@functools.cache
def _names() -> dict[str, str]:
    return {account.address: account.name for account in read_table().accounts}
