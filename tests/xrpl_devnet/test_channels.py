"""Payment channels: claims off the ledger, their methods, and what time does to a channel."""

from typing import Any

import pytest
from xrpl.core.binarycodec import encode_for_signing_claim
from xrpl.core.keypairs import sign as sign_bytes
from xrpl.models import PaymentChannelClaim, PaymentChannelCreate, PaymentChannelFund
from xrpl.wallet import Wallet

from tests.xrpl_devnet.world import World
from xrpl_devnet import RpcError
from xrpl_devnet.tx.pay_channel import claim_message

RENEW, CLOSE = 0x10000, 0x20000


def _signature(wallet: Wallet, channel: str, drops: int) -> str:
    message = encode_for_signing_claim({"channel": channel, "amount": str(drops)})
    return sign_bytes(bytes.fromhex(message), wallet.private_key)


async def _channel(world: World, source: Wallet, destination: Wallet, **fields: Any) -> str:
    create = PaymentChannelCreate(
        account=source.address,
        destination=destination.address,
        amount="1000000",
        settle_delay=100,
        public_key=source.public_key,
        **fields,
    )
    assert await world.do(source, create) == "tesSUCCESS"
    answer = await world.net.request("account_channels", account=source.address, ledger_index="validated")
    key: str = answer["channels"][-1]["channel_id"]
    return key


def test_a_claim_is_prefix_channel_and_drops() -> None:
    channel = "43904CBFCDCEC530B4037871F86EE90BF799DF8D2E0EA564BC8A3F332E4F5FB1"
    message = claim_message(bytes.fromhex(channel), 1000).hex().upper()
    assert message == "434C4D00" + channel + "00000000000003E8"


async def test_claims_are_cumulative_and_signed_by_the_source() -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        channel = await _channel(world, alice, bob)

        def claim(balance: int, signer: Wallet, amount: int | None = None) -> PaymentChannelClaim:
            return PaymentChannelClaim(
                account=bob.address,
                channel=channel,
                balance=str(balance),
                amount=str(amount or balance),
                signature=_signature(signer, channel, amount or balance),
                public_key=signer.public_key,
            )

        assert await world.do(bob, claim(400, alice)) == "tesSUCCESS"
        assert await world.do(bob, claim(400, alice)) == "tecUNFUNDED_PAYMENT"
        assert await world.do(bob, claim(500, alice, amount=900)) == "tesSUCCESS"
        assert await world.do(bob, claim(600, bob)) == "tecNO_PERMISSION"
        unsigned = PaymentChannelClaim(account=bob.address, channel=channel, balance="600")
        assert await world.do(bob, unsigned) == "tecNO_PERMISSION"
        bad = claim(700, alice).to_dict() | {"signature": _signature(alice, channel, 701)}
        assert await world.do(bob, PaymentChannelClaim.from_dict(bad)) == "temBAD_SIGNATURE"
        assert (await world.entry(payment_channel=channel))["Balance"] == "500"
        verified = await world.net.request(
            "channel_verify",
            channel_id=channel,
            amount="900",
            public_key=alice.public_key,
            signature=_signature(alice, channel, 900),
        )
        assert verified["signature_verified"] is True


async def test_a_channel_that_its_source_closes_waits_for_the_settle_delay() -> None:
    async with World() as world:
        alice, bob, carol = await world.people(3)
        channel = await _channel(world, alice, bob)
        close = PaymentChannelClaim(account=alice.address, channel=channel, flags=CLOSE)
        assert await world.do(alice, close) == "tesSUCCESS"
        expiration = (await world.entry(payment_channel=channel))["Expiration"]
        renew = PaymentChannelClaim(account=alice.address, channel=channel, flags=RENEW)
        assert await world.do(alice, renew) == "tesSUCCESS"
        assert "Expiration" not in await world.entry(payment_channel=channel)
        soon = PaymentChannelFund(
            account=alice.address, channel=channel, amount="5", expiration=expiration - 90
        )
        assert await world.do(alice, soon) == "temBAD_EXPIRATION"
        assert await world.do(alice, close) == "tesSUCCESS"
        await world.pass_time(200)
        # Anyone who touches it now closes it.
        touch = PaymentChannelClaim(account=carol.address, channel=channel)
        assert await world.do(carol, touch) == "tesSUCCESS"
        assert await world.owned(alice.address, "payment_channel") == []
        assert (await world.root(alice.address))["OwnerCount"] == 0


async def test_the_receiver_closes_at_once() -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        channel = await _channel(world, alice, bob)
        close = PaymentChannelClaim(account=bob.address, channel=channel, flags=CLOSE)
        assert await world.do(bob, close) == "tesSUCCESS"
        assert await world.owned(bob.address, "payment_channel") == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"channel_id": "00"}, "channelMalformed"),
        ({"amount": "-1"}, "channelAmtMalformed"),
        ({"amount": 5}, "channelAmtMalformed"),
        ({"amount": "9" * 30}, "channelAmtMalformed"),
        ({"amount": "²"}, "channelAmtMalformed"),
        ({"public_key": "00"}, "publicMalformed"),
        ({"public_key": 1}, "publicMalformed"),
        ({"signature": "xyz"}, "invalidParams"),
        ({"signature": None}, "invalidParams"),
    ],
)
async def test_channel_verify_refuses_what_is_malformed(change: dict[str, Any], error: str) -> None:
    async with World() as world:
        wallet = Wallet.from_entropy("AB" * 16)
        good: dict[str, Any] = {
            "channel_id": "AB" * 32,
            "amount": "5",
            "public_key": wallet.public_key,
            "signature": _signature(wallet, "AB" * 32, 5),
        }
        assert (await world.net.request("channel_verify", **good))["signature_verified"] is True
        with pytest.raises(RpcError, match=error):
            await world.net.request("channel_verify", **(good | change))


async def test_account_channels_come_in_pages() -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        made = {await _channel(world, alice, bob) for _ in range(3)}
        found: set[str] = set()
        marker: dict[str, Any] = {}
        for size in (2, 1):
            answer = await world.net.request(
                "account_channels", account=alice.address, ledger_index="validated", limit=2, **marker
            )
            assert len(answer["channels"]) == size
            found |= {one["channel_id"] for one in answer["channels"]}
            marker = {"marker": answer["marker"]} if "marker" in answer else {}
        assert len(found) == 3
        assert made <= found
        mine = await world.net.request("account_channels", account=bob.address, ledger_index="validated")
        assert mine["channels"] == []
