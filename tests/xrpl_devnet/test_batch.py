"""Batch: bytes that are signed, inner rules, the four modes, fees, who signs, what stands in the ledger."""

from typing import Any

import pytest
from xrpl.core.binarycodec import encode
from xrpl.core.keypairs import sign as sign_bytes
from xrpl.models import AccountSet, Payment, SignerEntry, SignerListSet, TicketCreate, Transaction
from xrpl.models.transactions import Batch
from xrpl.models.transactions.batch import BatchSigner
from xrpl.transaction import combine_batch_signers, sign, sign_multiaccount_batch
from xrpl.wallet import Wallet

from tests.xrpl_devnet.world import World
from xrpl_codec.base58 import decode_account
from xrpl_codec.keys import derive, genesis_key, seed_of_passphrase, verify
from xrpl_devnet import RpcError
from xrpl_devnet.tx.batch_parts import batch_message
from xrpl_devnet.tx.transaction import Transaction as Native

ALL_OR_NOTHING, ONLY_ONE, UNTIL_FAILURE, INDEPENDENT = 0x10000, 0x20000, 0x40000, 0x80000
INNER = 0x40000000


def _inner(sender: Wallet, receiver: Wallet, drops: int, sequence: int, **fields: Any) -> Payment:
    return Payment(
        account=sender.address,
        destination=receiver.address,
        amount=str(drops),
        sequence=sequence,
        fee="0",
        signing_pub_key="",
        flags=INNER,
        **fields,
    )


async def _batch(world: World, outer: Wallet, mode: int, *inner: Transaction, fee: int = 1000) -> Batch:
    return Batch(
        account=outer.address,
        sequence=await world.sequence(outer.address),
        fee=str(fee),
        flags=mode,
        raw_transactions=list(inner),
    )


async def _final(world: World, batch: Transaction) -> str:
    """Submit a signed Batch and close; the preliminary result."""
    result = await world.submit(batch)
    await world.net.accept()
    return result


async def _outcomes(world: World, *inner: Transaction) -> list[str | None]:
    """What the validated ledgers say of inner transactions."""
    found: list[str | None] = []
    for one in inner:
        meta = await world.meta(one.get_hash())
        found.append(None if meta is None else str(meta["TransactionResult"]))
    return found


def test_batch_signers_sign_account_sequence_flags_ids_and_themselves() -> None:
    outer = genesis_key()
    signer = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf"
    inner = [
        {
            "TransactionType": "Payment",
            "Account": source,
            "Destination": target,
            "Amount": 1_000_000,
            "Fee": 0,
            "Sequence": sequence,
            "Flags": INNER,
            "SigningPubKey": b"",
        }
        for source, target, sequence in (
            (outer.account, decode_account(signer), 6),
            (decode_account(signer), outer.account, 9),
        )
    ]
    batch = Native.from_fields(
        {
            "TransactionType": "Batch",
            "Account": outer.account,
            "Fee": 60,
            "Sequence": 5,
            "Flags": ALL_OR_NOTHING,
            "SigningPubKey": outer.public,
            "RawTransactions": [{"RawTransaction": one} for one in inner],
        }
    )
    message = batch_message(batch) + decode_account(signer)
    assert message.hex().upper() == (
        "42434800B5F762798A53D543A014CAF8B297CFF8F2F937E8000000050001000000000002"
        "A8998E7E740326CD247379E8ECAE24FEB98E2C407D3DCA3B13A4E287B89F3FE5"
        "B5F11575FF570D9519388E9821E1D0659E9BDBF2D5288651FC5C5011EE9DD0B0"
        "AA066C988C712815CC37AF71472B7CBBBD4E2A0A"
    )
    key = derive(seed_of_passphrase("masterpassphrase"), "ed25519")
    assert key.address == signer
    signature = (
        "A7AB377F1E16BA9BC2B74E5FABCC3637CF8B371B029AEB6F08A7BC707D4F96AE"
        "E17A483C693121ECF11ECBE9E6C37C639B18AF944BFB426494FFC07745511506"
    )
    assert key.sign(message).hex().upper() == signature
    assert verify(key.public, message, bytes.fromhex(signature))


