"""The thinking of webhooks, without I/O: addresses, signatures, the schedule of attempts."""

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec
from nacl.signing import SigningKey

SALT_BYTES: Final = 16
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the prefix of secrets, no secret
PUBLIC_KEY_PREFIX: Final = "whpk_"

_SECOND, _MINUTE, _HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
PAUSES: Final = (
    5 * _SECOND,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
"""Between attempts, the first of which is immediate: ten attempts over about three days. Source: Standard
Webhooks 1.0, "Deliverability and reliability"."""
JITTER: Final = 0.1
"""A pause is up to so much longer, so that what failed together does not come back together."""
RETRY_AFTER_MAX: Final = timedelta(days=1)
FAILING_MAX: Final = timedelta(days=5)
"""An endpoint that has accepted nothing for so long is disabled."""

HTTPS_PORT: Final = 443
UNPRIVILEGED_PORT_MIN: Final = 1024

_NETWORKS_REFUSED: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # IETF protocol assignments; a cloud keeps its metadata there
        "168.63.129.16/32",  # a public address that a cloud routes to its own host
    )
)
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is given out; the rest is local, special or deprecated (IANA, IPv6 address space)."""
_NAT64: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def why_refused(url: str, *, private_targets: bool) -> str | None:
    """What is wrong with an address to register, in words; None if it will do.

    Only its form is looked at: names are resolved, and looked at, when something is sent.

    Args:
        url: As typed.
        private_targets: Plain HTTP, any port and private addresses will do (development).
    """
    if not url.isascii() or not url.isprintable() or " " in url:
        return "Write the address in ASCII; an international name in its xn-- form"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "This is no address"
    if parts.scheme != "https" and not (private_targets and parts.scheme == "http"):
        return "The address must begin with https://"
    if not parts.hostname or "\\" in url:
        return "The address names no host"
    if parts.username is not None or parts.password is not None:
        return "The address must hold no user name or password"
    if parts.fragment:
        return "The address must have no fragment"
    if private_targets:
        return None
    if port is not None and port != HTTPS_PORT and port < UNPRIVILEGED_PORT_MIN:
        return "The port must be 443, or 1024 or above"
    literal = _literal(parts.hostname)
    if literal is not None and is_private(literal):
        return "The address is not a public one"
    return None


def is_private(address: IPAddress) -> bool:
    """Whether nothing may be sent there: anything but a public unicast address, however it is wrapped."""
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = _wrapped(address)
        if wrapped is not None:
            return is_private(wrapped)
        if address not in _GLOBAL_UNICAST:
            return True
    if any(address in network for network in _NETWORKS_REFUSED if network.version == address.version):
        return True
    return not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified


def _wrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address a translator would send to."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


class Keys(msgspec.Struct, frozen=True):
    """What one secret signs with. Never stored: made anew from the server's key and a stored salt."""

    secret: bytes
    signing_seed: bytes

    def __repr__(self) -> str:
        return "Keys(…)"

    @property
    def shown_secret(self) -> str:
        """`whsec_…`, as its owner keeps it."""
        return SECRET_PREFIX + base64.b64encode(self.secret).decode()

    @property
    def public_key(self) -> str:
        """`whpk_…`."""
        return PUBLIC_KEY_PREFIX + base64.b64encode(bytes(SigningKey(self.signing_seed).verify_key)).decode()


def keys_from(server_key: bytes, salt: bytes) -> Keys:
    """The keys of a salt. A database without the server's key tells nothing of them."""
    return Keys(
        hmac.digest(server_key, b"talktalk webhook secret\0" + salt, hashlib.sha256),
        hmac.digest(server_key, b"talktalk webhook ed25519\0" + salt, hashlib.sha256),
    )


def signature(keys: Sequence[Keys], message_id: str, timestamp_s: int, body: bytes) -> str:
    """The `webhook-signature` header: `v1` and `v1a` of every key that is valid, the newest first.

    Source: Standard Webhooks 1.0, "Signature scheme".
    """
    content = f"{message_id}.{timestamp_s}.".encode() + body
    parts = []
    for each in keys:
        mac = hmac.digest(each.secret, content, hashlib.sha256)
        parts.append("v1," + base64.b64encode(mac).decode())
        signed = SigningKey(each.signing_seed).sign(content).signature
        parts.append("v1a," + base64.b64encode(signed).decode())
    return " ".join(parts)


def next_attempt(
    now: datetime, attempts: int, *, chance: float, retry_after: timedelta | None = None
) -> datetime | None:
    """When to try again after so many attempts; None to give up.

    Args:
        now: When the last attempt ended.
        attempts: How many there were, at least 1.
        chance: Between 0 and 1.
        retry_after: What the address asked for; it can only make the pause longer, up to a day.
    """
    if attempts > len(PAUSES):
        return None
    pause = PAUSES[attempts - 1] * (1 + JITTER * chance)
    if retry_after is not None:
        pause = max(pause, min(retry_after, RETRY_AFTER_MAX))
    return now + pause


def wants(event_types: Sequence[str], name: str) -> bool:
    """Whether an endpoint of these types is told an event of this name."""
    family = name.split(".", 1)[0] + ".*"
    return name in event_types or family in event_types


def snippet_of(answered: bytes, length_max: int) -> str:
    """The beginning of an answer, as it may be stored and shown: text without control characters."""
    text = answered.decode("utf-8", "replace")
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)[:length_max]
