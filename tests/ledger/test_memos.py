"""Memos: ours are read back, strangers' bytes can neither break nor deceive."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xrpl.core.binarycodec import decode, encode

from talktalk.ledger import errors
from talktalk.ledger.memos import MEMO_BYTES_MAX, clean_memo, memo_fields, memo_of

TEXT = st.text(st.characters(exclude_categories=["C"]), max_size=120)


@given(TEXT)
def test_own_memo_survives_the_ledger(text: str) -> None:
    memo = clean_memo(text)
    fields = {"TransactionType": "AccountSet", "Account": "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"}
    read = memo_of(decode(encode({**fields, **memo_fields(memo)})))
    # Spaces of any kind are shown as one.
    assert read == " ".join(memo.split())


@pytest.mark.parametrize("memo", ["a\x00b", "a\u202eb", "two\nlines", "\u200bx\u200b", "\ud800"])
def test_unseen_characters_are_refused(memo: str) -> None:
    with pytest.raises(errors.BadMemo):
        clean_memo(memo)


def test_size_counts_bytes_of_utf8() -> None:
    assert clean_memo("가" * (MEMO_BYTES_MAX // 3))
    with pytest.raises(errors.MemoTooLong):
        clean_memo("가" * (MEMO_BYTES_MAX // 3 + 1))


def _memo(data: object, **more: object) -> dict[str, Any]:
    return {"Memos": [{"Memo": {"MemoData": data, **more}}]}


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, ""),
        ({"Memos": "no list"}, ""),
        ({"Memos": [1, {}, {"Memo": 5}, {"Memo": {"MemoType": "AB"}}]}, ""),
        (_memo("zz"), ""),
        (_memo("FFFE"), ""),
        (_memo("00" * 20), ""),
        (_memo("abc\u202e9 XRP".encode().hex()), "abc 9 XRP"),
        (_memo("\u200b\u200b".encode().hex()), ""),
        (_memo(("x" * 2000).encode().hex()), "x" * 512),
        ({"Memos": [{"Memo": {"MemoData": "00"}}, {"Memo": {"MemoData": b"second".hex()}}]}, "second"),
        (_memo(b"<b>5 XRP received</b>".hex()), "<b>5 XRP received</b>"),
    ],
)
def test_strangers_memos_are_text_to_show_or_nothing(fields: dict[str, Any], shown: str) -> None:
    assert memo_of(fields) == shown


@given(st.binary(max_size=300))
def test_any_bytes_give_printable_text(data: bytes) -> None:
    shown = memo_of(_memo(data.hex()))
    assert all(each.isprintable() for each in shown)
