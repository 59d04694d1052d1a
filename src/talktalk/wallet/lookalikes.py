"""Telling a token that only looks like another. Pure functions.

A code identifies nothing: anyone may issue a `USD`, a `USD` with a Cyrillic letter, or an `RLUSD`
in hex. Codes are reduced to what the eye sees in them (their *skeleton*), and a token that nobody
vouches for but that looks like a verified one, or like XRP, is flagged.

Source: Unicode Technical Standard 39, Confusable Detection (the idea; the table is our own and holds
what currency codes are made of).
"""

import unicodedata

from talktalk.ledger.amounts import CODE_BYTES

_SEEN_AS = str.maketrans(
    {
        **dict.fromkeys("0οоօ○◯〇", "o"),
        **dict.fromkeys("1l|!ıІіӏι∣ⅼ", "i"),
        **dict.fromkeys("5$ѕ§", "s"),
        **dict.fromkeys("8ßв", "b"),
        **dict.fromkeys("2ʐ", "z"),
        **dict.fromkeys("аα@", "a"),
        **dict.fromkeys("сϲ¢(", "c"),
        **dict.fromkeys("ԁ", "d"),
        **dict.fromkeys("еε€3", "e"),
        **dict.fromkeys("һн", "h"),
        **dict.fromkeys("кκ", "k"),
        **dict.fromkeys("мμ", "m"),
        **dict.fromkeys("пη", "n"),
        **dict.fromkeys("рρ", "p"),
        **dict.fromkeys("гʀ", "r"),
        **dict.fromkeys("тτ7+", "t"),
        **dict.fromkeys("υսμ", "u"),
        **dict.fromkeys("ν", "v"),
        **dict.fromkeys("ѡω", "w"),
        **dict.fromkeys("хχ×", "x"),
        **dict.fromkeys("уγү¥", "y"),
    }
)
NATIVE = "XRP"


def code_text(code: str) -> str | None:
    """What a currency code says: three characters as they are, 40 hex digits as the text they hold.

    Returns:
        None where the digits hold no text.
    """
    if len(code) != 2 * CODE_BYTES:
        return code
    try:
        text = bytes.fromhex(code).rstrip(b"\x00").decode("utf-8")
    except ValueError:
        return None
    return text if text.strip() and _is_shown(text) else None


def skeleton(text: str) -> str:
    """What the eye sees: one letter for all that look like it, no case, no spaces, nothing invisible."""
    plain = unicodedata.normalize("NFKD", text)
    seen = plain.casefold().translate(_SEEN_AS).translate(_SEEN_AS)
    return "".join(each for each in seen if each.isalnum())


def looks_like(text: str | None, known: dict[str, str]) -> str | None:
    """The asset that a code looks like, by the skeletons of `known` (skeleton → asset), XRP included."""
    if text is None:
        return None
    seen = skeleton(text)
    if not seen:
        return None
    if seen == skeleton(NATIVE):
        return NATIVE
    return known.get(seen)


def _is_shown(text: str) -> bool:
    """Whether every character shows itself: no controls, formats or private use."""
    return all(unicodedata.category(each)[0] not in "CZ" or each == " " for each in text)
