"""Addresses: classic (`r…`) and X-addresses that carry a destination tag. Pure functions.

Source: xrpl.org, Addresses; XLS-5d for X-addresses.
"""

import msgspec
from xrpl.core.addresscodec import (
    XRPLAddressCodecException,
    encode_classic_address,
    is_valid_classic_address,
    xaddress_to_classic_address,
)
from xrpl.core.keypairs.helpers import get_account_id

from talktalk.ledger.errors import AddressOfOtherNetwork, BadAddress, BlackHoleAddress

BLACK_HOLES = frozenset({"rrrrrrrrrrrrrrrrrrrrrhoLvTp", "rrrrrrrrrrrrrrrrrrrrBZbvji"})
"""ACCOUNT_ZERO and ACCOUNT_ONE: no key leads there."""
KEY_LENGTH = 33


class Destination(msgspec.Struct, frozen=True):
    """Where money goes."""

    address: str
    tag: int | None


def parse_destination(text: str, tag: int | None, *, main_network: bool) -> Destination:
    """Read an address as typed, with the destination tag typed beside it.

    Raises:
        BadAddress: Neither form, or a tag that contradicts the X-address's own.
        AddressOfOtherNetwork: An X-address of the other kind of network.
        BlackHoleAddress: Money sent there is lost.
    """
    address = text.strip()
    if not is_valid_classic_address(address):
        address, tag = _from_x_address(address, tag, main_network=main_network)
    if address in BLACK_HOLES:
        raise BlackHoleAddress
    return Destination(address, tag)


def address_of(public_key: bytes) -> str:
    """The classic address of a 33-byte public key (`ED` ‖ 32 bytes for Ed25519)."""
    assert len(public_key) == KEY_LENGTH
    return encode_classic_address(get_account_id(public_key))


def _from_x_address(text: str, tag: int | None, *, main_network: bool) -> tuple[str, int | None]:
    try:
        address, own_tag, is_test = xaddress_to_classic_address(text)
    except (XRPLAddressCodecException, ValueError, IndexError) as error:
        raise BadAddress(f"{text[:64]!r} is not an address") from error
    if is_test == main_network:
        raise AddressOfOtherNetwork
    if own_tag is not None and tag is not None and own_tag != tag:
        raise BadAddress("the address carries another destination tag than the one given")
    return address, own_tag if own_tag is not None else tag
