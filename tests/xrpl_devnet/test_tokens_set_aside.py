"""Issued currencies in escrow, by check and taken back; what a deep freeze stops."""

from typing import Any

import pytest
from xrpl.models import (
    AccountSet,
    AccountSetAsfFlag,
    CheckCash,
    CheckCreate,
    Clawback,
    EscrowCancel,
    EscrowCreate,
    EscrowFinish,
    IssuedCurrencyAmount,
    OfferCreate,
    Payment,
    TrustSet,
)
from xrpl.wallet import Wallet

from tests.xrpl_devnet.world import World

LOCKING, CLAWBACK = AccountSetAsfFlag(17), AccountSetAsfFlag.ASF_ALLOW_TRUSTLINE_CLAWBACK
FREEZE, DEEP_FREEZE, CLEAR_FREEZE, CLEAR_DEEP = 0x100000, 0x400000, 0x200000, 0x800000


def _usd(issuer: Wallet, value: str) -> IssuedCurrencyAmount:
    return IssuedCurrencyAmount(currency="USD", issuer=issuer.address, value=value)


async def _market(
    world: World, *settings: AccountSetAsfFlag, rate: int | None = None, held: str = "100"
) -> tuple[Wallet, Wallet, Wallet]:
    """An issuer with its settings, and two who trust it, the first of whom holds some."""
    issuer, alice, bob = await world.people(3)
    for flag in (AccountSetAsfFlag.ASF_DEFAULT_RIPPLE, *settings):
        assert await world.do(issuer, AccountSet(account=issuer.address, set_flag=flag)) == "tesSUCCESS"
    if rate is not None:
        await world.do(issuer, AccountSet(account=issuer.address, transfer_rate=rate))
    for holder in (alice, bob):
        trust = TrustSet(account=holder.address, limit_amount=_usd(issuer, "1000"))
        assert await world.do(holder, trust) == "tesSUCCESS"
    assert await world.do(issuer, _pay(issuer, alice, _usd(issuer, held))) == "tesSUCCESS"
    return issuer, alice, bob


def _pay(sender: Wallet, receiver: Wallet, amount: IssuedCurrencyAmount, **fields: Any) -> Payment:
    return Payment(account=sender.address, destination=receiver.address, amount=amount, **fields)


async def _balance(world: World, holder: Wallet) -> str:
    answer = await world.net.request("account_lines", account=holder.address, ledger_index="validated")
    return str(answer["lines"][0]["balance"]) if answer["lines"] else "none"


async def _escrow(world: World, sender: Wallet, receiver: Wallet, amount: IssuedCurrencyAmount) -> int:
    now = world.net.node.closed.close_time
    sequence = await world.sequence(sender.address)
    create = EscrowCreate(
        account=sender.address,
        destination=receiver.address,
        amount=amount,
        finish_after=now + 100,
        cancel_after=now + 1000,
    )
    assert await world.do(sender, create) == "tesSUCCESS"
    return sequence


async def test_an_issuer_must_allow_its_currency_to_be_locked() -> None:
    async with World() as world:
        issuer, alice, bob = await _market(world)
        now = world.net.node.closed.close_time
        create = EscrowCreate(
            account=alice.address,
            destination=bob.address,
            amount=_usd(issuer, "10"),
            finish_after=now + 100,
            cancel_after=now + 1000,
        )
        assert await world.do(alice, create) == "tecNO_PERMISSION"


async def test_escrow_of_a_currency_pays_out_less_the_transfer_fee() -> None:
    async with World() as world:
        issuer, alice, bob = await _market(world, LOCKING, rate=1_250_000_000)
        sequence = await _escrow(world, alice, bob, _usd(issuer, "50"))
        assert await _balance(world, alice) == "50"
        node = await world.entry(escrow={"owner": alice.address, "seq": sequence})
        assert (node["TransferRate"], node["IssuerNode"]) == (1_250_000_000, "0")
        assert len(await world.owned(issuer.address, "escrow")) == 1
        await world.pass_time(200)
        finish = EscrowFinish(account=bob.address, owner=alice.address, offer_sequence=sequence)
        assert await world.do(bob, finish) == "tesSUCCESS"
        assert (await _balance(world, alice), await _balance(world, bob)) == ("50", "40")
        assert await world.owned(issuer.address, "escrow") == []


