"""Paying through lost answers, wrong PINs and dishonest drafts."""

import base64
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from xrpl.core.addresscodec import classic_address_to_xaddress

from talktalk_client import ApiError, ApprovalRefused, DraftRefused, PaymentNotSettled, WalletNotReady
from talktalk_wire.common import Amount, Person, Problem
from talktalk_wire.transfers import ApproveAsk, Draft, Failure, Transfer, TransferAsk, TransferState
from talktalk_wire.wallet import DeviceTrust, Wallet, WalletState, WorkerKey
from tests.client.drafting import RECEIVER, SENDER, SENDER_KEY, STRANGER, draft_of
from tests.client.model_server import FRIEND, ME, Answer, ModelServer
from tests.client.worlds import client_of

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
TRANSFERS = "/api/v1/transfers"
PIN = "271828"


class Bank:
    """A server that pays once for a key. `draft` is what it wants approved."""

    def __init__(self, server: ModelServer) -> None:
        self.server = server
        self.draft: Draft = draft_of()
        self.address = RECEIVER
        self.note: str | None = None
        self.tag: int | None = None
        self.told: Amount | None = None
        """What it says arrives, where that is not what was asked."""
        self.spend: Amount | None = None
        """What leaves at most, where that is not the amount itself."""
        self.quote_expires_at: datetime | None = None
        self.address_of_wallet: str | None = SENDER
        self.key_id = "k1"
        self.approvals: list[ApproveAsk] = []
        self.redrafts: list[Draft] = []
        """What each coming approval is answered with instead of being heard."""
        self.by_key: dict[str, Transfer] = {}
        self.outcome = TransferState.SETTLED
        self._worker = X25519PrivateKey.generate()
        server.handlers["GET", "/api/v1/wallet"] = lambda _: self.wallet()
        server.handlers["GET", "/api/v1/wallet/worker-key"] = lambda _: self.worker_key()
        server.handlers["POST", TRANSFERS] = self.make

    def wallet(self) -> Wallet:
        return Wallet(
            state=WalletState.READY,
            address=self.address_of_wallet,
            public_key=SENDER_KEY,
            custody="sealed",
            balances=[],
            hidden_tokens=0,
            reserve_base_drops=1_000_000,
            reserve_increment_drops=200_000,
            owner_count=0,
            ledger_index=1,
            network="embedded",
            explorer_url=None,
            has_pin=True,
            has_recovery_code=False,
            trust=DeviceTrust.TRUSTED,
        )

    def worker_key(self) -> WorkerKey:
        raw = self._worker.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return WorkerKey(id=self.key_id, public_key=base64.urlsafe_b64encode(raw).decode().rstrip("="))

    def make(self, body: bytes) -> Transfer:
        ask = msgspec.json.decode(body, type=TransferAsk)
        key = self.server.requests[-1][2]["idempotency-key"]
        if key not in self.by_key:
            recipient = None if ask.user_id is None else Person(id=ask.user_id, name="Mina")
            transfer = Transfer(
                id=uuid4(),
                state=TransferState.DRAFTED,
                uncertain=False,
                version=1,
                sender=Person(id=ME, name="Me"),
                recipient=recipient,
                address=self.address,
                destination_tag=self.tag,
                amount=self.told or Amount(value=ask.amount.value, asset=ask.amount.asset),
                spend=self.spend or Amount(value=ask.amount.value, asset=ask.amount.asset),
                quote_expires_at=self.quote_expires_at,
                fee_drops=12,
                note=ask.note if self.note is None else self.note,
                room_id=ask.room_id,
                warnings=[],
                draft=self.draft,
                tx_hash=None,
                ledger_index=None,
                failure=None,
                created_at=WHEN,
                updated_at=WHEN,
                settled_at=None,
            )
            self._keep(key, transfer)
        return self.by_key[key]

    def opened_pin(self, approval: ApproveAsk) -> str:
        sealed = approval.sealed_pin
        raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        context = bytes.fromhex(self.draft.signing_hash)
        return SUITE.decrypt(raw, self._worker, b"talktalk/transfer.approve:" + context).decode()

    def _keep(self, key: str, transfer: Transfer) -> None:
        self.by_key[key] = transfer
        path = f"{TRANSFERS}/{transfer.id}"
        self.server.handlers["GET", path] = lambda _: self._look(key)
        self.server.handlers["POST", f"{path}/approve"] = lambda body: self._approve(key, body)

    def _look(self, key: str) -> Transfer:
        """Each look finds it one step further."""
        transfer = self.by_key[key]
        steps = [TransferState.SIGNING, TransferState.SIGNED, TransferState.SUBMITTED, self.outcome]
        if transfer.state in steps[:-1]:
            self._turn(key, state=steps[steps.index(transfer.state) + 1])
        return self.by_key[key]

    def _approve(self, key: str, body: bytes) -> Transfer | Problem:
        transfer = self.by_key[key]
        approval = msgspec.json.decode(body, type=ApproveAsk)
        if approval.worker_key_id != self.key_id:
            return Problem(type="about:blank", title="Old", status=409, code="worker_key_old")
        if transfer.state is not TransferState.DRAFTED:
            return Problem(type="about:blank", title="Not a draft", status=409, code="transfer_not_drafted")
        self.approvals.append(approval)
        if self.redrafts:
            self.draft = self.redrafts.pop(0)
            self._turn(key, draft=self.draft, approval_error="draft_changed")
        elif self.opened_pin(approval) == PIN:
            self._turn(key, state=TransferState.SIGNING, draft=None, approval_error=None)
        else:
            self._turn(key, approval_error="pin_wrong", tries_left=4)
        return self.by_key[key]

    def _turn(self, key: str, **changes: Any) -> None:
        transfer = self.by_key[key]
        self.by_key[key] = msgspec.structs.replace(transfer, version=transfer.version + 1, **changes)


