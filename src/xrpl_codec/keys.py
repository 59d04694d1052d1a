"""Seeds, key pairs, signatures.

secp256k1 is libsecp256k1's through coincurve, Ed25519 is libsodium's through PyNaCl. A secp256k1 signature
must be strict DER with a low S; Ed25519 signatures are checked as RFC 8032 says, S below the group order.
`verify` answers False to everything else and never raises.
"""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from coincurve import PrivateKey, PublicKey
from nacl.bindings import crypto_sign as nacl_sign
from nacl.bindings import crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from xrpl_codec.base58 import decode_seed, encode_account, encode_seed
from xrpl_codec.hashing import account_id, half

KeyType: TypeAlias = Literal["secp256k1", "ed25519"]

ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_ED25519_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
GENESIS_PASSPHRASE: Final = "masterpassphrase"  # noqa: S105 (known to everyone)


@dataclass(frozen=True, slots=True, repr=False)
class KeyPair:
    """A key pair that can sign; its repr shows the address only."""

    type: KeyType
    public: bytes
    """33 bytes, as `SigningPubKey` has them."""
    secret: bytes
    """secp256k1: the scalar. ed25519: the RFC 8032 seed."""

    @property
    def account(self) -> bytes:
        """The account id whose master key this is."""
        return account_id(self.public)

    @property
    def address(self) -> str:
        """The classic address of `account`."""
        return encode_account(self.account)

    def sign(self, message: bytes) -> bytes:
        """The signature of a whole message; secp256k1 signs its SHA-512Half."""
        if self.type == "ed25519":
            _, secret = crypto_sign_seed_keypair(self.secret)
            return nacl_sign(message, secret)[:64]
        return PrivateKey(self.secret).sign(half(message), hasher=None)

    def __repr__(self) -> str:
        return f"KeyPair({self.address})"


def seed_of_passphrase(passphrase: str) -> bytes:
    """The sixteen bytes of entropy that a passphrase stands for."""
    return hashlib.sha512(passphrase.encode()).digest()[:16]


def _scalar(seed: bytes) -> int:
    counter = 0
    while True:
        number = int.from_bytes(half(seed + counter.to_bytes(4, "big")), "big")
        if 0 < number < ORDER:
            return number
        counter += 1


def derive(entropy: bytes, key_type: KeyType) -> KeyPair:
    """The key pair of a seed (xrpl.org, Cryptographic Keys, Key Derivation)."""
    if key_type == "ed25519":
        secret = half(entropy)
        public, _ = crypto_sign_seed_keypair(secret)
        return KeyPair("ed25519", b"\xed" + public, secret)
    root = _scalar(entropy)
    root_public = PrivateKey(root.to_bytes(32, "big")).public_key.format()
    scalar = (root + _scalar(root_public + bytes(4))) % ORDER
    secret = scalar.to_bytes(32, "big")
    return KeyPair("secp256k1", PrivateKey(secret).public_key.format(), secret)


def key_pair(seed: str, key_type: KeyType | None = None) -> KeyPair:
    """The key pair of a seed's text; its prefix names the type unless one is given.

    Raises:
        Base58Error: No seed.
    """
    entropy, named = decode_seed(seed)
    chosen: KeyType = key_type or ("ed25519" if named == "ed25519" else "secp256k1")
    return derive(entropy, chosen)


def genesis_key() -> KeyPair:
    """The key of the account that holds all XRP of a new ledger."""
    return derive(seed_of_passphrase(GENESIS_PASSPHRASE), "secp256k1")


def new_seed(entropy: bytes, key_type: KeyType) -> str:
    """The text of sixteen bytes of entropy."""
    return encode_seed(entropy, key_type)


def public_key_type(public: bytes) -> KeyType | None:
    """Which kind of key these bytes are, by their form."""
    if len(public) != 33:
        return None
    if public[0] == 0xED:
        return "ed25519"
    return "secp256k1" if public[0] in (2, 3) else None


def _canonical_der(signature: bytes) -> bool:
    """Strict DER with a low S, as rippled's `ecdsaCanonicality` asks."""
    if not 8 <= len(signature) <= 72 or signature[0] != 0x30 or signature[1] != len(signature) - 2:
        return False
    at = 2
    numbers: list[int] = []
    for _ in range(2):
        if at + 2 > len(signature) or signature[at] != 0x02:
            return False
        size = signature[at + 1]
        value = signature[at + 2 : at + 2 + size]
        if not 1 <= size <= 33 or len(value) != size or value[0] & 0x80:
            return False
        if size > 1 and value[0] == 0 and not value[1] & 0x80:
            return False
        numbers.append(int.from_bytes(value, "big"))
        at += 2 + size
    return at == len(signature) and 0 < numbers[0] < ORDER and 0 < numbers[1] <= ORDER // 2


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature over a whole message is this key's, in canonical form."""
    kind = public_key_type(public)
    if kind is None:
        return False
    try:
        if kind == "ed25519":
            if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= _ED25519_ORDER:
                return False
            crypto_sign_open(signature + message, public[1:])
            return True
        if not _canonical_der(signature):
            return False
        return PublicKey(public).verify(signature, half(message), hasher=None)
    except (BadSignatureError, ValueError):
        return False
