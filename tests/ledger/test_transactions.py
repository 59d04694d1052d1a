"""Transactions and addresses against published values."""

from hashlib import sha512

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey
from xrpl.core.addresscodec import decode_seed

from talktalk.ledger import transactions
from talktalk.ledger.addresses import address_of, parse_destination
from talktalk.ledger.errors import AddressOfOtherNetwork, BadAddress, MalformedTransaction
from talktalk.ledger.schemas import Draft

# The Ed25519 key of the well-known genesis seed, and a payment signed with it.
PUBLIC_KEY = "EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F156303"
ADDRESS = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf"
GENESIS = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
SEED = "snoPBrXtMeMyMHUVTgbuqAfg1SUTb"


def _draft(**changes: int | None) -> Draft:
    values: dict[str, int | None] = {"destination_tag": None, "network_id": None, **changes}
    return transactions.payment(
        account=ADDRESS,
        public_key=PUBLIC_KEY,
        destination=GENESIS,
        amount="1000000",
        sequence=1,
        fee_drops=10,
        first_ledger=10,
        last_ledger=20,
        destination_tag=values["destination_tag"],
        network_id=values["network_id"],
    )


def test_address_of_a_key() -> None:
    assert address_of(bytes.fromhex(PUBLIC_KEY)) == ADDRESS


def test_signed_payment_has_the_published_hash() -> None:
    entropy, _ = decode_seed(SEED)
    key = SigningKey(sha512(entropy).digest()[:32])
    draft = _draft()
    signature = key.sign(transactions.SIGNING_PREFIX + draft.blob).signature
    signed = transactions.attach_signature(draft.blob, signature)
    assert signed.tx_hash == "4F06BCB19B44526668516A52E2FD2A5639E9D42AF4D05587A5D732A2CAFEDD83"


def test_network_id_is_carried_only_above_1024() -> None:
    assert "NetworkID" not in transactions.decode_blob(_draft(network_id=1).blob)
    assert transactions.decode_blob(_draft(network_id=63456).blob)["NetworkID"] == 63456


def test_what_is_signed_is_what_is_decoded() -> None:
    fields = transactions.decode_blob(_draft(destination_tag=0).blob)
    assert fields["DestinationTag"] == 0
    assert (fields["Account"], fields["Destination"], fields["Amount"]) == (ADDRESS, GENESIS, "1000000")
    assert fields["LastLedgerSequence"] == 20


@given(st.binary(max_size=200))
def test_random_bytes_are_no_transaction(data: bytes) -> None:
    with pytest.raises(MalformedTransaction):
        transactions.decode_blob(data)


@settings(max_examples=200)
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_refused_or_another_transaction(place: int, change: int) -> None:
    blob = bytearray(_draft().blob)
    original = bytes(blob)
    blob[place % len(blob)] ^= change
    try:
        fields = transactions.decode_blob(bytes(blob))
    except MalformedTransaction:
        return
    assert fields != transactions.decode_blob(original)
    assert transactions.signing_hash(bytes(blob)) != transactions.signing_hash(original)


def test_x_addresses_carry_their_tag_and_network() -> None:
    main, test = (
        "XVPcpSm47b1CZkf5AkKM9a84dQHe3mTAxgxfLw2qYoe7Boa",
        "TVK3SYvMLZR6rEtLDZh3saYHaqFSeMpn3Dz7EsmQC63VUwh",
    )
    found = parse_destination(main, None, main_network=True)
    assert (found.address, found.tag) == (GENESIS, 12345)
    assert parse_destination(main, 12345, main_network=True) == found
    with pytest.raises(BadAddress):
        parse_destination(main, 1, main_network=True)
    for text, main_network in ((main, False), (test, True)):
        with pytest.raises(AddressOfOtherNetwork):
            parse_destination(text, None, main_network=main_network)
    assert parse_destination(test, 7, main_network=False).tag == 7


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        parse_destination(text, None, main_network=False)
