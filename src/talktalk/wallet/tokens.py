"""The verified token list: which tokens somebody vouches for, signed by the operator.

The list is a JSON file people can read, `tokens.json`, beside `tokens.json.sig`: one line with the
public key and the Ed25519 signature over a prefix and the file's very bytes, in hex. A list without
a signature by the key that is trusted, with any byte changed, or that contradicts itself is refused
whole; nothing of it is used.

    {"format": 1, "serial": 3, "issued_at": "2026-11-01T00:00:00Z", "tokens": [
        {"network": "mainnet", "asset": "<code>.<issuer>", "code": "RLUSD", "issuer_name": "…",
         "domain": "…", "scale": 2, "source": "where the issuer publishes this"}]}

An asset is code and issuer, always: two issuers of one code are two tokens, with a name each.
`./talktalk tokens key|sign|verify` make and check all this.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from talktalk.config import Settings, SettingsError
from talktalk.ledger.amounts import Issued, Mpt, parse_asset
from talktalk.ledger.errors import BadAsset
from talktalk.wallet.lookalikes import code_text, skeleton

SHIPPED = Path(__file__).with_name("tokens.json")
SHIPPED_KEY = "3d6e2102b07d16d6d20987e82e016b2c33b4202a359abe6d979fa3099fbda891"
"""Signs the list that is shipped. An operator with a list of their own names their own key."""
PREFIX = b"talktalk/tokens/1\n"
FORMAT = 1
BYTES_MAX = 4 * 1024 * 1024
KEY_DIGITS = 64
SIGNATURE_DIGITS = 128

Name = Annotated[str, Meta(min_length=1, max_length=80)]


class TokensRefused(SettingsError):
    """This list is not used; the text says why."""


class VerifiedToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One token, and who vouches for what."""

    network: Name
    asset: str
    code: Name
    """As people read it."""
    issuer_name: Name
    domain: Annotated[str, Meta(pattern=r"^[a-z0-9.-]{3,253}$")]
    scale: Annotated[int, Meta(ge=0, le=15)] = 2
    """Decimal places people expect. Of an MPT: its AssetScale."""
    source: str = ""
    """Where the issuer publishes this, for whoever checks the list."""


class TokenFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the file holds."""

    format: int
    serial: Annotated[int, Meta(ge=1)]
    """Grows with every list."""
    issued_at: datetime
    tokens: list[VerifiedToken]


class TokenList:
    """The verified tokens of one network."""

    def __init__(self, file: TokenFile, network: str) -> None:
        self.serial = file.serial
        self.tokens = {token.asset: token for token in file.tokens if token.network == network}
        self.skeletons = {skeleton(token.code): token.asset for token in self.tokens.values()}

    def find(self, asset: str) -> VerifiedToken | None:
        """The entry of exactly this code and issuer."""
        return self.tokens.get(asset)


NO_TOKENS = TokenList(
    TokenFile(format=FORMAT, serial=1, issued_at=datetime.min.replace(tzinfo=UTC), tokens=[]), ""
)


def tokens_from(settings: Settings) -> TokenList:
    """Read and verify the list of the settings; the shipped one where none is named.

    Raises:
        TokensRefused: Unsigned, signed by another key, changed, or contradicting itself.
    """
    file = verify(settings.tokens_file or SHIPPED, settings.tokens_key or SHIPPED_KEY)
    return TokenList(file, settings.network_name)


def verify(path: Path, key: str) -> TokenFile:
    """A list's content, if its signature is the key's over exactly these bytes.

    Raises:
        TokensRefused: As `tokens_from`.
    """
    try:
        data, line = path.read_bytes(), signature_file(path).read_text("ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise TokensRefused(f"{path} or its .sig cannot be read: {error}") from error
    if len(line) != 2 or len(line[0]) != KEY_DIGITS or len(line[1]) != SIGNATURE_DIGITS:
        raise TokensRefused(f"{signature_file(path)} is no signature")
    if line[0].lower() != key.lower():
        raise TokensRefused(f"{path} is signed by {line[0]}, and only {key} is trusted")
    try:
        VerifyKey(bytes.fromhex(key)).verify(PREFIX + data, bytes.fromhex(line[1]))
    except (BadSignatureError, ValueError) as error:
        raise TokensRefused(f"{path} is not what was signed") from error
    return parse(data)


def sign(path: Path, key: SigningKey) -> None:
    """Write the signature of a list beside it.

    Raises:
        TokensRefused: The list cannot be read or contradicts itself; nothing is written.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TokensRefused(f"{path} cannot be read: {error}") from error
    parse(data)
    signature = key.sign(PREFIX + data).signature
    signature_file(path).write_text(f"{bytes(key.verify_key).hex()} {signature.hex()}\n", "ascii")


def parse(data: bytes) -> TokenFile:
    """Read a list and see that it does not contradict itself.

    Raises:
        TokensRefused: It does, or it is malformed; the text names the entry.
    """
    if len(data) > BYTES_MAX:
        raise TokensRefused("the list is too long")
    try:
        file = msgspec.json.decode(data, type=TokenFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TokensRefused(f"the list is malformed: {error}") from error
    if file.format != FORMAT:
        raise TokensRefused(f"the list is of format {file.format}, this reads {FORMAT}")
    seen: set[tuple[str, str]] = set()
    names: dict[tuple[str, str], VerifiedToken] = {}
    for token in file.tokens:
        _check(token)
        if (token.network, token.asset) in seen:
            raise TokensRefused(f"{token.asset} stands twice in the list")
        seen.add((token.network, token.asset))
        twin = names.setdefault((token.network, skeleton(token.code)), token)
        if twin is not token and (
            twin.code != token.code or skeleton(twin.issuer_name) == skeleton(token.issuer_name)
        ):
            raise TokensRefused(f"{token.asset} cannot be told from {twin.asset}")
    return file


def signature_file(path: Path) -> Path:
    """Where a list's signature lies."""
    return path.with_name(path.name + ".sig")


def _check(token: VerifiedToken) -> None:
    try:
        asset = parse_asset(token.asset)
    except BadAsset as error:
        raise TokensRefused(f"{token.asset!r} is not an asset") from error
    if not isinstance(asset, Issued | Mpt) or str(asset) != token.asset:
        raise TokensRefused(f"{token.asset!r} is not written as an issued asset is")
    if isinstance(asset, Issued) and code_text(asset.code) != token.code:
        raise TokensRefused(f"{token.asset} does not say {token.code!r}")
    if skeleton(token.code) == skeleton("XRP"):
        raise TokensRefused(f"{token.asset} calls itself XRP")