async def test_all_or_nothing_does_all_or_nothing() -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        sequence = await world.sequence(alice.address)
        good = [_inner(alice, bob, 1_000_000 + n, sequence + 1 + n) for n in range(2)]
        before = int((await world.root(bob.address))["Balance"])
        batch = sign(await _batch(world, alice, ALL_OR_NOTHING, *good), alice)
        assert await world.submit(batch) == "tesSUCCESS"
        # In the open ledger only the outer transaction has happened.
        assert await world.sequence(alice.address) == sequence + 1
        await world.net.accept()
        assert await _outcomes(world, *good) == ["tesSUCCESS", "tesSUCCESS"]
        for one in good:
            meta = await world.meta(one.get_hash())
            assert meta is not None
            assert meta["ParentBatchID"] == batch.get_hash()
        assert int((await world.root(bob.address))["Balance"]) == before + 2_000_001
        assert (await world.root(alice.address))["Sequence"] == sequence + 3
        sequence += 3
        bad = [_inner(alice, bob, 1, sequence + 1), _inner(alice, bob, 10**16, sequence + 2)]
        spent = int((await world.root(alice.address))["Balance"])
        batch = sign(await _batch(world, alice, ALL_OR_NOTHING, *bad), alice)
        assert await _final(world, batch) == "tesSUCCESS"
        assert await _outcomes(world, batch, *bad) == ["tesSUCCESS", None, None]
        root = await world.root(alice.address)
        assert int(root["Balance"]) == spent - 1000
        assert root["Sequence"] == sequence + 1


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (ONLY_ONE, ["tecUNFUNDED_PAYMENT", "tesSUCCESS", None]),
        (UNTIL_FAILURE, ["tecUNFUNDED_PAYMENT", None, None]),
        (INDEPENDENT, ["tecUNFUNDED_PAYMENT", "tesSUCCESS", "tesSUCCESS"]),
    ],
)
async def test_the_other_modes_stop_where_they_say(mode: int, expected: list[str | None]) -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        first = await world.sequence(alice.address) + 1
        inner = [
            _inner(alice, bob, 10**16, first),
            _inner(alice, bob, 1, first + 1),
            _inner(alice, bob, 2, first + 2),
        ]
        batch = sign(await _batch(world, alice, mode, *inner), alice)
        assert await _final(world, batch) == "tesSUCCESS"
        assert await _outcomes(world, *inner) == expected
        used = sum(result is not None for result in expected)
        assert (await world.root(alice.address))["Sequence"] == first + used


async def test_what_fails_without_a_claim_leaves_nothing_and_uses_no_sequence() -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        first = await world.sequence(alice.address) + 1
        inner = [_inner(alice, bob, 1, first + 5), _inner(alice, bob, 2, first)]
        batch = sign(await _batch(world, alice, INDEPENDENT, *inner), alice)
        assert await _final(world, batch) == "tesSUCCESS"
        assert await _outcomes(world, *inner) == [None, "tesSUCCESS"]


async def test_two_accounts_swap_and_each_signs() -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        inner = [
            _inner(alice, bob, 5, await world.sequence(alice.address) + 1),
            _inner(bob, alice, 7, await world.sequence(bob.address)),
        ]
        batch = await _batch(world, alice, ALL_OR_NOTHING, *inner, fee=50)
        # Two base fees, one for the signer, two for the inner transactions; not a drop less.
        cheap = await _batch(world, alice, ALL_OR_NOTHING, *inner, fee=49)
        assert await world.submit(sign(sign_multiaccount_batch(bob, cheap), alice)) == "telINSUF_FEE_P"
        signed = sign(sign_multiaccount_batch(bob, batch), alice)
        assert await _final(world, signed) == "tesSUCCESS"
        assert await _outcomes(world, *inner) == ["tesSUCCESS", "tesSUCCESS"]
        assert (await world.root(bob.address))["Sequence"] == inner[1].sequence + 1  # type: ignore[operator]


