"""The thinking of identity, without I/O: numbers, codes, tokens, networks, pictures."""

import base64
import hashlib
import hmac
import ipaddress
import secrets
import struct
import unicodedata
from datetime import timedelta
from uuid import UUID

import msgspec
import phonenumbers

CODE_LIFE = timedelta(minutes=3)
CODE_DIGITS = 6
TRIES_MAX = 5
SESSION_IDLE_MAX = timedelta(days=90)
TOKEN_BYTES = 32
PREFIX_DIGITS_OFF = 4
"""A number's prefix is the number without its last four digits: ten thousand neighbours."""

_JOINERS = "\u200c\u200d"
"""Joiners hold emoji families and Indic letters together; they may stand inside a name."""

PICTURE_BYTES_MAX = 512 * 1024
PICTURE_SIDE_MAX = 2048
PICTURE_SIDE_MIN = 16


def parse_phone(typed: str, region: str) -> str | None:
    """A typed number in E.164, or None if no such number can exist.

    Args:
        typed: National in `region`, or international with `+`.
        region: ISO 3166 country, upper case.
    """
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def new_code() -> str:
    """Six digits, each equally likely."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def code_mac(server_key: bytes, challenge_id: UUID, phone: str, code: str, secret_hash: bytes) -> bytes:
    """What is stored of a code: HMAC-SHA-256 under the server's key.

    It covers challenge, number, code and the client's secret, so that a leaked table helps nobody try
    the million codes, and a row moved to another number or client verifies nothing. Parts of changing
    length are prefixed by it.
    """
    digits = phone.encode()
    message = challenge_id.bytes + struct.pack(">B", len(digits)) + digits + code.encode() + secret_hash
    return hmac.new(server_key, b"talktalk sign-in code\0" + message, hashlib.sha256).digest()


def is_same(one: bytes, other: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one, other)


def new_token() -> str:
    """A bearer secret: 32 random bytes as 43 characters of base64url."""
    return base64.urlsafe_b64encode(secrets.token_bytes(TOKEN_BYTES)).rstrip(b"=").decode()


def token_hash(token: str) -> bytes:
    """What is stored of a token. SHA-256 suffices: the token itself has 256 bits of chance."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def network_of(address: str) -> str:
    """The /24 (IPv6: /48) of an address, which is what one subscriber or host easily holds."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    length = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network(f"{parsed}/{length}", strict=False))


def prefix_of(phone: str) -> str:
    """The block of neighbouring numbers that a number stands in."""
    return phone[:-PREFIX_DIGITS_OFF]


class Image(msgspec.Struct, frozen=True):
    """What a picture's own first bytes say."""

    media_type: str
    width: int
    height: int


def sniff_image(data: bytes) -> Image | None:
    """Read type and size from the bytes of a PNG, JPEG or WebP; None for anything else.

    The declared media type plays no part. Sources: PNG (W3C) 11.2.2, JPEG ITU T.81 B.2.2, WebP
    container specification (RFC 9649).
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(data)
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return None


def _png(data: bytes) -> Image | None:
    if len(data) < 45 or data[8:16] != b"\x00\x00\x00\rIHDR" or b"IEND" not in data[-12:]:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return Image("image/png", width, height)


def _jpeg(data: bytes) -> Image | None:
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        (length,) = struct.unpack(">H", data[at + 2 : at + 4])
        is_frame = 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}
        if is_frame:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return Image("image/jpeg", width, height)
        if marker == 0xDA or length < 2:
            return None
        at += 2 + length
    return None


def _webp(data: bytes) -> Image | None:
    if len(data) < 30 or struct.unpack("<I", data[4:8])[0] + 8 > len(data) + 1:
        return None
    kind = data[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
    elif kind == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width = int.from_bytes(data[26:28], "little") & 0x3FFF
        height = int.from_bytes(data[28:30], "little") & 0x3FFF
    else:
        return None
    return Image("image/webp", width, height)


def clean_name(typed: str) -> str:
    """A name as it is shown: one line, no invisible or direction-changing characters, single spaces.

    Returns:
        The cleaned name; empty if nothing visible is left.
    """
    kept = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", typed)
        if character.isspace()
        or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
        or character in _JOINERS
    )
    return " ".join(kept.split()).strip("".join(_JOINERS))
