"""Sealing what a person types (PIN, recovery code) to the worker, past the web process.

HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, empty `aad`;
`info` = `talktalk/<purpose>:<context>`, as `talktalk_wire.wallet` lays down. Purpose and context are
bound into the encryption: what was sealed for one payment opens for no other.
"""

import base64
import binascii

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from talktalk_client.errors import ProtocolError
from talktalk_wire.wallet import WorkerKey

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class Sealer(msgspec.Struct, frozen=True):
    """Seals to one worker key."""

    key_id: str
    public_key: X25519PublicKey

    def seal(self, secret: str, *, purpose: str, context: bytes) -> str:
        """base64url without padding: 32-byte encapsulated key ‖ ciphertext."""
        info = b"talktalk/" + purpose.encode() + b":" + context
        sealed = _SUITE.encrypt(secret.encode(), self.public_key, info)
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def sealer_for(key: WorkerKey) -> Sealer:
    """Read the worker's public key.

    Raises:
        ProtocolError: Not 32 bytes of base64url.
    """
    try:
        raw = base64.urlsafe_b64decode(key.public_key + "=" * (-len(key.public_key) % 4))
        return Sealer(key.id, X25519PublicKey.from_public_bytes(raw))
    except (binascii.Error, ValueError) as error:
        raise ProtocolError(f"worker key {key.id} cannot be read: {error}") from error