async def test_a_payment_is_drafted_compared_approved_and_waited_for() -> None:
    async with ModelServer() as server, client_of(server) as client:
        bank = Bank(server)
        payment = await client.transfers.pay(to=FRIEND, amount="5", note="lunch", pin=PIN)
        transfer = await payment.settled()
        assert transfer.state is TransferState.SETTLED
        assert [bank.opened_pin(each) for each in bank.approvals] == [PIN]
        assert bank.approvals[0].signing_hash == bank.draft.signing_hash


async def test_the_pin_never_travels_in_the_clear() -> None:
    async with ModelServer() as server, client_of(server) as client:
        Bank(server)
        await client.transfers.pay(to=FRIEND, amount="5", pin=PIN)
        assert all(PIN.encode() not in body for *_, body in server.requests)


@pytest.mark.parametrize("path", [TRANSFERS, f"{TRANSFERS}/.*/approve", f"{TRANSFERS}/[^/]*"])
async def test_a_lost_answer_never_pays_twice(path: str) -> None:
    async with ModelServer() as server, client_of(server) as client:
        bank = Bank(server)
        server.answers += [Answer(path=path, is_lost=True)] * 2
        payment = await client.transfers.pay(to=FRIEND, amount="5", pin=PIN)
        assert (await payment.settled()).state is TransferState.SETTLED
        assert len(bank.by_key) == 1
        assert len(bank.approvals) == 1


async def test_the_same_key_again_finds_the_same_payment_and_approves_nothing() -> None:
    async with ModelServer() as server:
        bank = Bank(server)
        async with client_of(server) as client:
            first = await client.transfers.pay(to=FRIEND, amount="5", pin=PIN, idempotency_key="kept")
            await first.settled()
        async with client_of(server) as client:
            again = await client.transfers.pay(to=FRIEND, amount="5", pin=PIN, idempotency_key="kept")
            assert (await again.wait()).id == first.transfer.id
        assert len(bank.approvals) == 1


@pytest.mark.parametrize(
    "changes", [{"Destination": STRANGER}, {"Amount": "50000000"}, {"Fee": "99999"}, {"SendMax": "9000000"}]
)
async def test_a_draft_that_is_not_what_was_asked_is_never_approved(changes: dict[str, Any]) -> None:
    async with ModelServer() as server, client_of(server) as client:
        bank = Bank(server)
        bank.draft = draft_of(**changes)
        with pytest.raises(DraftRefused):
            await client.transfers.pay(to=FRIEND, amount="5", pin=PIN)
        assert bank.approvals == []


async def test_a_draft_to_another_address_than_the_one_given_is_never_approved() -> None:
    """The record and the transaction agree with each other, and with nobody's wish."""
    async with ModelServer() as server, client_of(server) as client:
        bank = Bank(server)
        bank.address = STRANGER
        bank.draft = draft_of(Destination=STRANGER)
        with pytest.raises(DraftRefused) as caught:
            await client.transfers.pay(to=RECEIVER, amount="5", pin=PIN)
        assert [each.field for each in caught.value.differences] == ["address"]
        assert bank.approvals == []


