"""Subscriptions: who is told what, and the messages themselves.

`Hub` listens to the node. Each message is encoded once per API version, whatever the number of subscribers,
and only when somebody wants it. Order on a close: `ledgerClosed` first, then the ledger's transactions in
order of execution.

To add a stream, name it in `STREAMS` and publish to its subscribers from the event it follows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from xrpl_codec.amounts import IssuedAmount
from xrpl_codec.fields import FIELDS
from xrpl_codec.json_form import to_json
from xrpl_devnet.flow.engine import asset_of
from xrpl_devnet.flow.steps import Book
from xrpl_devnet.ledger.header import iso_time
from xrpl_devnet.node import LedgerEvent, Node, ProposedEvent
from xrpl_devnet.rpc.books import BOOK_PAGE, book_param, funded_offers, owner_funds
from xrpl_devnet.rpc.errors import RpcError
from xrpl_devnet.rpc.lookup import account_of
from xrpl_devnet.rpc.registry import Context, StandingSearch, Subscriber
from xrpl_devnet.rpc.server import server_fields
from xrpl_devnet.rpc.shape import (
    ctid,
    delivered_amount,
    engine_fields,
    hex_of,
    transaction_json,
)
from xrpl_devnet.tx.engine import Applied
from xrpl_devnet.tx.transaction import Transaction

STREAMS: Final = frozenset(
    {"ledger", "transactions", "transactions_proposed", "server"}
    | {"validations", "consensus", "manifests", "peer_status"}
)
"""All names that subscribe takes. Validations, consensus, manifests and peers never happen on one node."""
_ALIASES: Final = {"rt_transactions": "transactions_proposed"}
_encode: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode


@dataclass(slots=True)
class _Wishes:
    """What one connection has subscribed to, each with the API version it asked in."""

    streams: dict[str, int] = field(default_factory=dict)
    accounts: dict[bytes, int] = field(default_factory=dict)
    accounts_proposed: dict[bytes, int] = field(default_factory=dict)
    books: dict[Book, int] = field(default_factory=dict)

    def empty(self) -> bool:
        return not (self.streams or self.accounts or self.accounts_proposed or self.books)


@dataclass(frozen=True, slots=True)
class _BookWish:
    """One book of a subscription."""

    book: Book
    both: bool
    wants_snapshot: bool
    taker: bytes | None

    @property
    def heard(self) -> list[Book]:
        """The books whose offers are told of: the one named, and with `both` the opposite one."""
        return [self.book, Book(self.book.given, self.book.taken)] if self.both else [self.book]

    def snapshot(self, node: Node) -> dict[str, list[dict[str, Any]]]:
        """The offers of the last validated ledger, where they are wanted."""
        if not self.wants_snapshot:
            return {}
        found = [funded_offers(node.closed, book, self.taker, BOOK_PAGE.default) for book in self.heard]
        return {"bids": found[0], "asks": found[1]} if self.both else {"offers": found[0]}


class _Once:
    """A message that is made when first wanted, once per API version."""

    def __init__(self, make: Callable[[int], dict[str, Any]]) -> None:
        self._make = make
        self._made: dict[int, bytes] = {}

    def bytes_for(self, version: int) -> bytes:
        made = self._made.get(version)
        if made is None:
            made = self._made[version] = _encode(self._make(version))
        return made


class Hub:
    """All subscriptions of a node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._wishes: dict[Subscriber, _Wishes] = {}
        self.path_requests: dict[Subscriber, StandingSearch] = {}
        node.listeners.closed.append(self._on_closed)
        node.listeners.proposed.append(self._on_proposed)

    # --- subscribing ---

    def subscribe(self, subscriber: Subscriber, ctx: Context) -> dict[str, Any]:
        """Add what a request names, all or nothing.

        Raises:
            RpcError: An unknown stream, a malformed account.
        """
        if "account_history_tx_stream" in ctx.params:
            raise RpcError("notSupported")
        streams = _streams(ctx)
        accounts = _accounts(ctx, "accounts")
        proposed = _accounts(ctx, "accounts_proposed", "rt_accounts")
        books = _books(ctx)
        if not (streams or accounts or proposed or books):
            return {}
        wishes = self._wishes.setdefault(subscriber, _Wishes())
        version = ctx.api_version
        wishes.streams.update(dict.fromkeys(streams, version))
        wishes.accounts.update(dict.fromkeys(accounts, version))
        wishes.accounts_proposed.update(dict.fromkeys(proposed, version))
        wishes.books.update({book: version for wish in books for book in wish.heard})
        out: dict[str, Any] = {}
        if "ledger" in streams:
            out.update(self._ledger_fields())
        if "server" in streams:
            out.update(server_fields())
        for wish in books:
            # The offers of several books stand in one list.
            for name, offers in wish.snapshot(self._node).items():
                out.setdefault(name, []).extend(offers)
        return out

    def unsubscribe(self, subscriber: Subscriber, ctx: Context) -> dict[str, Any]:
        """Take away what a request names.

        Raises:
            RpcError: An unknown stream, a malformed account.
        """
        streams = _streams(ctx)
        accounts = _accounts(ctx, "accounts")
        proposed = _accounts(ctx, "accounts_proposed", "rt_accounts")
        wishes = self._wishes.get(subscriber)
        if wishes is not None:
            for name in streams:
                wishes.streams.pop(name, None)
            for account in accounts:
                wishes.accounts.pop(account, None)
            for account in proposed:
                wishes.accounts_proposed.pop(account, None)
            for book in (book for wish in _books(ctx) for book in wish.heard):
                wishes.books.pop(book, None)
            if wishes.empty():
                del self._wishes[subscriber]
        return {}

    def drop(self, subscriber: Subscriber) -> None:
        """A connection is gone."""
        self._wishes.pop(subscriber, None)
        self.path_requests.pop(subscriber, None)

    # --- publishing ---

    def _ledger_fields(self) -> dict[str, Any]:
        node = self._node
        ledger, settings = node.closed, node.settings
        out: dict[str, Any] = {
            "fee_base": settings.fees.base,
            "ledger_hash": hex_of(ledger.hash),
            "ledger_index": ledger.index,
            "ledger_time": ledger.close_time,
            "reserve_base": settings.fees.reserve_base,
            "reserve_inc": settings.fees.reserve_increment,
            "validated_ledgers": node.complete_text(),
        }
        if not settings.rules.enabled("XRPFees"):
            out["fee_ref"] = settings.fees.base
        if settings.report_network_id:
            out["network_id"] = settings.network_id
        return out

    def _to_stream(self, name: str, message: _Once) -> None:
        for subscriber, wishes in list(self._wishes.items()):
            version = wishes.streams.get(name)
            if version is not None:
                subscriber.send(message.bytes_for(version))

    def _on_closed(self, event: LedgerEvent) -> None:
        if self._wishes:
            self._publish_ledger(event)
        for request in list(self.path_requests.values()):
            request.update()

    def _publish_ledger(self, event: LedgerEvent) -> None:
        count = len(event.transactions)
        self._to_stream(
            "ledger",
            _Once(lambda _: {"type": "ledgerClosed", **self._ledger_fields(), "txn_count": count}),
        )
        for record in event.transactions:
            self._publish_validated(event, record)

    def _publish_validated(self, event: LedgerEvent, record: Applied) -> None:
        message = _Once(lambda version: self._validated_json(event, record, v2=version >= 2))
        self._to_stream("transactions", message)
        self._to_stream("transactions_proposed", message)
        for subscriber, wishes in list(self._wishes.items()):
            version = _first(wishes.accounts, record.accounts)
            if version is None:
                version = _first(wishes.accounts_proposed, record.accounts)
            if version is not None:
                subscriber.send(message.bytes_for(version))
        self._publish_to_books(message, record)

    def _publish_to_books(self, message: _Once, record: Applied) -> None:
        """A transaction that touched offers, once to each connection that listens to their books."""
        if not any(wishes.books for wishes in self._wishes.values()):
            return
        touched = _touched_books(record)
        for subscriber, wishes in list(self._wishes.items()):
            version = next((wishes.books[book] for book in touched if book in wishes.books), None)
            if version is not None:
                subscriber.send(message.bytes_for(version))

    def _on_proposed(self, event: ProposedEvent) -> None:
        if not self._wishes:
            return
        message = _Once(lambda version: self._proposed_json(event, v2=version >= 2))
        self._to_stream("transactions_proposed", message)
        mentioned = _mentioned(event.tx)
        for subscriber, wishes in list(self._wishes.items()):
            version = _first(wishes.accounts_proposed, mentioned)
            if version is not None:
                subscriber.send(message.bytes_for(version))

    def _validated_json(self, event: LedgerEvent, record: Applied, *, v2: bool) -> dict[str, Any]:
        ledger = event.ledger
        meta = to_json(record.meta)
        delivered = delivered_amount(record.tx.fields, record.meta)
        if delivered is not None:
            meta["delivered_amount"] = delivered
        out: dict[str, Any] = {
            "close_time_iso": iso_time(ledger.close_time),
            **engine_fields(record.result),
            "ledger_hash": hex_of(ledger.hash),
            "ledger_index": ledger.index,
            "meta": meta,
            "status": "closed",
            "type": "transaction",
            "validated": True,
        }
        compact = ctid(ledger.index, record.meta["TransactionIndex"], self._node.settings.network_id)
        if compact is not None:
            out["ctid"] = compact
        shown = transaction_json(record.tx.fields, v2=v2)
        shown["date"] = ledger.close_time
        shown.update(owner_funds(ledger, record.tx.fields))
        return _with_transaction(out, shown, record.tx, v2=v2)

    def _proposed_json(self, event: ProposedEvent, *, v2: bool) -> dict[str, Any]:
        out: dict[str, Any] = {
            **engine_fields(event.result),
            "ledger_current_index": event.ledger_index,
            "status": "proposed",
            "type": "transaction",
            "validated": False,
        }
        shown = transaction_json(event.tx.fields, v2=v2)
        shown.update(owner_funds(self._node.open, event.tx.fields))
        return _with_transaction(out, shown, event.tx, v2=v2)