async def test_signers_must_be_exactly_those_whom_inner_transactions_need() -> None:
    async with World() as world:
        alice, bob, carol = await world.people(3)
        inner = [
            _inner(alice, bob, 5, await world.sequence(alice.address) + 1),
            _inner(bob, alice, 7, await world.sequence(bob.address)),
        ]
        batch = await _batch(world, alice, ALL_OR_NOTHING, *inner)
        assert await world.submit(sign(batch, alice)) == "temBAD_SIGNER"
        signed = sign_multiaccount_batch(bob, batch)
        stolen = signed.to_dict()
        stolen["batch_signers"] = [
            {"batch_signer": {**stolen["batch_signers"][0]["batch_signer"], "account": carol.address}}
        ]
        with pytest.raises(RpcError, match="invalidTransaction"):
            await world.submit(sign(Batch.from_dict(stolen), alice))


async def test_a_signature_in_the_withdrawn_form_is_none() -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        inner = [
            _inner(alice, bob, 5, await world.sequence(alice.address) + 1),
            _inner(bob, alice, 7, await world.sequence(bob.address)),
        ]
        batch = await _batch(world, alice, ALL_OR_NOTHING, *inner)
        old = b"BCH\0" + ALL_OR_NOTHING.to_bytes(4, "big") + len(inner).to_bytes(4, "big")
        old += b"".join(bytes.fromhex(one.get_hash()) for one in inner)
        signer = BatchSigner(
            account=bob.address,
            signing_pub_key=bob.public_key,
            txn_signature=sign_bytes(old, bob.private_key),
        )
        fields = batch.to_dict() | {"batch_signers": [signer.to_dict()]}
        with pytest.raises(RpcError, match="invalidTransaction"):
            await world.submit(sign(Batch.from_dict(fields), alice))


async def test_a_signature_is_worth_nothing_in_another_batch() -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        inner = [
            _inner(alice, bob, 5, await world.sequence(alice.address) + 1),
            _inner(bob, alice, 7, await world.sequence(bob.address)),
        ]
        signed = sign_multiaccount_batch(bob, await _batch(world, alice, ALL_OR_NOTHING, *inner))
        fields = signed.to_dict() | {"sequence": 99}
        with pytest.raises(RpcError, match="invalidTransaction"):
            await world.submit(sign(Batch.from_dict(fields), alice))
        # The fee is not covered: it may be raised without asking again.
        fields = signed.to_dict() | {"fee": "2000"}
        assert await world.submit(sign(Batch.from_dict(fields), alice)) == "tesSUCCESS"


async def test_every_signer_is_looked_at_even_after_an_account_that_does_not_exist() -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        mallory, ghost = Wallet.from_entropy("AB" * 16), Wallet.from_entropy("CD" * 16)
        sequence = await world.sequence(alice.address)
        inner = [
            _inner(alice, ghost, 5_000_000, sequence + 1),
            _inner(ghost, alice, 1, 1),
            _inner(bob, mallory, 500_000_000, await world.sequence(bob.address)),
        ]
        batch = await _batch(world, alice, INDEPENDENT, *inner)
        parts: list[Batch | str] = [
            sign_multiaccount_batch(ghost, batch),
            # Mallory signs in bob's name with her own key.
            sign_multiaccount_batch(mallory, batch, batch_account=bob.address),
        ]
        combined = Batch.from_blob(combine_batch_signers(parts))
        assert await _final(world, sign(Batch.from_dict(combined.to_dict()), alice)) == "tefBAD_AUTH"
        assert await _outcomes(world, *inner) == [None, None, None]


async def test_an_account_may_be_made_and_spend_in_one_batch() -> None:
    async with World() as world:
        (alice,) = await world.people(1)
        fresh = Wallet.from_entropy("CD" * 16)
        sequence = await world.sequence(alice.address)
        first = world.net.node.open.index
        inner = [_inner(alice, fresh, 5_000_000, sequence + 1), _inner(fresh, alice, 1, first)]
        batch = sign_multiaccount_batch(fresh, await _batch(world, alice, ALL_OR_NOTHING, *inner))
        assert await _final(world, sign(batch, alice)) == "tesSUCCESS"
        assert await _outcomes(world, *inner) == ["tesSUCCESS", "tesSUCCESS"]
        assert (await world.root(fresh.address))["Balance"] == "4999999"


