"""The offers of a book, best first, without those that cannot be taken.

Walking deletes what it passes from the view: consumed, expired, empty and unfunded offers. Offers that were bad before
the payment began are also listed in `removable`, for they go even where the strand is not used.

Source: rippled `BookTip.cpp`, `OfferStream.cpp`, `Offer.h`.
"""

from typing import Final

from xrpl_codec.amounts import Amount
from xrpl_devnet.flow.quality import Amounts, Quality, cap_given, quality_of
from xrpl_devnet.flow.steps import Asset, Book, FlowFailed
from xrpl_devnet.ledger import directory, funds, keylets, offers
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.iou import SMALLEST, Arithmetic, Value, less, sign
from xrpl_devnet.ledger.payment_view import PaymentSandbox
from xrpl_devnet.ledger.views import ReadView, Sandbox

OFFERS_MAX: Final = 1000
"""Offers that one execution of a book step may look at."""


def with_asset(value: Value, asset: Asset) -> Amount:
    """A value of an asset."""
    return value if isinstance(value, int) else funds.issued(value, asset.currency, asset.issuer)


class Offer:
    """One offer as the engine sees it: its amounts shrink as it is taken."""

    def __init__(self, entry: Entry, quality: Quality, book: Book) -> None:
        self.entry = entry
        self.quality = quality
        self.book = book
        self.owner: bytes = entry["Account"]
        self.amounts = Amounts(funds.value_of(entry["TakerPays"]), funds.value_of(entry["TakerGets"]))

    @property
    def is_consumed(self) -> bool:
        """Whether nothing is left of it."""
        return self.amounts.is_empty

    @property
    def owner_is_issuer(self) -> bool:
        """Whether the owner issues what it gives."""
        return self.owner == self.book.given.issuer

    def consume(self, view: Sandbox, arithmetic: Arithmetic, moved: Amounts) -> None:
        """Take a part of it.

        Raises:
            FlowFailed: More than there is.
        """
        if less(self.amounts.taken, moved.taken) or less(self.amounts.given, moved.given):
            raise FlowFailed("offer has not so much")
        self.amounts = Amounts(
            arithmetic.subtract(self.amounts.taken, moved.taken),
            arithmetic.subtract(self.amounts.given, moved.given),
        )
        self.entry["TakerPays"] = with_asset(self.amounts.taken, self.book.taken)
        self.entry["TakerGets"] = with_asset(self.amounts.given, self.book.given)
        view.update(self.entry)


def book_base(book: Book) -> bytes:
    """The first index of a book."""
    return keylets.book(book.taken.currency, book.taken.issuer, book.given.currency, book.given.issuer)


def best_quality(view: ReadView, book: Book) -> Quality | None:
    """The best quality in a book that holds any offers."""
    base = at = book_base(book)
    while True:
        key = offers.first_directory(view, at, base)
        if key is None:
            return None
        if next(directory.entries(view, key), None) is not None:
            return offers.quality_of_directory(key)
        at = key


class OfferStream:
    """The offers of one book, one after the other."""

    def __init__(
        self, view: PaymentSandbox, all_funds: PaymentSandbox, book: Book, arithmetic: Arithmetic
    ) -> None:
        self._view = view
        self._all_funds = all_funds
        self._book = book
        self._base = self._at = book_base(book)
        self._arithmetic = arithmetic
        self._entry: Entry | None = None
        self._small = view.rules.enabled("fixRmSmallIncreasedQOffers")
        self.looked_at = 0
        self.removable: set[bytes] = set()
        self.tip: Offer
        self.owner_funds: Value

    def step(self) -> bool:
        """Go to the next offer that can be taken; False at the end or at the limit."""
        while True:
            found = self._next_entry()
            if found is None:
                return False
            if self.looked_at >= OFFERS_MAX:
                return False
            self.looked_at += 1
            entry, quality = found
            if entry is not None and self._is_takeable(entry, quality):
                return True

    def drop_for_good(self) -> None:
        """List the offer at the tip as removable even where nothing is taken."""
        self.removable.add(self.tip.entry.key)

    def _next_entry(self) -> tuple[Entry | None, Quality] | None:
        """Delete the last offer and find the next: an entry (None where the directory is stale) and its quality."""
        if self._entry is not None:
            offers.delete(self._view, self._entry)
            self._entry = None
        while True:
            key = offers.first_directory(self._view, self._at, self._base)
            if key is None:
                return None
            index = next(directory.entries(self._view, key), None)
            if index is None:
                self._at = key
                continue
            # The next look begins just before this directory, which may hold more.
            self._at = (int.from_bytes(key, "big") - 1).to_bytes(32, "big")
            self._entry = self._view.peek(index)
            if self._entry is None:
                self._forget(key, index)
            return self._entry, offers.quality_of_directory(key)

    def _forget(self, directory_key: bytes, index: bytes) -> None:
        """Take the index of an offer that is gone out of its directory."""
        for view in (self._view, self._all_funds):
            directory.remove(view, directory_key, 0, index, keep_root=True)

    def _is_takeable(self, entry: Entry, quality: Quality) -> bool:
        view = self._view
        expiration = entry.get("Expiration")
        if expiration is not None and expiration <= view.parent_close_time:
            self.removable.add(entry.key)
            return False
        offer = Offer(entry, quality, self._book)
        taken = self._book.taken
        if offer.amounts.is_empty or (
            view.rules.enabled("DeepFreeze")
            and funds.is_deep_frozen(view, offer.owner, taken.currency, taken.issuer)
        ):
            self.removable.add(entry.key)
            return False
        self.owner_funds = funds.funds(view, offer.owner, entry["TakerGets"])
        if sign(self.owner_funds) <= 0 or (self._small and self._is_spoilt(offer)):
            # Bad before the payment began, or made so by it?
            before = funds.funds(self._all_funds, offer.owner, entry["TakerGets"])
            if before == self.owner_funds:
                self.removable.add(entry.key)
            return False
        self.tip = offer
        return True

    def _is_spoilt(self, offer: Offer) -> bool:
        """Whether so little of an offer is funded that taking it would worsen its quality."""
        if self._book.given.is_xrp:
            return False
        amounts = offer.amounts
        if not self._book.taken.is_xrp and not less(amounts.taken, amounts.given):
            return False
        if not offer.owner_is_issuer and less(self.owner_funds, amounts.given):
            amounts = cap_given(self._arithmetic, offer.quality, amounts, self.owner_funds, up=False)
        if self._arithmetic.strict_out and sign(amounts.taken) <= 0:
            return True
        least: Value = 1 if isinstance(amounts.taken, int) else SMALLEST
        if less(least, amounts.taken):
            return False
        return quality_of(self._arithmetic, amounts) > offer.quality