async def test_a_person_whose_address_changed_since_the_last_payment_is_not_paid() -> None:
    async with ModelServer() as server, client_of(server) as client:
        bank = Bank(server)
        await client.transfers.pay(to=FRIEND, amount="5", pin=PIN)
        bank.address = STRANGER
        bank.draft = draft_of(Destination=STRANGER)
        with pytest.raises(DraftRefused):
            await client.transfers.pay(to=FRIEND, amount="5", pin=PIN)
        assert len(bank.approvals) == 1


async def test_a_record_with_another_note_is_refused() -> None:
    async with ModelServer() as server, client_of(server) as client:
        bank = Bank(server)
        bank.note = "for something else"
        with pytest.raises(DraftRefused) as caught:
            await client.transfers.pay(to=FRIEND, amount="5", note="lunch", pin=PIN)
        assert [each.field for each in caught.value.differences] == ["note"]


async def test_an_x_address_is_paid_with_its_tag() -> None:
    tagged = classic_address_to_xaddress(RECEIVER, 12345, is_test_network=False)
    async with ModelServer() as server, client_of(server) as client:
        bank = Bank(server)
        with pytest.raises(DraftRefused):  # a server that forgets the tag
            await client.transfers.pay(to=tagged, amount="5", pin=PIN)
        bank.tag = 12345
        bank.draft = draft_of(DestinationTag=12345)
        await client.transfers.pay(to=tagged, amount="5", pin=PIN)
        assert len(bank.approvals) == 1
        with pytest.raises(ValueError, match="12345"):
            await client.transfers.pay(to=tagged, amount="5", pin=PIN, destination_tag=1)


async def test_what_is_no_address_is_refused_before_anything_is_sent() -> None:
    async with ModelServer() as server, client_of(server) as client:
        with pytest.raises(ValueError, match="not an XRPL address"):
            await client.transfers.pay(to="rNobody", amount="5", pin=PIN)
        assert server.requests == []


async def test_a_wrong_pin_is_told_and_may_be_tried_again() -> None:
    async with ModelServer() as server, client_of(server) as client:
        bank = Bank(server)
        with pytest.raises(ApprovalRefused) as caught:
            await client.transfers.pay(to=FRIEND, amount="5", pin="000000", idempotency_key="kept")
        assert (caught.value.code, caught.value.tries_left) == ("pin_wrong", 4)
        payment = await client.transfers.pay(to=FRIEND, amount="5", pin=PIN, idempotency_key="kept")
        assert (await payment.settled()).state is TransferState.SETTLED
        assert len(bank.by_key) == 1


async def test_a_draft_drawn_up_anew_is_compared_and_approved_anew() -> None:
    """Another payment took the number while this one was being approved."""
    async with ModelServer() as server, client_of(server) as client:
        bank = Bank(server)
        bank.redrafts = [draft_of(Sequence=8), draft_of(Sequence=9)]
        payment = await client.transfers.pay(to=FRIEND, amount="5", pin=PIN)
        assert (await payment.settled()).state is TransferState.SETTLED
        assert len({each.signing_hash for each in bank.approvals}) == 3


async def test_a_draft_drawn_up_anew_for_somebody_else_is_refused() -> None:
    async with ModelServer() as server, client_of(server) as client:
        bank = Bank(server)
        bank.redrafts = [draft_of(Sequence=8, Destination=STRANGER)]
        with pytest.raises(DraftRefused):
            await client.transfers.pay(to=FRIEND, amount="5", pin=PIN)
        assert len(bank.approvals) == 1


async def test_a_changed_worker_key_is_fetched_anew() -> None:
    async with ModelServer() as server, client_of(server) as client:
        bank = Bank(server)
        await client.transfers.pay(to=FRIEND, amount="5", pin=PIN)
        bank.key_id = "k2"
        payment = await client.transfers.pay(to=FRIEND, amount="5", pin=PIN)
        assert (await payment.settled()).state is TransferState.SETTLED
        assert [each.worker_key_id for each in bank.approvals] == ["k1", "k2"]


async def test_a_payment_that_failed_is_not_called_settled() -> None:
    async with ModelServer() as server, client_of(server) as client:
        bank = Bank(server)
        bank.outcome = TransferState.FAILED
        payment = await client.transfers.pay(to=FRIEND, amount="5", pin=PIN)
        assert (await payment.wait()).state is TransferState.FAILED
        with pytest.raises(PaymentNotSettled):
            await payment.settled()