async def test_only_the_receiver_can_open_the_line_and_no_one_else_exceeds_its_limit() -> None:
    async with World() as world:
        issuer, alice, bob = await _market(world, LOCKING)
        carol = Wallet.from_entropy("CD" * 16)
        await world.net.fund(carol.address, drops=100_000_000)
        await world.net.accept()
        first = await _escrow(world, alice, carol, _usd(issuer, "10"))
        await world.pass_time(200)
        finish = EscrowFinish(account=bob.address, owner=alice.address, offer_sequence=first)
        assert await world.do(bob, finish) == "tecNO_LINE"
        own = EscrowFinish(account=carol.address, owner=alice.address, offer_sequence=first)
        assert await world.do(carol, own) == "tesSUCCESS"
        assert await _balance(world, carol) == "10"
        second = await _escrow(world, alice, carol, _usd(issuer, "10"))
        await world.pass_time(200)
        finish = EscrowFinish(account=bob.address, owner=alice.address, offer_sequence=second)
        assert await world.do(bob, finish) == "tecLIMIT_EXCEEDED"


async def test_a_cancelled_escrow_gives_the_currency_back_without_a_fee() -> None:
    async with World() as world:
        issuer, alice, bob = await _market(world, LOCKING, rate=1_250_000_000)
        sequence = await _escrow(world, alice, bob, _usd(issuer, "50"))
        await world.pass_time(2000)
        finish = EscrowFinish(account=bob.address, owner=alice.address, offer_sequence=sequence)
        assert await world.do(bob, finish) == "tecNO_PERMISSION"
        cancel = EscrowCancel(account=bob.address, owner=alice.address, offer_sequence=sequence)
        assert await world.do(bob, cancel) == "tesSUCCESS"
        assert await _balance(world, alice) == "100"
        assert (await world.root(alice.address))["OwnerCount"] == 1


async def test_digits_that_would_be_lost_are_refused() -> None:
    async with World() as world:
        issuer, alice, bob = await world.people(3)
        await world.do(issuer, AccountSet(account=issuer.address, set_flag=LOCKING))
        trust = TrustSet(account=alice.address, limit_amount=_usd(issuer, "1e20"))
        await world.do(alice, trust)
        await world.do(issuer, _pay(issuer, alice, _usd(issuer, "1e19")))
        now = world.net.node.closed.close_time
        create = EscrowCreate(
            account=alice.address,
            destination=bob.address,
            amount=_usd(issuer, "1"),
            finish_after=now + 100,
            cancel_after=now + 1000,
        )
        assert await world.do(alice, create) == "tecPRECISION_LOSS"


@pytest.mark.parametrize(("line", "expected"), [(True, "tesSUCCESS"), (False, "tecNO_LINE")])
async def test_a_check_makes_the_line_it_needs(line: bool, expected: str) -> None:
    async with World(enabled="all" if line else "-CheckCashMakesTrustLine") as world:
        issuer, alice, _ = await _market(world)
        carol = Wallet.from_entropy("CD" * 16)
        await world.net.fund(carol.address, drops=100_000_000)
        await world.net.accept()
        write = CheckCreate(account=alice.address, destination=carol.address, send_max=_usd(issuer, "60"))
        assert await world.do(alice, write) == "tesSUCCESS"
        (check,) = await world.owned(carol.address, "check")
        cash = CheckCash(account=carol.address, check_id=check["index"], amount=_usd(issuer, "25"))
        assert await world.do(carol, cash) == expected
        if line:
            assert (await world.last_meta())["delivered_amount"]["value"] == "25"
            assert await _balance(world, carol) == "25"
            assert await world.owned(carol.address, "check") == []
            (made,) = await world.owned(carol.address, "state")
            assert {made["LowLimit"]["value"], made["HighLimit"]["value"]} == {"0"}


async def test_a_check_delivers_as_much_as_there_is_and_charges_the_fee_to_its_writer() -> None:
    async with World() as world:
        issuer, alice, bob = await _market(world, rate=1_250_000_000)
        write = CheckCreate(account=alice.address, destination=bob.address, send_max=_usd(issuer, "500"))
        assert await world.do(alice, write) == "tesSUCCESS"
        (check,) = await world.owned(bob.address, "check")
        for least, expected in (("81", "tecPATH_PARTIAL"), ("80", "tesSUCCESS")):
            cash = CheckCash(account=bob.address, check_id=check["index"], deliver_min=_usd(issuer, least))
            assert await world.do(bob, cash) == expected
        assert (await _balance(world, alice), await _balance(world, bob)) == ("0", "80")


