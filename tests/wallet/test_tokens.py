"""The verified token list: what is not exactly what the operator signed is refused whole."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from talktalk.wallet import tokens
from talktalk.wallet.balances import token_of
from talktalk.wallet.lookalikes import code_text, looks_like, skeleton
from talktalk.wallet.tokens import TokenFile, TokenList, TokensRefused
from tests.cli.test_cli import assert_refused, talktalk

ISSUER = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
OTHER = "rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe"
RLUSD = "524C555344000000000000000000000000000000"


def entry(**fields: object) -> dict[str, object]:
    return {
        "network": "embedded",
        "asset": f"USD.{ISSUER}",
        "code": "USD",
        "issuer_name": "Good Bank",
        "domain": "good.example",
        **fields,
    }


def written(folder: Path, *entries: dict[str, object], **fields: object) -> Path:
    path = folder / "list.json"
    document = {"format": 1, "serial": 4, "issued_at": "2026-11-01T00:00:00Z", "tokens": entries, **fields}
    path.write_text(json.dumps(document))
    return path


def parsed(*entries: dict[str, object]) -> TokenFile:
    document = {"format": 1, "serial": 1, "issued_at": "2026-11-01T00:00:00Z", "tokens": entries}
    return tokens.parse(json.dumps(document).encode())


def test_the_shipped_list_is_signed_and_holds_what_it_says() -> None:
    file = tokens.verify(tokens.SHIPPED, tokens.SHIPPED_KEY)
    assert {token.code for token in file.tokens if token.network == "mainnet"} >= {"RLUSD"}
    assert all(token.source for token in file.tokens)


def test_a_list_is_what_was_signed_to_the_last_byte(tmp_path: Path) -> None:
    key, path = SigningKey.generate(), written(tmp_path, entry())
    public = bytes(key.verify_key).hex()
    with pytest.raises(TokensRefused, match="cannot be read"):
        tokens.verify(path, public)
    tokens.sign(path, key)
    assert tokens.verify(path, public).serial == 4

    good = path.read_bytes()
    for changed in (good + b" ", good.replace(b"Good", b"Evil"), b""):
        path.write_bytes(changed)
        with pytest.raises(TokensRefused, match="not what was signed"):
            tokens.verify(path, public)
    path.write_bytes(good)
    other = SigningKey.generate()
    with pytest.raises(TokensRefused, match="only"):
        tokens.verify(path, bytes(other.verify_key).hex())
    # A signature of somebody else under our key's name, and lines that are none.
    forged = other.sign(tokens.PREFIX + good).signature.hex()
    for line in (f"{public} {forged}", f"{public} {'00' * 64}", public, "", "é"):
        tokens.signature_file(path).write_text(line, "utf-8")
        with pytest.raises(TokensRefused):
            tokens.verify(path, public)
    # The signature is of the list alone, not of the same bytes for another purpose.
    tokens.signature_file(path).write_text(f"{public} {key.sign(good).signature.hex()}")
    with pytest.raises(TokensRefused, match="not what was signed"):
        tokens.verify(path, public)


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([entry(), entry()], "twice"),
        ([entry(), entry(asset=f"USD.{OTHER}")], "cannot be told from"),
        ([entry(), entry(asset=f"USD.{OTHER}", issuer_name="G00d Bank")], "cannot be told from"),
        ([entry(), entry(asset=f"U5D.{OTHER}", code="U5D", issuer_name="Other")], "cannot be told from"),
        ([entry(asset="XRP")], "not written"),
        ([entry(asset="DOGE")], "not an asset"),
        ([entry(asset=f"{RLUSD.lower()}.{ISSUER}", code="RLUSD")], "not written"),
        ([entry(asset=f"{RLUSD}.{ISSUER}", code="USD")], "does not say"),
        ([entry(asset=f"xrp.{ISSUER}", code="xrp")], "calls itself XRP"),
        ([entry(scale=16)], "malformed"),
        ([entry(issuer_name="")], "malformed"),
        ([entry(domain="bad domain")], "malformed"),
        ([entry(surprise=1)], "malformed"),
    ],
)
def test_a_list_that_contradicts_itself_is_refused(entries: list[dict[str, object]], why: str) -> None:
    with pytest.raises(TokensRefused, match=why):
        parsed(*entries)


def test_two_issuers_of_one_code_are_two_tokens() -> None:
    file = parsed(entry(), entry(asset=f"USD.{OTHER}", issuer_name="Fine Bank"))
    listed = TokenList(file, "embedded")
    names = {token_of(asset, listed).issuer_name for asset in (f"USD.{ISSUER}", f"USD.{OTHER}")}
    assert names == {"Good Bank", "Fine Bank"}
    assert TokenList(file, "mainnet").tokens == {}


LOOKALIKES = ["U5D", "usd", "Usd", "UЅD", "U$D", "u$d"]


@pytest.mark.parametrize("code", LOOKALIKES)
def test_a_code_that_looks_like_a_verified_one_is_flagged(code: str) -> None:
    listed = TokenList(parsed(entry()), "embedded")
    # Three plain characters are a code; anything else is written in hex, as on the ledger.
    text = code if code.isascii() else code.encode().ljust(20, b"\0").hex().upper()
    token = token_of(f"{text}.{OTHER}", listed)
    assert (token.verified, token.lookalike_of, token.code) == (False, f"USD.{ISSUER}", code)


@pytest.mark.parametrize(
    "text", ["USD", " U S D", "US\u00adD".replace("\u00ad", ""), "ＵＳＤ", "U\u0301SD", "USD."]
)
def test_hex_codes_are_read_as_the_eye_reads_them(text: str) -> None:
    listed = TokenList(parsed(entry()), "embedded")
    code = text.encode().ljust(20, b"\0").hex().upper()
    assert token_of(f"{code}.{OTHER}", listed).lookalike_of == f"USD.{ISSUER}"


def test_tokens_that_call_themselves_xrp_are_flagged_everywhere() -> None:
    nobody = TokenList(parsed(), "embedded")
    for text in ("xrp", "ХRP", "X R P", "ΧΡΡ".replace("ΡΡ", "RP")):
        code = text if len(text) == 3 and text.isascii() else text.encode().ljust(20, b"\0").hex().upper()
        assert token_of(f"{code}.{OTHER}", nobody).lookalike_of == "XRP"
    # The code that would be "XRP" in three letters, as the ledger spells it.
    assert token_of(f"{'0' * 24}5852500000000000.{OTHER}", nobody).verified is False


def test_the_same_issuer_and_code_is_the_verified_one_and_another_is_not() -> None:
    listed = TokenList(parsed(entry()), "embedded")
    assert token_of(f"USD.{ISSUER}", listed).verified
    assert token_of(f"USD.{ISSUER}", listed).lookalike_of is None
    twin = token_of(f"USD.{OTHER}", listed)
    assert (twin.verified, twin.issuer_name, twin.lookalike_of) == (False, None, f"USD.{ISSUER}")
    assert token_of(f"EUR.{OTHER}", listed).lookalike_of is None


@given(st.binary(min_size=20, max_size=20))
def test_any_code_can_be_shown_and_none_shows_what_is_invisible(code: bytes) -> None:
    text = code_text(code.hex().upper())
    if text is not None:
        assert text.strip()
        assert text.isprintable()


@given(st.text(max_size=20))
def test_a_skeleton_is_its_own_skeleton(text: str) -> None:
    seen = skeleton(text)
    assert skeleton(seen) == seen
    assert looks_like(text, {seen: "asset"}) in ("asset", "XRP", None)


def test_the_command_line_makes_signs_and_checks(tmp_path: Path) -> None:
    path, key_file = written(tmp_path, entry()), tmp_path / "key"
    public = talktalk("tokens", "key", str(key_file)).stdout.strip()
    assert talktalk("tokens", "key", str(key_file)).stdout.strip() == public
    assert talktalk("tokens", "sign", str(path), "--key", str(key_file)).returncode == 0
    shown = talktalk("tokens", "verify", str(path), "--key", public)
    assert "Good Bank" in shown.stdout
    assert "RLUSD" in talktalk("tokens", "verify").stdout
    path.write_text(path.read_text().replace("Good", "Evil"))
    assert_refused(talktalk("tokens", "verify", str(path), "--key", public), "not what was signed")
    key_file.chmod(0o644)
    assert_refused(talktalk("tokens", "sign", str(path), "--key", str(key_file)), "open to other users")


def test_a_process_with_a_list_that_was_tampered_with_does_not_start(
    tmp_path: Path, running_apps: Callable[..., Any]
) -> None:
    path = written(tmp_path, entry())
    key = SigningKey.generate()
    tokens.sign(path, key)
    path.write_text(path.read_text().replace("Good", "Evil"))
    with pytest.raises(TokensRefused):
        running_apps(tokens_file=path, tokens_key=bytes(key.verify_key).hex())