def _with_transaction(
    out: dict[str, Any], shown: dict[str, Any], tx: Transaction, *, v2: bool
) -> dict[str, Any]:
    if v2:
        return {**out, "tx_json": shown, "hash": hex_of(tx.id)}
    return {**out, "transaction": {**shown, "hash": hex_of(tx.id)}}


def _mentioned(tx: Transaction) -> frozenset[bytes]:
    """The accounts that a transaction names itself, outside of nested objects: by field, and as issuers of amounts."""
    named: set[bytes] = set()
    for name, value in tx.fields.items():
        if FIELDS[name].type == "AccountID":
            named.add(value)
        elif isinstance(value, IssuedAmount):
            named.add(value.issuer)
    return frozenset(named)


def _first(wanted: dict[bytes, int], accounts: Iterable[bytes]) -> int | None:
    """The API version in which any of some accounts was subscribed to."""
    if wanted:
        for account in accounts:
            version = wanted.get(account)
            if version is not None:
                return version
    return None


def _books(ctx: Context) -> list[_BookWish]:
    given = ctx.params.get("books")
    if given is None:
        return []
    if not isinstance(given, list):
        raise RpcError("invalidParams")
    wishes: list[_BookWish] = []
    for item in given:
        book = book_param(item)
        taker: bytes | None = None
        if item.get("taker") is not None:
            taker = account_of(item["taker"])
            if taker is None:
                raise RpcError("badIssuer")
        both = item.get("both") is True or item.get("both_sides") is True
        snapshot = item.get("snapshot") is True or item.get("state_now") is True
        wishes.append(_BookWish(book, both, snapshot, taker))
    return wishes


