"""Recovery codes: 26 characters of Crockford base32, 130 bits, written down by a person."""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26
_GROUPS = (5, 5, 5, 5, 6)
# Crockford's reading rules: letters that look like digits are those digits.
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})


def make() -> str:
    """A new code in five groups, as it is shown."""
    return show("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))


def show(code: str) -> str:
    """`code` in groups of five, joined by hyphens; the last has six."""
    groups = []
    start = 0
    for length in _GROUPS:
        groups.append(code[start : start + length])
        start += length
    return "-".join(groups)


def read(typed: str) -> str:
    """The 26 characters of a code as a person typed it.

    Raises:
        ValueError: Another length, or a character that is in no code.
    """
    code = "".join(each for each in typed.upper() if each.isalnum()).translate(_READ_AS)
    if len(code) != LENGTH:
        raise ValueError(f"a recovery code has {LENGTH} characters, this has {len(code)}")
    strange = sorted(set(code) - set(ALPHABET))
    if strange:
        raise ValueError(f"a recovery code never holds {' '.join(strange)}")
    return code