async def test_an_issuer_takes_back_no_more_than_there_is() -> None:
    async with World() as world:
        issuer = (await world.people(3))[0]
        flag = AccountSet(account=issuer.address, set_flag=CLAWBACK)
        assert await world.do(issuer, flag) == "tesSUCCESS"
        issuer, alice, bob = await _market(world)
        claw = Clawback(account=issuer.address, amount=_usd(alice, "30"))
        assert await world.do(issuer, claw) == "tesSUCCESS"
        assert await _balance(world, alice) == "70"
        assert await world.do(issuer, Clawback(account=issuer.address, amount=_usd(alice, "900"))) == (
            "tesSUCCESS"
        )
        assert await world.do(issuer, claw) == "tecINSUFFICIENT_FUNDS"
        nobody = Clawback(account=bob.address, amount=_usd(alice, "1"))
        assert await world.do(bob, nobody) == "tecNO_PERMISSION"


async def test_a_deep_freeze_stops_both_ways_but_not_the_issuer() -> None:
    async with World() as world:
        issuer, alice, bob = await _market(world)
        line = _usd(alice, "0")

        def freeze(flags: int) -> TrustSet:
            return TrustSet(account=issuer.address, limit_amount=line, flags=flags)

        assert await world.do(issuer, freeze(DEEP_FREEZE)) == "tecNO_PERMISSION"
        await world.do(issuer, _pay(issuer, bob, _usd(issuer, "50")))
        assert await world.do(issuer, freeze(FREEZE)) == "tesSUCCESS"
        # Frozen: may receive, may not send on.
        assert await world.do(bob, _pay(bob, alice, _usd(issuer, "1"))) == "tesSUCCESS"
        assert await world.do(alice, _pay(alice, bob, _usd(issuer, "1"))) == "tecPATH_DRY"
        assert await world.do(issuer, freeze(DEEP_FREEZE)) == "tesSUCCESS"
        assert await world.do(bob, _pay(bob, alice, _usd(issuer, "1"))) == "tecPATH_DRY"
        assert await world.do(issuer, _pay(issuer, alice, _usd(issuer, "1"))) == "tesSUCCESS"
        assert await world.do(alice, _pay(alice, issuer, _usd(issuer, "1"))) == "tesSUCCESS"
        assert await world.do(issuer, freeze(CLEAR_FREEZE)) == "tecNO_PERMISSION"
        assert await world.do(issuer, freeze(CLEAR_FREEZE | CLEAR_DEEP)) == "tesSUCCESS"
        assert await world.do(alice, _pay(alice, bob, _usd(issuer, "1"))) == "tesSUCCESS"


async def test_a_deep_freeze_stops_offers_too() -> None:
    async with World() as world:
        issuer, alice, bob = await _market(world)

        def offer(wallet: Wallet, *, buys: bool, flags: int = 0) -> OfferCreate:
            usd, xrp = _usd(issuer, "5"), "1000"
            pays, gets = (usd, xrp) if buys else (xrp, usd)
            return OfferCreate(account=wallet.address, taker_pays=pays, taker_gets=gets, flags=flags)

        assert await world.do(alice, offer(alice, buys=True)) == "tesSUCCESS"
        for flags in (FREEZE, DEEP_FREEZE):
            freeze = TrustSet(account=issuer.address, limit_amount=_usd(alice, "0"), flags=flags)
            assert await world.do(issuer, freeze) == "tesSUCCESS"
        assert await world.do(alice, offer(alice, buys=True)) == "tecFROZEN"
        assert await world.do(alice, offer(alice, buys=False)) == "tecUNFUNDED_OFFER"
        await world.do(issuer, _pay(issuer, bob, _usd(issuer, "50")))
        # Whoever meets the offer that stood before takes it away instead of filling it.
        assert await world.do(bob, offer(bob, buys=False, flags=0x20000)) == "tecKILLED"
        assert await world.owned(alice.address, "offer") == []
