"""People of a running house who move money in every way, and try again whatever breaks."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import httpx
from nacl.signing import SigningKey
from xrpl.core.binarycodec import encode, encode_for_signing

from talktalk.custody.sealed_secrets import seal
from talktalk.ledger.addresses import address_of
from talktalk.transfers.rules import WARNINGS
from tests.fixtures_app import sign_in
from tests.simulation.house import House
from tests.transfers.ordering import TERMINAL as ORDER_TERMINAL
from tests.transfers.ordering import approval_hash

PIN: Final = "402817"
TRANSFER_TERMINAL: Final = ("settled", "failed", "expired", "cancelled")
END_S: Final = 240
"""Longer than a blob can live; an intent without an end by then never has one."""
LOOK_S: Final = 0.2
"""Between two looks at what has become of it: many people look at once."""
TRUST_LIMIT: Final = 1_000_000
TOKENS_AT_START: Final = 100_000
TOKEN_WARNINGS: Final = ("lookalike_token", "unverified_token", "issuer_can_claw_back")
EVERY_WARNING: Final = [*WARNINGS, *TOKEN_WARNINGS]


class Bystander:
    """An account of the ledger that nobody here owns."""

    def __init__(self) -> None:
        self._key = SigningKey.generate()
        self._public_key = b"\xed" + bytes(self._key.verify_key)
        self.address = address_of(self._public_key)

    async def submit(self, house: House, **fields: Any) -> None:
        """Sign, submit, and wait until a validated ledger has it."""
        account: Any = await house.rpc("account_info", account=self.address, ledger_index="current")
        transaction = {
            **fields,
            "Account": self.address,
            "Fee": "12",
            "Sequence": account["account_data"]["Sequence"],
            "SigningPubKey": self._public_key.hex().upper(),
        }
        message = bytes.fromhex(encode_for_signing(transaction))
        transaction["TxnSignature"] = self._key.sign(message).signature.hex().upper()
        answer = await house.rpc("submit", tx_blob=encode(transaction))
        async with asyncio.timeout(30):
            while True:
                found: Any = await house.rpc("tx", transaction=answer["hash"])
                if found.get("validated"):
                    break
                await asyncio.sleep(0.1)
        assert found["meta"]["TransactionResult"] == "tesSUCCESS", found["meta"]


class Issuer(Bystander):
    """Issues a token of its own."""

    @property
    def asset(self) -> str:
        """As the product names it."""
        return f"USD.{self.address}"

    async def open(self, house: House) -> None:
        """Have the account funded, and let its token pass between holders."""
        async with httpx.AsyncClient(trust_env=False) as client:
            funded = await client.post(f"{house.faucet_url}/accounts", json={"destination": self.address})
            assert funded.status_code == 200, funded.text
        async with asyncio.timeout(30):
            while True:
                if "account_data" in await house.rpc("account_info", account=self.address):
                    break
                await asyncio.sleep(0.1)
        await self.submit(house, TransactionType="AccountSet", SetFlag=8)

    async def pay(self, house: House, address: str, value: int) -> None:
        """Issue so much to a holder."""
        amount = {"currency": "USD", "issuer": self.address, "value": str(value)}
        await self.submit(house, TransactionType="Payment", Destination=address, Amount=amount)


class Payer:
    """Someone whose app tries again until it has an answer, always with the same idempotency key."""

    def __init__(self, url: str, phone: str) -> None:
        self.phone = phone
        self.http = httpx.AsyncClient(base_url=url, timeout=10, trust_env=False)
        self.user_id = ""
        self.address = ""
        self.limit = 0
        """Of the trust line, as the last change that came to pass left it."""

    async def begin(self) -> None:
        """Sign in, wait for the wallet, set the PIN."""
        signed_in = await sign_in(self.http, self.phone)
        self.user_id = str(signed_in.me.id)
        async with asyncio.timeout(60):
            while True:
                wallet = (await self.http.get("/api/v1/wallet")).json()
                if wallet["state"] == "ready":
                    break
                await asyncio.sleep(0.1)
        self.address = wallet["address"]
        key = (await self.http.get("/api/v1/wallet/worker-key")).json()
        sealed = seal(PIN.encode(), key["public_key"], "pin.set", signed_in.me.id.bytes)
        body = {"worker_key_id": key["id"], "sealed_pin": sealed}
        assert (await self.http.put("/api/v1/wallet/pin", json=body)).status_code == 200

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """Ask until there is an answer that is not a breakdown."""
        while True:
            try:
                answer = await self.http.request(method, f"/api/v1{path}", **options)
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
                continue
            if answer.status_code < 500 and answer.status_code != 429:
                return answer.json()
            await asyncio.sleep(0.1)

    async def pay(self, to: "Payer", **fields: Any) -> dict[str, Any]:
        """One payment to its end, whatever dies meanwhile."""
        intent = {
            "amount": {"value": "1"},
            "user_id": to.user_id,
            "accepted_warnings": EVERY_WARNING,
            **fields,
        }
        return await self._carry_out("/transfers", "transfer.approve", intent, _signing_hash)

    async def pay_request(self, to: "Payer") -> dict[str, Any]:
        """Be asked by `to` for something, and pay it."""
        body = {"people": [{"user_id": self.user_id}], "total": "1"}
        headers = {"Idempotency-Key": secrets.token_urlsafe(12)}
        request = await to.ask("POST", "/requests", json=body, headers=headers)
        assert "shares" in request, request
        return await self.pay(to, request_id=request["id"])

    async def pay_many(
        self, mode: str, people: Sequence["Payer"], others: Sequence[Bystander] = ()
    ) -> dict[str, Any]:
        """Several at once."""
        recipients = [{"user_id": each.user_id} for each in people]
        recipients += [{"address": each.address} for each in others]
        bulk = {"mode": mode, "recipients": [{**each, "amount": {"value": "1"}} for each in recipients]}
        return await self._order({"kind": "bulk", "bulk": bulk})

    async def trust(self, asset: str, limit: int) -> dict[str, Any]:
        """Take up the token, or change its limit."""
        action = "change" if self.limit else "add"
        line = {"asset": asset, "action": action, "limit": str(limit)}
        end = await self._order({"kind": "trust_line", "trust_line": line})
        if end["state"] == "done":
            self.limit = limit
        return end

    async def _order(self, wanted: dict[str, Any]) -> dict[str, Any]:
        intent = {**wanted, "accepted_warnings": EVERY_WARNING}
        return await self._carry_out("/orders", "order.approve", intent, _set_hash)

    async def _carry_out(
        self, path: str, purpose: str, intent: dict[str, Any], hash_of: Callable[[Any], dict[str, str]]
    ) -> dict[str, Any]:
        headers = {"Idempotency-Key": secrets.token_urlsafe(12)}
        made = await self.ask("POST", path, json=intent, headers=headers)
        assert "draft" in made, made
        terminal = {*TRANSFER_TERMINAL, *ORDER_TERMINAL}
        approved: dict[str, str] = {}
        async with asyncio.timeout(END_S):
            while made["state"] not in terminal:
                if made["state"] == "drafted" and (hash_of(made) != approved or made["approval_error"]):
                    approved = hash_of(made)
                    await self._approve(f"{path}/{made['id']}/approve", purpose, approved)
                await asyncio.sleep(LOOK_S)
                made = await self.ask("GET", f"{path}/{made['id']}")
        return dict(made)

    async def _approve(self, path: str, purpose: str, approved: Mapping[str, str]) -> None:
        (named,) = approved.values()
        key = await self.ask("GET", "/wallet/worker-key")
        sealed = seal(PIN.encode(), key["public_key"], purpose, bytes.fromhex(named))
        body = {**approved, "worker_key_id": key["id"], "sealed_pin": sealed}
        await self.ask("POST", path, json=body)


def _signing_hash(transfer: Mapping[str, Any]) -> dict[str, str]:
    return {"signing_hash": transfer["draft"]["signing_hash"]}


def _set_hash(order: Mapping[str, Any]) -> dict[str, str]:
    return {"approval_hash": approval_hash(order)}


Gesture = Callable[[Payer, Payer], Awaitable[dict[str, Any]]]


def gestures(issuer: Issuer, bystanders: Sequence[Bystander]) -> dict[str, Gesture]:
    """Every way to move money, by name: from the one, to the other."""
    return {
        "xrp": lambda payer, payee: payer.pay(payee),
        "token": lambda payer, payee: payer.pay(payee, amount={"value": "1", "asset": issuer.asset}),
        "request": lambda payer, payee: payer.pay_request(payee),
        "all_or_nothing": lambda payer, payee: payer.pay_many("all_or_nothing", [payee], bystanders[:1]),
        "independent": lambda payer, payee: payer.pay_many("independent", [payee], bystanders),
        "until_failure": lambda payer, payee: payer.pay_many("until_failure", [payee], bystanders),
        "trust_line": lambda payer, _: payer.trust(issuer.asset, payer.limit + 1),
    }