async def test_a_signer_list_signs_for_an_inner_account() -> None:
    async with World() as world:
        alice, bob, carol, dave = await world.people(4)
        entries = [SignerEntry(account=one.address, signer_weight=1) for one in (carol, dave)]
        listed = SignerListSet(account=bob.address, signer_quorum=2, signer_entries=entries)
        assert await world.do(bob, listed) == "tesSUCCESS"
        inner = [
            _inner(alice, bob, 5, await world.sequence(alice.address) + 1),
            _inner(bob, alice, 7, await world.sequence(bob.address)),
        ]
        batch = await _batch(world, alice, ALL_OR_NOTHING, *inner, fee=60)
        parts: list[Batch | str] = [
            sign_multiaccount_batch(one, batch, multisign=True, batch_account=bob.address)
            for one in (carol, dave)
        ]
        alone = sign_multiaccount_batch(carol, batch, multisign=True, batch_account=bob.address)
        assert await world.submit(sign(alone, alice)) == "tefBAD_QUORUM"
        combined = Batch.from_blob(combine_batch_signers(parts))
        assert await _final(world, sign(combined, alice)) == "tesSUCCESS"
        assert await _outcomes(world, *inner) == ["tesSUCCESS", "tesSUCCESS"]


async def test_a_batch_by_ticket_numbers_its_inner_transactions_from_the_account() -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        assert await world.do(alice, TicketCreate(account=alice.address, ticket_count=2)) == "tesSUCCESS"
        tickets = [one["TicketSequence"] for one in await world.owned(alice.address, "ticket")]
        sequence = await world.sequence(alice.address)
        inner = [
            _inner(alice, bob, 1, sequence),
            _inner(alice, bob, 2, 0, ticket_sequence=tickets[1]),
        ]
        batch = Batch.from_dict(
            (await _batch(world, alice, ALL_OR_NOTHING, *inner)).to_dict()
            | {"sequence": 0, "ticket_sequence": tickets[0]}
        )
        assert await _final(world, sign(batch, alice)) == "tesSUCCESS"
        assert await _outcomes(world, *inner) == ["tesSUCCESS", "tesSUCCESS"]
        assert await world.owned(alice.address, "ticket") == []


def _raw(world_fields: dict[str, Any], wallet: Wallet) -> str:
    """A signed blob of fields that models refuse to make."""
    from xrpl.core.binarycodec import encode_for_signing

    fields = world_fields | {"SigningPubKey": wallet.public_key}
    fields["TxnSignature"] = sign_bytes(bytes.fromhex(encode_for_signing(fields)), wallet.private_key)
    return encode(fields)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"Flags": 0}, "temINVALID_FLAG"),
        ({"Fee": "10"}, "temBAD_FEE"),
        ({"TxnSignature": "00"}, "temBAD_SIGNATURE"),
        ({"SigningPubKey": "ED" + "00" * 32}, "temBAD_REGKEY"),
        ({"Amount": "0"}, "temINVALID_INNER_BATCH"),
        ({"TransactionType": "NFTokenMint"}, None),
        ({"Sequence": 0}, "temSEQ_AND_TICKET"),
        ({"TicketSequence": 3}, "temSEQ_AND_TICKET"),
        ({"Amount": "8"}, "temREDUNDANT"),
        ({"Sequence": 7}, "temREDUNDANT"),
    ],
)
async def test_inner_rules(change: dict[str, Any], expected: str | None) -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        first = await world.sequence(alice.address) + 1
        one = _inner(alice, bob, 8, first).to_xrpl()
        other = _inner(alice, bob, 9, first + 1).to_xrpl() | change
        if change == {"Amount": "8"}:
            other["Sequence"] = first
        if change == {"Sequence": 7}:
            other["Sequence"] = first
        fields = {
            "TransactionType": "Batch",
            "Account": alice.address,
            "Sequence": first - 1,
            "Fee": "1000",
            "Flags": ALL_OR_NOTHING,
            "RawTransactions": [{"RawTransaction": one}, {"RawTransaction": other}],
        }
        request = world.net.request("submit", tx_blob=_raw(fields, alice))
        if expected is None:
            with pytest.raises(RpcError, match="invalidTransaction"):
                await request
        else:
            assert (await request)["engine_result"] == expected


