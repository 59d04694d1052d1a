"""The secrets that a request signs with: seeds in all the forms that clients have ever used."""

import math
import secrets as random
from typing import Any, Final, cast

from Crypto.Util import RFC1751

from xrpl_codec.base58 import (
    ACCOUNT_PUBLIC_PREFIX,
    Base58Error,
    decode_seed,
    encode,
    encode_account,
)
from xrpl_codec.keys import KeyPair, KeyType, derive, new_seed, seed_of_passphrase
from xrpl_devnet.rpc.errors import RpcError, expected_field, invalid_field, missing_field
from xrpl_devnet.rpc.registry import Context, method

SECRET_NAMES: Final = ("passphrase", "secret", "seed", "seed_hex")
_ENTROPY_BYTES: Final = 16
_GOOD_BITS: Final = 80.0
_GUESSABLE: Final = (
    "This wallet was generated using a user-supplied passphrase that has low entropy and is vulnerable "
    "to brute-force attacks."
)
_OWN_WORDS: Final = (
    "This wallet was generated using a user-supplied passphrase. It may be vulnerable to brute-force attacks."
)


def _from_words(text: str) -> bytes | None:
    """The entropy of twelve words of RFC 1751, which the protocol reads back to front."""
    try:
        key: bytes = RFC1751.english_to_key(text)
    except (ValueError, KeyError):
        return None
    return key[::-1] if len(key) == _ENTROPY_BYTES else None


def to_words(entropy: bytes) -> str:
    """Twelve words that stand for sixteen bytes (RFC 1751)."""
    return str(RFC1751.key_to_english(entropy[::-1]))


def entropy_of(text: str) -> bytes:
    """The entropy of a seed in any form; anything else is a passphrase."""
    if len(text) == 2 * _ENTROPY_BYTES:
        try:
            return bytes.fromhex(text)
        except ValueError:
            pass
    try:
        return decode_seed(text)[0]
    except Base58Error:
        return _from_words(text) or seed_of_passphrase(text)


def _seed_hex(value: Any) -> bytes | None:
    try:
        raw = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        return None
    return raw if len(raw) == _ENTROPY_BYTES else None


def _ed25519_entropy(value: Any) -> bytes | None:
    """The entropy of a seed whose text says that it is for Ed25519."""
    try:
        entropy, kind = decode_seed(value) if isinstance(value, str) else (b"", None)
    except Base58Error:
        return None
    return entropy if kind == "ed25519" else None


def _key_type(params: dict[str, Any]) -> KeyType | None:
    if "key_type" not in params:
        return None
    named = params["key_type"]
    if not isinstance(named, str):
        raise expected_field("key_type", "string")
    if named not in ("secp256k1", "ed25519"):
        raise invalid_field("key_type")
    return cast("KeyType", named)


def key_pair_of(params: dict[str, Any]) -> KeyPair:
    """The key pair that a request signs with.

    Raises:
        RpcError: No secret, several, or one that cannot be read.
    """
    given = [name for name in SECRET_NAMES if name in params]
    if not given:
        raise missing_field("secret")
    if len(given) > 1:
        raise RpcError(
            "invalidParams",
            "Exactly one of the following must be specified: passphrase, secret, seed or seed_hex",
        )
    name = given[0]
    value = params[name]
    named = _key_type(params)
    if named is not None and name == "secret":
        raise RpcError("invalidParams", "The secret field is not allowed if key_type is used.")
    if name != "seed_hex":
        entropy = _ed25519_entropy(value)
        if entropy is not None:
            if named == "secp256k1":
                raise RpcError("badSeed", "Specified seed is for an Ed25519 wallet.")
            return derive(entropy, "ed25519")
    if not isinstance(value, str):
        raise expected_field(name, "string")
    found: bytes | None
    if name == "seed_hex":
        found = _seed_hex(value)
    elif name == "seed":
        try:
            found = decode_seed(value)[0]
        except Base58Error:
            found = None
    else:
        found = entropy_of(value) if value else None
    if found is None:
        raise RpcError("badSeed", f"Invalid field '{name}'.")
    return derive(found, named or "secp256k1")


@method("wallet_propose", admin=True)
def wallet_propose(ctx: Context) -> dict[str, Any]:
    """A key pair and its address: of a seed or passphrase if one is given, else a random one."""
    params = ctx.params
    named = _key_type(params)
    given = [name for name in ("passphrase", "seed", "seed_hex") if name in params]
    if len(given) > 1:
        raise RpcError(
            "invalidParams",
            "Exactly one of the following must be specified: passphrase, seed or seed_hex",
        )
    if given:
        pair_type = named
        value = params[given[0]]
        entropy = None if given[0] == "seed_hex" else _ed25519_entropy(value)
        if entropy is not None:
            if named == "secp256k1":
                raise RpcError("badSeed")
            pair_type = "ed25519"
        elif given[0] == "seed_hex":
            entropy = _seed_hex(value)
        elif isinstance(value, str):
            entropy = entropy_of(value)
        if entropy is None:
            raise RpcError("badSeed")
    else:
        entropy, pair_type = random.token_bytes(_ENTROPY_BYTES), named
    pair = derive(entropy, pair_type or "secp256k1")
    seed = new_seed(entropy, "secp256k1")
    out: dict[str, Any] = {
        "account_id": encode_account(pair.account),
        "key_type": pair.type,
        "master_key": to_words(entropy),
        "master_seed": seed,
        "master_seed_hex": entropy.hex().upper(),
        "public_key": _public_text(pair),
        "public_key_hex": pair.public.hex().upper(),
    }
    passphrase = params.get("passphrase")
    if isinstance(passphrase, str) and passphrase not in (
        out["master_seed"],
        out["master_seed_hex"],
        out["master_key"],
    ):
        weak = _shannon_bits(passphrase) < _GOOD_BITS
        out["warning"] = _GUESSABLE if weak else _OWN_WORDS
    return out


def _shannon_bits(text: str) -> float:
    """How much a text's letters vary, times its length: a guess at its entropy, as rippled makes it."""
    counts = (text.count(letter) / len(text) for letter in set(text))
    return -sum(share * math.log2(share) for share in counts) * len(text)


def _public_text(pair: KeyPair) -> str:
    return encode(ACCOUNT_PUBLIC_PREFIX, pair.public)
