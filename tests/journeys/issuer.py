"""Somebody who issues a token on the ledger of a running house, and trades it: signed here, by hand."""

import json
import time
from pathlib import Path
from typing import Any, Final

import httpx
from nacl.signing import SigningKey
from xrpl.core.binarycodec import encode, encode_for_signing

from talktalk.ledger.addresses import address_of
from talktalk.wallet import tokens
from tests.journeys.house import House

DEFAULT_RIPPLE: Final = 8
FREEZE, UNFREEZE = 0x0010_0000, 0x0020_0000
WAIT_S: Final = 60.0


class Issuer:
    """One account with a key of its own; on the ledger once `open` has been called."""

    def __init__(self, code: str = "USD") -> None:
        self.code = code
        self._key = SigningKey.generate()
        self._public_key = b"\xed" + bytes(self._key.verify_key)
        self.address = address_of(self._public_key)
        self._rpc_url = ""

    @property
    def asset(self) -> str:
        """Code and issuer."""
        return f"{self.code}.{self.address}"

    def amount(self, value: str, issuer: str | None = None) -> dict[str, str]:
        """The ledger's JSON of so much."""
        return {"currency": self.code, "issuer": issuer or self.address, "value": value}

    def text(self, value: str) -> str:
        """So much, as the screens show it."""
        return f"{value} {self.code} · {self.address[:4]}…{self.address[-4:]}"

    def vouched_for(self, folder: Path, name: str) -> dict[str, str]:
        """A signed list with this token alone, as settings of a house."""
        listed = {
            "network": "embedded",
            "asset": self.asset,
            "code": self.code,
            "issuer_name": name,
            "domain": "bank.example",
        }
        path, key = folder / "tokens.json", SigningKey.generate()
        issued_at = "2026-01-01T00:00:00Z"
        path.write_text(
            json.dumps({"format": 1, "serial": 1, "issued_at": issued_at, "tokens": [listed]}),
            encoding="utf-8",
        )
        tokens.sign(path, key)
        return {"TOKENS_FILE": str(path), "TOKENS_KEY": bytes(key.verify_key).hex()}

    def open(self, house: House) -> None:
        """Have the account funded, and let its token pass between holders."""
        place = json.loads((house.folder / "data" / "ledger" / "ready.json").read_bytes())
        self._rpc_url = place["rpc_url"]
        funded = httpx.post(place["faucet_url"], json={"destination": self.address}, trust_env=False)
        funded.raise_for_status()
        self._until(lambda: "account_data" in self._ask("account_info", account=self.address))
        self.submit(TransactionType="AccountSet", SetFlag=DEFAULT_RIPPLE)

    def pay(self, address: str, value: str) -> None:
        """Issue so much."""
        self.submit(TransactionType="Payment", Destination=address, Amount=self.amount(value))

    def sell(self, value: str, drops: int) -> None:
        """Offer so much of the token for XRP."""
        self.submit(TransactionType="OfferCreate", TakerGets=self.amount(value), TakerPays=str(drops))

    def freeze(self, address: str, *, frozen: bool = True) -> None:
        """Freeze a holder, or let go again."""
        limit = self.amount("0", issuer=address)
        self.submit(TransactionType="TrustSet", LimitAmount=limit, Flags=FREEZE if frozen else UNFREEZE)

    def submit(self, **fields: Any) -> None:
        """Sign, submit, and wait until a validated ledger says that it happened."""
        account = self._ask("account_info", account=self.address, ledger_index="current")
        transaction = {
            **fields,
            "Account": self.address,
            "Fee": "12",
            "Sequence": account["account_data"]["Sequence"],
            "SigningPubKey": self._public_key.hex().upper(),
        }
        message = bytes.fromhex(encode_for_signing(transaction))
        transaction["TxnSignature"] = self._key.sign(message).signature.hex().upper()
        tx_hash = self._ask("submit", tx_blob=encode(transaction))["tx_json"]["hash"]
        self._until(lambda: self._ask("tx", transaction=tx_hash).get("validated") is True)
        result = self._ask("tx", transaction=tx_hash)["meta"]["TransactionResult"]
        assert result == "tesSUCCESS", result

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        answer = httpx.post(self._rpc_url, json={"method": method, "params": [params]}, trust_env=False)
        answer.raise_for_status()
        result: dict[str, Any] = answer.json()["result"]
        return result

    def _until(self, is_so: Any) -> None:
        deadline = time.monotonic() + WAIT_S
        while not is_so():
            assert time.monotonic() < deadline, "the ledger does not say so"
            time.sleep(0.1)
