"""A ledger is what its hash says: the tree of recorded ledgers, and everything a node might alter."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talktalk.ledger.errors import MalformedLedger
from talktalk.ledger.proof import (
    NO_TRANSACTIONS,
    Entry,
    as_shown,
    decoded,
    entry_of,
    header_of,
    is_known,
    proven,
    transactions_root,
)
from tests.ledger.test_following import Sender
from xrpl_codec.binary import encode
from xrpl_codec.json_form import from_json
from xrpl_devnet.devnet import Devnet
from xrpl_devnet.ledger.shamap import Tree, transaction_leaf

RECORDINGS = Path(__file__).parents[1] / "vectors"
API_FIELDS = frozenset({"delivered_amount", "mpt_issuance_id"})
NEIGHBOURS = st.binary(min_size=1, max_size=3).map(lambda tail: bytes(32 - len(tail)) + tail)
"""Ids that share long prefixes, and so stand deep in the tree."""
IDS = st.binary(min_size=32, max_size=32) | NEIGHBOURS


def _recorded_ledgers() -> list[tuple[str, list[Entry]]]:
    """Root and transactions of every ledger that a recording of a real node holds whole."""
    found = []
    for path in sorted(RECORDINGS.glob("*.json")):
        recording = json.loads(path.read_text())
        known: dict[str, Entry] = {}
        for step in recording.get("steps", ()):
            meta = step.get("expect", {}).get("meta") if isinstance(step.get("expect"), dict) else None
            if meta is not None and "tx_blob" in step:
                fields = {name: value for name, value in meta.items() if name not in API_FIELDS}
                blob = encode(from_json(fields))
                known[step["hash"]] = entry_of(bytes.fromhex(step["tx_blob"]), blob)
        for step in recording.get("steps", ()):
            for closed in step.get("closed", ()):
                if closed["transactions"] and all(each in known for each in closed["transactions"]):
                    entries = [known[each] for each in closed["transactions"]]
                    found.append((closed["transaction_hash"], entries))
    return found


def test_roots_of_recorded_ledgers_are_the_recorded_ones() -> None:
    recorded = _recorded_ledgers()
    assert len(recorded) > 100
    assert any(len(entries) > 3 for _, entries in recorded)
    for root, entries in recorded:
        assert transactions_root(entries).hex().upper() == root
        assert transactions_root(entries[::-1]).hex().upper() == root


@given(
    st.dictionaries(IDS, st.tuples(st.binary(min_size=1, max_size=400), st.binary(max_size=400)), max_size=40)
)
def test_root_is_that_of_a_tree_grown_leaf_by_leaf(items: dict[bytes, tuple[bytes, bytes]]) -> None:
    tree = Tree()
    for key, (blob, meta) in items.items():
        tree.put(transaction_leaf(key, blob, meta))
    entries = [Entry(tx_hash=key, blob=blob, meta=meta) for key, (blob, meta) in items.items()]
    assert transactions_root(entries) == (tree.hash() if items else NO_TRANSACTIONS)


async def _ledger_of_payments(count: int) -> tuple[bytes, list[Entry], dict[str, Any], list[dict[str, Any]]]:
    """A closed ledger in binary, and what the API shows of it."""
    async with Devnet(manual=True) as net:
        sender = Sender(net)
        await sender.fund()
        for number in range(count):
            paid = await sender.signed(drops=5 + number, last_ledger=99)
            await net.request("submit", tx_blob=paid.blob.hex())
        index = await net.accept()
        asked = {"ledger_index": index, "transactions": True, "expand": True}
        binary = await net.request("ledger", **asked, binary=True)
        shown = await net.request("ledger", **asked)
    entries = [
        entry_of(bytes.fromhex(each["tx_blob"]), bytes.fromhex(each["meta_blob"]))
        for each in binary["ledger"]["transactions"]
    ]
    return bytes.fromhex(binary["ledger"]["ledger_data"]), entries, binary, shown["ledger"]["transactions"]


async def test_ledger_from_bytes_is_what_the_api_shows() -> None:
    header, entries, answer, shown = await _ledger_of_payments(5)
    ledger = proven(header, entries)
    assert (ledger.ledger_index, ledger.ledger_hash) == (answer["ledger_index"], answer["ledger_hash"])
    assert len(ledger.transactions) == 5
    assert [each.meta["TransactionIndex"] for each in ledger.transactions] == list(range(5))
    by_hash = {each["hash"]: each for each in shown}
    for transaction in ledger.transactions:
        assert transaction.tx_json == by_hash[transaction.hash]["tx_json"]
        assert transaction.meta == by_hash[transaction.hash]["meta"]


async def test_nothing_can_be_altered_left_out_or_added() -> None:
    header, entries, answer, _ = await _ledger_of_payments(3)
    invented = entry_of(entries[0].blob[:-1] + b"\x00", entries[0].meta)
    settled = Entry(tx_hash=entries[0].tx_hash, blob=entries[0].blob, meta=entries[0].meta[:-1] + b"\x65")
    for lie in (
        entries[:-1],
        [*entries, invented],
        [invented, *entries[1:]],
        [settled, *entries[1:]],
        [*entries, entries[0]],
        [],
    ):
        with pytest.raises(MalformedLedger):
            proven(header, lie)
    for place in range(len(header)):
        altered = bytearray(header)
        altered[place] ^= 1
        assert header_of(bytes(altered)).ledger_hash != answer["ledger_hash"]
    with pytest.raises(MalformedLedger):
        header_of(header[:-1])


def _decoded(fields: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any]:
    whole = {"AffectedNodes": [], "TransactionIndex": 0, "TransactionResult": "tesSUCCESS", **meta}
    sender, receiver = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf"
    payment = {"TransactionType": "Payment", "Account": sender, "Destination": receiver, "Flags": 0, **fields}
    entry = Entry(tx_hash=bytes(32), blob=encode(from_json(payment)), meta=encode(from_json(whole)))
    return decoded(entry).meta


def test_delivered_amount_is_the_ledgers_and_never_made_up() -> None:
    mpt = {"mpt_issuance_id": "00" * 24, "value": "7"}
    partial = {"Flags": 0x00020000}
    assert _decoded({"Amount": "9"}, {})["delivered_amount"] == "9"
    assert _decoded({"Amount": "9", **partial}, {"DeliveredAmount": "1"})["delivered_amount"] == "1"
    assert _decoded({"Amount": mpt}, {})["delivered_amount"] == mpt
    assert _decoded({"Amount": mpt, **partial}, {})["delivered_amount"] == "unavailable"
    assert "delivered_amount" not in _decoded({"Amount": "9"}, {"TransactionResult": "tecPATH_DRY"})


def test_what_cannot_be_decoded_keeps_hash_and_result() -> None:
    unreadable = bytes.fromhex("12FFFF")
    for code, result in ((0, "tesSUCCESS"), (104, "tecUNFUNDED_PAYMENT")):
        entry = entry_of(unreadable, b"\xff\x03\x10" + bytes([code]))
        unknown = decoded(entry)
        assert (unknown.hash, unknown.result) == (entry.tx_hash.hex().upper(), result)
        assert not is_known(unknown)
        shown = {"tx_json": {"TransactionType": "New"}, "meta": {"TransactionResult": result}}
        assert is_known(as_shown(unknown, shown))
        shown["meta"] = {"TransactionResult": "tecPATH_DRY"}
        with pytest.raises(MalformedLedger):
            as_shown(unknown, shown)
    of_tomorrow = decoded(entry_of(unreadable, b"\xff\x03\x10\xfe"))
    with pytest.raises(MalformedLedger):
        as_shown(of_tomorrow, {"tx_json": {}, "meta": {"TransactionResult": "tesSUCCESS"}})
