"""Multi-purpose tokens: issuing, holding, paying, locking, taking back, escrow."""

from typing import Any

import pytest
from xrpl.models import (
    Clawback,
    EscrowCancel,
    EscrowCreate,
    EscrowFinish,
    MPTAmount,
    MPTokenAuthorize,
    MPTokenIssuanceCreate,
    MPTokenIssuanceDestroy,
    MPTokenIssuanceSet,
    Payment,
)
from xrpl.wallet import Wallet

from tests.xrpl_devnet.world import World

CAN_LOCK, REQUIRE_AUTH, CAN_ESCROW, CAN_TRANSFER, CAN_CLAWBACK = 2, 4, 8, 0x20, 0x40
PARTIAL = 0x00020000


async def _issue(world: World, issuer: Wallet, **fields: Any) -> str:
    sequence = await world.sequence(issuer.address)
    assert await world.do(issuer, MPTokenIssuanceCreate(account=issuer.address, **fields)) == "tesSUCCESS"
    (issuance,) = await world.owned(issuer.address, "mpt_issuance")
    token: str = issuance["mpt_issuance_id"]
    assert int(token[:8], 16) == sequence
    return token


def _amount(token: str, value: int) -> MPTAmount:
    return MPTAmount(mpt_issuance_id=token, value=str(value))


def _pay(sender: Wallet, receiver: Wallet, token: str, value: int, **fields: Any) -> Payment:
    return Payment(
        account=sender.address, destination=receiver.address, amount=_amount(token, value), **fields
    )


async def _held(world: World, token: str, holder: Wallet) -> int:
    node = await world.entry(mptoken={"mpt_issuance_id": token, "account": holder.address})
    return int(node.get("MPTAmount", "0"))


async def test_a_token_is_issued_paid_with_a_fee_and_redeemed() -> None:
    async with World() as world:
        issuer, alice, bob = await world.people(3)
        token = await _issue(world, issuer, flags=CAN_TRANSFER, transfer_fee=10_000, maximum_amount="1000")
        assert await world.do(issuer, _pay(issuer, alice, token, 500)) == "tecNO_AUTH"
        for holder in (alice, bob):
            opt_in = MPTokenAuthorize(account=holder.address, mptoken_issuance_id=token)
            assert await world.do(holder, opt_in) == "tesSUCCESS"
            assert await world.do(holder, opt_in) == "tecDUPLICATE"
            assert (await world.root(holder.address))["OwnerCount"] == 1
        assert await world.do(issuer, _pay(issuer, alice, token, 500)) == "tesSUCCESS"
        assert await world.do(issuer, _pay(issuer, alice, token, 501)) == "tecPATH_PARTIAL"
        # Ten per cent on top: without SendMax the sender is not willing to pay it.
        assert await world.do(alice, _pay(alice, bob, token, 100)) == "tecPATH_PARTIAL"
        paid = _pay(alice, bob, token, 100, send_max=_amount(token, 110))
        assert await world.do(alice, paid) == "tesSUCCESS"
        assert (await _held(world, token, alice), await _held(world, token, bob)) == (390, 100)
        part = _pay(alice, bob, token, 100, send_max=_amount(token, 55), flags=PARTIAL)
        assert await world.do(alice, part) == "tesSUCCESS"
        meta = await world.last_meta()
        assert meta["delivered_amount"] == {"mpt_issuance_id": token, "value": "50"}
        assert (await world.entry(mpt_issuance=token))["OutstandingAmount"] == "485"
        destroy = MPTokenIssuanceDestroy(account=issuer.address, mptoken_issuance_id=token)
        assert await world.do(issuer, destroy) == "tecHAS_OBLIGATIONS"
        opt_out = MPTokenAuthorize(account=alice.address, mptoken_issuance_id=token, flags=1)
        assert await world.do(alice, opt_out) == "tecHAS_OBLIGATIONS"
        assert await world.do(alice, _pay(alice, issuer, token, 335)) == "tesSUCCESS"
        assert await world.do(bob, _pay(bob, issuer, token, 150)) == "tesSUCCESS"
        assert await world.do(issuer, destroy) == "tesSUCCESS"
        # The issuance is gone; its holders may still let go of their entries.
        assert await world.do(alice, opt_out) == "tesSUCCESS"
        assert (await world.root(alice.address))["OwnerCount"] == 0
        assert (await world.root(issuer.address))["OwnerCount"] == 0


async def test_locks_authorisation_and_clawback() -> None:
    async with World() as world:
        issuer, alice, bob = await world.people(3)
        token = await _issue(world, issuer, flags=CAN_LOCK | REQUIRE_AUTH | CAN_TRANSFER | CAN_CLAWBACK)
        for holder in (alice, bob):
            await world.do(holder, MPTokenAuthorize(account=holder.address, mptoken_issuance_id=token))
        assert await world.do(issuer, _pay(issuer, alice, token, 50)) == "tecNO_AUTH"
        for holder in (alice, bob):
            let = MPTokenAuthorize(account=issuer.address, mptoken_issuance_id=token, holder=holder.address)
            assert await world.do(issuer, let) == "tesSUCCESS"
        assert await world.do(issuer, _pay(issuer, alice, token, 50)) == "tesSUCCESS"
        lock = MPTokenIssuanceSet(
            account=issuer.address, mptoken_issuance_id=token, holder=alice.address, flags=1
        )
        assert await world.do(issuer, lock) == "tesSUCCESS"
        assert await world.do(alice, _pay(alice, bob, token, 1)) == "tecLOCKED"
        assert await world.do(alice, _pay(alice, issuer, token, 1)) == "tesSUCCESS"
        claw = Clawback(account=issuer.address, amount=_amount(token, 1000), holder=alice.address)
        assert await world.do(issuer, claw) == "tesSUCCESS"
        assert await _held(world, token, alice) == 0
        assert await world.do(issuer, claw) == "tecINSUFFICIENT_FUNDS"
        assert (await world.entry(mpt_issuance=token))["OutstandingAmount"] == "0"