async def test_a_payment_is_followed_by_events_while_connected() -> None:
    async with ModelServer() as server, client_of(server) as client:
        Bank(server)
        await client.connect()
        payment = await client.transfers.pay(to=FRIEND, amount="5", pin=PIN)
        failure = Failure(code="tecUNFUNDED_PAYMENT", detail="", fee_charged_drops=12)
        final = msgspec.structs.replace(
            payment.transfer, version=9, state=TransferState.FAILED, failure=failure
        )
        await server.happen("transfer.turned", {"transfer": msgspec.to_builtins(final)})
        with pytest.raises(PaymentNotSettled):
            await payment.settled()


async def test_without_a_wallet_nothing_is_made() -> None:
    async with ModelServer() as server, client_of(server) as client:
        bank = Bank(server)
        bank.address_of_wallet = None
        with pytest.raises(WalletNotReady):
            await client.transfers.pay(to=FRIEND, amount="5", pin=PIN)
        assert bank.by_key == {}


async def test_a_refusal_of_the_server_comes_with_its_code() -> None:
    async with ModelServer() as server, client_of(server) as client:
        Bank(server)
        server.answers.append(Answer(path=TRANSFERS, status=409, code="insufficient_balance"))
        with pytest.raises(ApiError) as caught:
            await client.transfers.pay(to=FRIEND, amount="5", pin=PIN)
        assert caught.value.code == "insufficient_balance"


DOLLARS = f"USD.{STRANGER}"
EXCHANGED = draft_of(
    Amount={"currency": "USD", "issuer": STRANGER, "value": "12.5"},
    SendMax="30000000",
    Paths=[[{"currency": "USD", "issuer": STRANGER}]],
)


def selling(server: ModelServer) -> Bank:
    """A bank that exchanges 30 XRP for 12.5 dollars."""
    bank = Bank(server)
    bank.draft = EXCHANGED
    bank.spend = Amount(value="30", asset="XRP")
    bank.quote_expires_at = WHEN
    return bank


async def test_an_exchange_is_paid_within_the_bound_the_caller_names() -> None:
    async with ModelServer() as server, client_of(server) as client:
        bank = selling(server)
        payment = await client.transfers.pay(
            to=FRIEND, amount="12.5", asset=DOLLARS, pay_with="XRP", spend_max=30, pin=PIN
        )
        assert (await payment.settled()).amount == Amount(value="12.5", asset=DOLLARS)
        assert len(bank.approvals) == 1


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"spend_max": "29.999999"}, "SendMax"),
        ({"pay_with": None}, "spend asset"),
        ({"amount": "12.6"}, "amount"),
        ({"asset": f"EUR.{STRANGER}"}, "Amount"),
    ],
)
async def test_an_exchange_otherwise_than_asked_is_not_approved(asked: dict[str, Any], field: str) -> None:
    wanted: dict[str, Any] = {"amount": "12.5", "asset": DOLLARS, "pay_with": "XRP", "spend_max": 30}
    async with ModelServer() as server, client_of(server) as client:
        bank = selling(server)
        if field == "amount":
            bank.told = Amount(value="12.5", asset=DOLLARS)
        with pytest.raises(DraftRefused) as caught:
            await client.transfers.pay(to=FRIEND, pin=PIN, **{**wanted, **asked})
        assert field in {each.field for each in caught.value.differences}
        assert bank.approvals == []


async def test_an_exchange_without_a_price_that_expires_is_not_approved() -> None:
    async with ModelServer() as server, client_of(server) as client:
        bank = selling(server)
        bank.quote_expires_at = None
        with pytest.raises(DraftRefused, match="quote_expires_at"):
            await client.transfers.pay(
                to=FRIEND, amount="12.5", asset=DOLLARS, pay_with="XRP", spend_max=30, pin=PIN
            )
        assert bank.approvals == []


async def test_an_exchange_needs_a_bound() -> None:
    async with ModelServer() as server, client_of(server) as client:
        selling(server)
        with pytest.raises(ValueError, match="spend_max"):
            await client.transfers.pay(to=FRIEND, amount="12.5", asset=DOLLARS, pay_with="XRP", pin=PIN)


async def test_a_draft_made_anew_that_costs_more_is_not_approved() -> None:
    async with ModelServer() as server, client_of(server) as client:
        bank = selling(server)
        dearer = {"currency": "USD", "issuer": STRANGER, "value": "12.5"}
        bank.redrafts = [draft_of(Amount=dearer, SendMax="30000001")]
        with pytest.raises(DraftRefused, match="SendMax"):
            await client.transfers.pay(
                to=FRIEND, amount="12.5", asset=DOLLARS, pay_with="XRP", spend_max=30, pin=PIN
            )
        assert len(bank.approvals) == 1
