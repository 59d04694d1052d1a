"""Money over the SDK on the whole product: payments, PINs, recovery by code and by consent."""

import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from talktalk_client import (
    ApiError,
    ApprovalRefused,
    Conflict,
    RecoveryRefused,
    TalkTalk,
    TalkTalkError,
)
from talktalk_client.draft import drops
from talktalk_client.events import RecoveryStarted, WalletActivity
from talktalk_client.inbox import inbox_code
from talktalk_client.transfers import new_idempotency_key
from talktalk_wire.transfers import TransferState
from talktalk_wire.wallet import DeviceTrust, RecoveryState, Wallet
from tests.journeys.house import House

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PIN, NEW_PIN = "271828", "161803"


@contextlib.asynccontextmanager
async def person(house: House, phone: str, name: str = "") -> AsyncIterator[TalkTalk]:
    """Someone on a new device, with a wallet."""
    async with TalkTalk(house.url) as client:
        await client.sign_in(phone, read_code=inbox_code(house.url), device_name=name or "another device")
        if name:
            await client.update_profile(name=name)
        await client.wallet.wait_ready()
        yield client


def spendable_drops(wallet: Wallet) -> int:
    """Of the only asset there is."""
    [xrp] = wallet.balances
    return drops(xrp.spendable.value)


async def test_a_payment_to_an_address_with_a_tag_arrives_with_it(
    running_house: House, fresh_number: Callable[[], str]
) -> None:
    async with (
        person(running_house, fresh_number(), "Mina") as mina,
        person(running_house, fresh_number(), "Junho") as junho,
        junho.events() as events,
    ):
        await mina.wallet.set_pin(PIN)
        before, theirs = await mina.wallet.get(), await junho.wallet.get()
        assert theirs.address is not None
        check = await mina.transfers.check(to=theirs.address, amount="2.000001", destination_tag=77)
        payment = await mina.transfers.pay(
            to=theirs.address,
            amount="2.000001",
            destination_tag=77,
            pin=PIN,
            accept_warnings=[warning.code for warning in check.warnings],
        )
        settled = await payment.settled()
        async for event in events:
            if isinstance(event, WalletActivity) and event.entry.tx_hash == settled.tx_hash:
                assert (event.entry.incoming, event.entry.amount.value) == (True, "2.000001")
                assert event.entry.destination_tag == 77
                break
        after = await mina.wallet.get()
        assert settled.fee_drops is not None
        assert spendable_drops(before) - spendable_drops(after) == 2_000_001 + settled.fee_drops
        assert spendable_drops(await junho.wallet.get()) - spendable_drops(theirs) == 2_000_001


async def test_one_key_pays_once_and_another_input_under_it_is_a_conflict(
    running_house: House, fresh_number: Callable[[], str]
) -> None:
    async with (
        person(running_house, fresh_number(), "Mina") as mina,
        person(running_house, fresh_number(), "Junho") as junho,
    ):
        await mina.wallet.set_pin(PIN)
        key = new_idempotency_key()
        accepted = ("new_payee", "not_a_friend")
        for _ in range(2):
            payment = await mina.transfers.pay(
                to=junho.me, amount=3, pin=PIN, accept_warnings=accepted, idempotency_key=key
            )
            await payment.settled()
        with pytest.raises(Conflict):
            await mina.transfers.pay(
                to=junho.me, amount=4, pin=PIN, accept_warnings=accepted, idempotency_key=key
            )
        paid = [(transfer.amount.value, transfer.state) async for transfer in mina.transfers.list()]
        assert paid == [("3", TransferState.SETTLED)]


@pytest.mark.parametrize(
    ("amount", "code"), [("5000", "insufficient_balance"), ("999.5", "below_reserve"), ("0.000001", None)]
)
async def test_what_cannot_be_paid_is_refused_by_name_and_moves_nothing(
    running_house: House, fresh_number: Callable[[], str], amount: str, code: str | None
) -> None:
    async with (
        person(running_house, fresh_number(), "Mina") as mina,
        person(running_house, fresh_number(), "Junho") as junho,
    ):
        await mina.wallet.set_pin(PIN)
        accepted = ("new_payee", "not_a_friend", "large_share", "empties_wallet")
        paying = mina.transfers.pay(to=junho.me, amount=amount, pin=PIN, accept_warnings=accepted)
        if code is None:
            assert (await (await paying).settled()).state is TransferState.SETTLED
            return
        with pytest.raises(ApiError) as caught:
            await paying
        assert caught.value.code == code
        assert [each async for each in mina.transfers.list()] == []


async def test_wrong_pins_are_counted_and_then_locked(
    running_house: House, fresh_number: Callable[[], str]
) -> None:
    async with (
        person(running_house, fresh_number(), "Mina") as mina,
        person(running_house, fresh_number(), "Junho") as junho,
    ):
        await mina.wallet.set_pin(PIN)
        key = new_idempotency_key()
        codes: list[str] = []
        for _ in range(6):
            with pytest.raises(TalkTalkError) as caught:
                await mina.transfers.pay(
                    to=junho.me,
                    amount=1,
                    pin="000000",
                    accept_warnings=("new_payee", "not_a_friend"),
                    idempotency_key=key,
                )
            assert isinstance(caught.value, ApiError | ApprovalRefused)
            codes.append(caught.value.code)
        assert codes[:4] == ["pin_wrong"] * 4
        assert codes[-1] == "pin_locked"
        assert [each.state async for each in mina.transfers.list()] == [TransferState.DRAFTED]


async def test_a_wallet_is_recovered_by_consent_after_the_delay(
    running_house: House, fresh_number: Callable[[], str]
) -> None:
    phone = fresh_number()
    async with person(running_house, phone, "Mina") as old, old.events() as events:
        await old.wallet.set_pin(PIN)
        async with person(running_house, phone) as new:
            before = await new.wallet.get()
            assert before.trust is DeviceTrust.UNTRUSTED
            asked = await new.wallet.ask_consent()
            async for event in events:
                if isinstance(event, RecoveryStarted):
                    assert event.recovery.id == asked.id
                    break
            granted = await old.wallet.consent(asked, pin=PIN)
            assert granted.state is RecoveryState.WAITING
            assert granted.spend_after is not None
            assert (await new.wallet.get()).trust is DeviceTrust.WAITING
            after = await new.wallet.wait_spendable()
            assert (after.address, after.balances) == (before.address, before.balances)


async def test_a_wrong_recovery_code_and_a_veto_give_nothing(
    running_house: House, fresh_number: Callable[[], str]
) -> None:
    phone = fresh_number()
    async with person(running_house, phone, "Mina") as old:
        await old.wallet.set_pin(PIN)
        code = await old.wallet.new_recovery_code(pin=PIN)
        async with person(running_house, phone) as new:
            with pytest.raises(RecoveryRefused) as caught:
                await new.wallet.recover("0" * 26)
            assert caught.value.recovery.reason == "code_wrong"
            started = await new.wallet.recover(code, new_pin=NEW_PIN)
            assert started.state is RecoveryState.WAITING
            vetoed = await old.wallet.veto(started)
            assert (vetoed.state, vetoed.reason) == (RecoveryState.REFUSED, "vetoed")
            assert (await new.wallet.get()).trust is DeviceTrust.UNTRUSTED