_OFFER_FIELDS: Final = {
    "ModifiedNode": "PreviousFields",
    "CreatedNode": "NewFields",
    "DeletedNode": "FinalFields",
}


def _touched_books(record: Applied) -> list[Book]:
    """The books of the offers that a transaction touched, keyed as rippled does: what is given first."""
    books: list[Book] = []
    for node in record.meta["AffectedNodes"]:
        for kind, fields_name in _OFFER_FIELDS.items():
            entry = node.get(kind)
            if entry is None or entry["LedgerEntryType"] != "Offer":
                continue
            fields = entry.get(fields_name, {})
            if "TakerPays" in fields and "TakerGets" in fields:
                books.append(Book(asset_of(fields["TakerGets"]), asset_of(fields["TakerPays"])))
    return books


def _streams(ctx: Context) -> list[str]:
    names = ctx.params.get("streams")
    if names is None:
        return []
    if not isinstance(names, list):
        raise RpcError("invalidParams")
    streams: list[str] = []
    for name in names:
        if not isinstance(name, str):
            raise RpcError("malformedStream")
        stream = _ALIASES.get(name, name)
        if stream not in STREAMS:
            raise RpcError("malformedStream")
        streams.append(stream)
    return streams


def _accounts(ctx: Context, *names: str) -> list[bytes]:
    for name in names:
        listed = ctx.params.get(name)
        if listed is None:
            continue
        if not isinstance(listed, list):
            raise RpcError("invalidParams")
        accounts = [account_of(text) for text in listed]
        found = [account for account in accounts if account is not None]
        if not found or len(found) < len(accounts):
            raise RpcError("actMalformed")
        return found
    return []
