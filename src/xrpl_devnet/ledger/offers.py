"""Offers and the order books they stand in."""

from typing import Final

from xrpl_codec.amounts import XRP_ACCOUNT, XRP_CURRENCY, Amount, IssuedAmount
from xrpl_devnet.ledger import directory, funds
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import ReadView, Sandbox
from xrpl_devnet.results import Ter

QUALITY_END: Final = 1 << 64


def asset_of(amount: Amount) -> tuple[bytes, bytes]:
    """Currency and issuer of an amount of XRP or an issued currency."""
    if isinstance(amount, int):
        return XRP_CURRENCY, XRP_ACCOUNT
    assert isinstance(amount, IssuedAmount), "multi-purpose tokens are no offers"
    return amount.currency, amount.issuer


def quality_of_directory(key: bytes) -> int:
    """The quality that the index of a book's directory ends with."""
    return int.from_bytes(key[24:], "big")


def first_directory(view: ReadView, after: bytes, book: bytes) -> bytes | None:
    """The next directory of a book that sorts after an index; None at the book's end."""
    key = view.after(after)
    return key if key is not None and key[:24] == book[:24] else None


def delete(view: Sandbox, offer: Entry) -> Ter:
    """Take an offer out of its book, of its owner's directory and of the ledger."""
    owner: bytes = offer["Account"]
    if not directory.owner_remove(view, owner, offer["OwnerNode"], offer.key):
        return "tefBAD_LEDGER"
    if not directory.remove(view, offer["BookDirectory"], offer["BookNode"], offer.key, keep_root=False):
        return "tefBAD_LEDGER"
    for extra in offer.get("AdditionalBooks", ()):
        book = extra["Book"]
        if not directory.remove(view, book["BookDirectory"], book["BookNode"], offer.key, keep_root=False):
            return "tefBAD_LEDGER"
    funds.count_owned(view, owner, -1)
    view.erase(offer)
    return "tesSUCCESS"


def delete_by_key(view: Sandbox, key: bytes) -> None:
    """Delete an offer if it is still there."""
    offer = view.peek(key)
    if offer is not None:
        delete(view, offer)
