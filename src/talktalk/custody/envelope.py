"""Envelope encryption: a data key a secret, wrapped by the key-encryption key. Worker only.

AES-256-GCM with random 96-bit nonces throughout; every data key encrypts once, so a nonce never
repeats under a data key, and the key-encryption key stays far below the number of messages at
which random nonces collide. The associated data binds what is sealed to its owner, key id and
version, so that no row can pass for another.
"""

import hashlib
import os

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from talktalk.custody.errors import KeyUnreadable

NONCE_BYTES = 12
DATA_KEY_BITS = 256


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed secret; everything in it may be stored."""

    kek_id: str
    wrap_nonce: bytes
    wrapped_key: bytes
    nonce: bytes
    ciphertext: bytes


class KeyEncryptionKey:
    """Wraps data keys. Prints as its id; the bytes stay inside."""

    def __init__(self, key: bytes) -> None:
        self.id = hashlib.sha256(b"talktalk/kek-id/" + key).hexdigest()[:16]
        self._wrapping = AESGCM(_derived(key, b"talktalk/wrap"))
        self._key = key

    def __repr__(self) -> str:
        return f"<KeyEncryptionKey {self.id}>"

    def derive(self, label: bytes) -> bytes:
        """32 further bytes for another use, such as the pepper of PINs."""
        return _derived(self._key, label)

    def seal(self, secret: bytes, associated: bytes) -> Envelope:
        """Seal a secret under a data key of its own."""
        data_key = AESGCM.generate_key(DATA_KEY_BITS)
        nonce, wrap_nonce = os.urandom(NONCE_BYTES), os.urandom(NONCE_BYTES)
        return Envelope(
            kek_id=self.id,
            wrap_nonce=wrap_nonce,
            wrapped_key=self._wrapping.encrypt(wrap_nonce, data_key, b"data-key:" + associated),
            nonce=nonce,
            ciphertext=AESGCM(data_key).encrypt(nonce, secret, associated),
        )

    def open(self, envelope: Envelope, associated: bytes) -> bytes:
        """The secret.

        Raises:
            KeyUnreadable: Another key wrapped it, or a byte or the owner was changed.
        """
        if envelope.kek_id != self.id:
            raise KeyUnreadable(f"wrapped by key-encryption key {envelope.kek_id}, this one is {self.id}")
        try:
            data_key = self._wrapping.decrypt(
                envelope.wrap_nonce, envelope.wrapped_key, b"data-key:" + associated
            )
            return AESGCM(data_key).decrypt(envelope.nonce, envelope.ciphertext, associated)
        except InvalidTag as error:
            raise KeyUnreadable("the sealed key was changed, or is not this owner's") from error


def _derived(key: bytes, label: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=label).derive(key)
