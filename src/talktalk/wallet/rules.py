"""The wallet's thinking: pure functions."""

import ipaddress
import re
from datetime import datetime, timedelta

from talktalk.custody.errors import PinMalformed, RecoveryCodeMalformed
from talktalk_wire.wallet import RecoveryState

PIN = re.compile(rb"[0-9]{6}")
CODE_CHARACTERS = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
CODE_LENGTH = 26
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})
FUNDING_WAIT_S_MAX = 600

OPEN_RECOVERIES = (RecoveryState.CHECKING, RecoveryState.ASKED, RecoveryState.WAITING)


def clean_pin(plaintext: bytes) -> bytes:
    """A PIN's six digits.

    Raises:
        PinMalformed: Anything else.
    """
    if not PIN.fullmatch(plaintext):
        raise PinMalformed
    return plaintext


def clean_recovery_code(plaintext: bytes) -> bytes:
    """The 26 characters of a code, however it was grouped and cased (Crockford's rules).

    Raises:
        RecoveryCodeMalformed: Another length or alphabet.
    """
    text = plaintext.decode("ascii", errors="replace").upper()
    code = "".join(character for character in text if character.isalnum()).translate(_READ_AS)
    if len(code) != CODE_LENGTH or not CODE_CHARACTERS.issuperset(code):
        raise RecoveryCodeMalformed
    return code.encode()


def address_prefix(address: str) -> str:
    """The network a sign-up came from: /24 of IPv4, /48 of IPv6; empty for private networks, where
    many people are one address and none is a stranger."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if parsed.is_private or parsed.is_loopback:
        return ""
    bits = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, bits), strict=False))


def next_funding_at(now: datetime, tries: int) -> datetime:
    """When to try again to fund an account after so many tries."""
    return now + timedelta(seconds=min(2 ** min(tries, 16), FUNDING_WAIT_S_MAX))
