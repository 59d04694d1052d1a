"""What is sealed opens with the worker's key for its own purpose, and for nothing else."""

import base64

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from talktalk_client import ProtocolError, recovery_code
from talktalk_client.sealing import sealer_for
from talktalk_wire.wallet import WorkerKey

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def worker_key(private: X25519PrivateKey) -> WorkerKey:
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return WorkerKey(id="k1", public_key=base64.urlsafe_b64encode(raw).decode().rstrip("="))


def opened(private: X25519PrivateKey, sealed: str, info: bytes) -> bytes:
    raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    return SUITE.decrypt(raw, private, info)


def test_the_worker_opens_what_was_sealed_to_it() -> None:
    private = X25519PrivateKey.generate()
    sealed = sealer_for(worker_key(private)).seal("123456", purpose="pin.set", context=b"\x01\x02")
    assert "=" not in sealed
    assert opened(private, sealed, b"talktalk/pin.set:\x01\x02") == b"123456"


@pytest.mark.parametrize("info", [b"talktalk/pin.set:\x01", b"talktalk/transfer.approve:\x01\x02", b""])
def test_it_opens_for_no_other_purpose_or_context(info: bytes) -> None:
    private = X25519PrivateKey.generate()
    sealed = sealer_for(worker_key(private)).seal("123456", purpose="pin.set", context=b"\x01\x02")
    with pytest.raises(InvalidTag):
        opened(private, sealed, info)


def test_two_seals_of_one_secret_differ() -> None:
    sealer = sealer_for(worker_key(X25519PrivateKey.generate()))
    assert sealer.seal("1", purpose="p", context=b"") != sealer.seal("1", purpose="p", context=b"")


@pytest.mark.parametrize("public_key", ["", "AAAA", "not base64 !", "A" * 44])
def test_a_key_that_is_none_is_refused(public_key: str) -> None:
    with pytest.raises(ProtocolError):
        sealer_for(WorkerKey(id="k", public_key=public_key))


def test_recovery_codes_are_shown_in_groups_and_read_back() -> None:
    code = recovery_code.make()
    assert [len(group) for group in code.split("-")] == [5, 5, 5, 5, 6]
    assert recovery_code.show(recovery_code.read(code)) == code


@given(st.text(alphabet=recovery_code.ALPHABET, min_size=26, max_size=26))
def test_a_code_is_read_however_it_is_typed(code: str) -> None:
    confused = code.replace("0", "o").replace("1", "l").lower()
    assert recovery_code.read(f" {confused[:7]} {confused[7:13]}-{confused[13:]}\n") == code


@pytest.mark.parametrize("typed", ["", "A" * 25, "A" * 27, "U" * 26, "é" * 26])
def test_what_is_no_code_is_refused_here(typed: str) -> None:
    with pytest.raises(ValueError, match="recovery code"):
        recovery_code.read(typed)
