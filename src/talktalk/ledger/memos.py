"""Memos: text that travels in a transaction, for everybody to read for ever. Pure functions.

We write one memo of plain text, and read any. What is read was written by strangers: it is text to show
and nothing else. Characters that could make a screen lie (controls, marks that turn the writing
direction) are taken out, and it never says how much was paid, by whom, or whether.

Source: xrpl.org, Transaction Common Fields, "Memos".
"""

import unicodedata
from typing import Any

from talktalk.ledger.errors import BadMemo, MemoTooLong

MEMO_BYTES_MAX = 512
"""Of a memo of ours; the ledger takes 1 KB of all memos together, names included."""
MEMO_SHOWN_MAX = 512
"""Characters shown of what others wrote."""
FORMAT = "text/plain"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def clean_memo(memo: str) -> str:
    """A memo without space around it, empty for none.

    Raises:
        BadMemo: It holds characters nobody sees.
        MemoTooLong: More than `MEMO_BYTES_MAX` bytes of UTF-8.
    """
    text = memo.strip()
    if any(unicodedata.category(each) in _UNSEEN for each in text):
        raise BadMemo
    if len(text.encode()) > MEMO_BYTES_MAX:
        raise MemoTooLong(f"at most {MEMO_BYTES_MAX} bytes")
    return text


def memo_fields(memo: str) -> dict[str, Any]:
    """What a transaction carries of a cleaned memo: nothing for none."""
    if not memo:
        return {}
    entry = {"MemoData": _hex(memo), "MemoFormat": _hex(FORMAT)}
    return {"Memos": [{"Memo": entry}]}


def memo_of(fields: dict[str, Any]) -> str:
    """The text of the first memo that has one, fit to be shown; empty where there is none."""
    memos = fields.get("Memos")
    for entry in memos if isinstance(memos, list) else []:
        memo = entry.get("Memo") if isinstance(entry, dict) else None
        data = memo.get("MemoData") if isinstance(memo, dict) else None
        text = _text(data) if isinstance(data, str) else ""
        if text:
            return text
    return ""


def _text(data: str) -> str:
    try:
        text = bytes.fromhex(data).decode("utf-8")
    except ValueError:
        return ""
    if sum(unicodedata.category(each) == "Cc" and each not in "\r\n\t" for each in text):
        # Control characters: bytes of some program, not a text.
        return ""
    seen = "".join(each if unicodedata.category(each) not in _UNSEEN else " " for each in text)
    return " ".join(seen.split())[:MEMO_SHOWN_MAX]


def _hex(text: str) -> str:
    return text.encode().hex().upper()