@pytest.mark.parametrize(
    ("mode", "count", "expected"),
    [
        (0, 2, "temINVALID_FLAG"),
        (ALL_OR_NOTHING | ONLY_ONE, 2, "temINVALID_FLAG"),
        (ALL_OR_NOTHING, 1, "temARRAY_EMPTY"),
        (ALL_OR_NOTHING, 9, "temARRAY_TOO_LARGE"),
        (ALL_OR_NOTHING, 8, "tesSUCCESS"),
    ],
)
async def test_outer_rules(mode: int, count: int, expected: str) -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        first = await world.sequence(alice.address) + 1
        inner = [_inner(alice, bob, 8, first + n).to_xrpl() for n in range(count)]
        fields = {
            "TransactionType": "Batch",
            "Account": alice.address,
            "Sequence": first - 1,
            "Fee": "1000",
            "Flags": mode,
            "RawTransactions": [{"RawTransaction": one} for one in inner],
        }
        answer = await world.net.request("submit", tx_blob=_raw(fields, alice))
        assert answer["engine_result"] == expected


@pytest.mark.parametrize("wrapper", ["Signer", "Memo"])
async def test_inner_transactions_in_another_wrapper_are_refused(wrapper: str) -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        first = await world.sequence(alice.address) + 1
        inner = [_inner(alice, bob, 8, first + n).to_xrpl() for n in range(2)]
        fields = {
            "TransactionType": "Batch",
            "Account": alice.address,
            "Sequence": first - 1,
            "Fee": "1000",
            "Flags": ALL_OR_NOTHING,
            "RawTransactions": [{"RawTransaction": inner[0]}, {wrapper: inner[1]}],
        }
        answer = await world.net.request("submit", tx_blob=_raw(fields, alice))
        assert answer["engine_result"] == "temMALFORMED"


async def test_a_batch_in_a_batch_is_refused() -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        first = await world.sequence(alice.address) + 1
        inner = [_inner(alice, bob, 8, first + n).to_xrpl() for n in range(2)]
        nested = {
            "TransactionType": "Batch",
            "Account": alice.address,
            "Sequence": first,
            "Fee": "0",
            "Flags": ALL_OR_NOTHING | INNER,
            "SigningPubKey": "",
            "RawTransactions": [{"RawTransaction": one} for one in inner],
        }
        fields = nested | {
            "Sequence": first - 1,
            "Fee": "1000",
            "Flags": ALL_OR_NOTHING,
            "RawTransactions": [{"RawTransaction": inner[0]}, {"RawTransaction": nested}],
        }
        answer = await world.net.request("submit", tx_blob=_raw(fields, alice))
        assert answer["engine_result"] == "temINVALID"


async def test_inner_transactions_do_not_come_alone() -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        alone = _inner(alice, bob, 8, await world.sequence(alice.address))
        with pytest.raises(RpcError, match="invalidTransaction"):
            await world.submit(alone)


@pytest.mark.parametrize("enabled", ["-BatchV1_1", "-fixBatchV1_2"])
async def test_both_amendments_are_needed(enabled: str) -> None:
    async with World(enabled=enabled) as world:
        alice, bob = await world.people(2)
        first = await world.sequence(alice.address) + 1
        inner = [_inner(alice, bob, 1, first), _inner(alice, bob, 2, first + 1)]
        batch = sign(await _batch(world, alice, ALL_OR_NOTHING, *inner), alice)
        assert await world.submit(batch) == "temDISABLED"


async def test_the_inner_transactions_price_is_part_of_the_fee() -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        first = await world.sequence(alice.address) + 1
        settings = AccountSet(
            account=alice.address, sequence=first + 1, fee="0", signing_pub_key="", flags=INNER
        )
        for fee, expected in ((39, "telINSUF_FEE_P"), (40, "tesSUCCESS")):
            batch = await _batch(
                world, alice, ALL_OR_NOTHING, _inner(alice, bob, 1, first), settings, fee=fee
            )
            assert await world.submit(sign(batch, alice)) == expected