async def test_a_token_that_cannot_be_transferred_goes_back_to_its_issuer_only() -> None:
    async with World() as world:
        issuer, alice, bob = await world.people(3)
        token = await _issue(world, issuer)
        for holder in (alice, bob):
            await world.do(holder, MPTokenAuthorize(account=holder.address, mptoken_issuance_id=token))
        assert await world.do(issuer, _pay(issuer, alice, token, 5)) == "tesSUCCESS"
        assert await world.do(alice, _pay(alice, bob, token, 5)) == "tecNO_AUTH"
        assert await world.do(alice, _pay(alice, issuer, token, 5)) == "tesSUCCESS"


async def test_escrow_of_a_token_takes_the_fee_from_what_was_locked() -> None:
    async with World() as world:
        issuer, alice, bob = await world.people(3)
        token = await _issue(world, issuer, flags=CAN_ESCROW | CAN_TRANSFER, transfer_fee=10_000)
        for holder in (alice, bob):
            await world.do(holder, MPTokenAuthorize(account=holder.address, mptoken_issuance_id=token))
        await world.do(issuer, _pay(issuer, alice, token, 1000))
        now = world.net.node.closed.close_time
        sequence = await world.sequence(alice.address)
        create = EscrowCreate(
            account=alice.address,
            destination=bob.address,
            amount=_amount(token, 110),
            finish_after=now + 100,
            cancel_after=now + 1000,
        )
        assert await world.do(alice, create) == "tesSUCCESS"
        node = await world.entry(escrow={"owner": alice.address, "seq": sequence})
        assert node["TransferRate"] == 1_100_000_000
        assert "IssuerNode" not in node
        assert (await world.entry(mpt_issuance=token))["LockedAmount"] == "110"
        assert await _held(world, token, alice) == 890
        await world.pass_time(200)
        finish = EscrowFinish(account=bob.address, owner=alice.address, offer_sequence=sequence)
        assert await world.do(bob, finish) == "tesSUCCESS"
        assert await _held(world, token, bob) == 100
        issuance = await world.entry(mpt_issuance=token)
        assert issuance["OutstandingAmount"] == "990"
        assert "LockedAmount" not in issuance


async def test_a_cancelled_escrow_gives_the_token_back() -> None:
    async with World() as world:
        issuer, alice, bob = await world.people(3)
        token = await _issue(world, issuer, flags=CAN_ESCROW | CAN_TRANSFER)
        await world.do(alice, MPTokenAuthorize(account=alice.address, mptoken_issuance_id=token))
        await world.do(issuer, _pay(issuer, alice, token, 1000))
        now = world.net.node.closed.close_time
        sequence = await world.sequence(alice.address)
        create = EscrowCreate(
            account=alice.address,
            destination=bob.address,
            amount=_amount(token, 400),
            finish_after=now + 100,
            cancel_after=now + 200,
        )
        assert await world.do(alice, create) == "tesSUCCESS"
        cancel = EscrowCancel(account=bob.address, owner=alice.address, offer_sequence=sequence)
        assert await world.do(bob, cancel) == "tecNO_PERMISSION"
        await world.pass_time(500)
        assert await world.do(bob, cancel) == "tesSUCCESS"
        assert await _held(world, token, alice) == 1000
        assert (await world.root(alice.address))["OwnerCount"] == 1


async def test_settings_change_only_where_they_were_left_open() -> None:
    async with World() as world:
        (issuer,) = await world.people(1)
        token = await _issue(world, issuer, immutable_flags=REQUIRE_AUTH)

        def setting(**fields: Any) -> MPTokenIssuanceSet:
            return MPTokenIssuanceSet(account=issuer.address, mptoken_issuance_id=token, **fields)

        assert await world.do(issuer, setting(transfer_fee=10)) == "tecNO_PERMISSION"
        assert await world.do(issuer, setting(flags=8)) == "tecNO_PERMISSION"
        assert await world.do(issuer, setting(flags=0x40, transfer_fee=10)) == "tesSUCCESS"
        node = await world.entry(mpt_issuance=token)
        assert (node["Flags"], node["TransferFee"]) == (CAN_TRANSFER, 10)
        assert await world.do(issuer, setting(immutable_flags=0x20000)) == "tesSUCCESS"
        assert await world.do(issuer, setting(transfer_fee=0)) == "tecNO_PERMISSION"
        assert await world.do(issuer, setting(flags=1)) == "tecNO_PERMISSION"
        assert (await world.entry(mpt_issuance=token))["ImmutableFlags"] == 0x20000 | REQUIRE_AUTH


@pytest.mark.parametrize("enabled", ["-MPTokensV1", "all,-MPTokensV1"])
async def test_without_the_amendment_there_are_no_tokens(enabled: str) -> None:
    async with World(enabled=enabled) as world:
        issuer, alice = await world.people(2)
        create = MPTokenIssuanceCreate(account=issuer.address)
        assert await world.do(issuer, create) == "temDISABLED"
        token = "00000004" + "00" * 20
        assert await world.do(issuer, _pay(issuer, alice, token, 1)) == "temDISABLED"
