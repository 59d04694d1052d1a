"""Secrets a person types, sealed by the device to the workers' public key (HPKE, RFC 9180).

Base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, empty `aad`; `info` is
`b"talktalk/" ‖ purpose ‖ b":" ‖ context`, so a secret opens only for the purpose, person and
transaction it was sealed for. `seal` is the device's side, used by tests and tools.
"""

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from talktalk.custody.errors import Unreadable

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def seal(plaintext: bytes, public_key: str, purpose: str, context: bytes) -> str:
    """Seal for the holder of `public_key` (base64url); base64url without padding."""
    key = X25519PublicKey.from_public_bytes(_from_base64(public_key))
    return _to_base64(SUITE.encrypt(plaintext, key, _info(purpose, context)))


class WorkerKey:
    """The workers' HPKE key. Prints as its id; the private half stays inside."""

    def __init__(self, key: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(key)
        public = self._private.public_key().public_bytes_raw()
        self.public_key = _to_base64(public)
        self.id = hashlib.sha256(public).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"<WorkerKey {self.id}>"

    def open(self, sealed: str, key_id: str, purpose: str, context: bytes) -> bytes:
        """The plaintext.

        Raises:
            Unreadable: Sealed to another key, for another purpose or context, or damaged.
        """
        if key_id != self.id:
            raise Unreadable(key_is_old=True)
        try:
            return SUITE.decrypt(_from_base64(sealed), self._private, _info(purpose, context))
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise Unreadable from error


def _info(purpose: str, context: bytes) -> bytes:
    return b"talktalk/" + purpose.encode() + b":" + context


def _to_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
