"""Credentials, identifiers, deposit authorisation by either, and what goes with a deleted account."""

from typing import Any

import pytest
from xrpl.models import (
    AccountDelete,
    AccountSet,
    AccountSetAsfFlag,
    CheckCreate,
    CredentialAccept,
    CredentialCreate,
    CredentialDelete,
    DepositPreauth,
    DIDDelete,
    DIDSet,
    EscrowCreate,
    EscrowFinish,
    PaymentChannelClaim,
    PaymentChannelCreate,
    SignerEntry,
    SignerListSet,
    TicketCreate,
)
from xrpl.models.transactions.deposit_preauth import Credential
from xrpl.wallet import Wallet

from tests.xrpl_devnet.world import World
from xrpl_devnet import RpcError

KYC = "4B5943"


def _create(issuer: Wallet, subject: Wallet, **fields: Any) -> CredentialCreate:
    return CredentialCreate(account=issuer.address, subject=subject.address, credential_type=KYC, **fields)


def _accept(issuer: Wallet, subject: Wallet) -> CredentialAccept:
    return CredentialAccept(account=subject.address, issuer=issuer.address, credential_type=KYC)


async def _credential(world: World, issuer: Wallet, subject: Wallet) -> dict[str, Any]:
    return await world.entry(
        credential={
            "subject": subject.address,
            "issuer": issuer.address,
            "credential_type": KYC,
        }
    )


async def test_a_credential_counts_for_its_issuer_until_it_is_accepted() -> None:
    async with World() as world:
        issuer, subject, stranger = await world.people(3)
        assert await world.do(subject, _accept(issuer, subject)) == "tecNO_ENTRY"
        assert await world.do(issuer, _create(issuer, subject, uri="AB")) == "tesSUCCESS"
        assert await world.do(issuer, _create(issuer, subject)) == "tecDUPLICATE"
        assert (await world.root(issuer.address))["OwnerCount"] == 1
        assert await world.do(subject, _accept(issuer, subject)) == "tesSUCCESS"
        assert await world.do(subject, _accept(issuer, subject)) == "tecDUPLICATE"
        assert (await world.root(issuer.address))["OwnerCount"] == 0
        assert (await world.root(subject.address))["OwnerCount"] == 1
        node = await _credential(world, issuer, subject)
        assert (node["Flags"], node["URI"], node["SubjectNode"]) == (0x10000, "AB", "0")
        for owner in (issuer, subject):
            assert len(await world.owned(owner.address, "credential")) == 1
        delete = CredentialDelete(
            account=stranger.address,
            subject=subject.address,
            issuer=issuer.address,
            credential_type=KYC,
        )
        assert await world.do(stranger, delete) == "tecNO_PERMISSION"
        delete = CredentialDelete(account=issuer.address, subject=subject.address, credential_type=KYC)
        assert await world.do(issuer, delete) == "tesSUCCESS"
        assert await world.do(issuer, delete) == "tecNO_ENTRY"
        assert (await world.root(subject.address))["OwnerCount"] == 0


async def test_what_one_attests_of_oneself_is_accepted_at_once() -> None:
    async with World() as world:
        (alice,) = await world.people(1)
        assert await world.do(alice, _create(alice, alice)) == "tesSUCCESS"
        assert (await _credential(world, alice, alice))["Flags"] == 0x10000
        assert (await world.root(alice.address))["OwnerCount"] == 1


async def test_an_expired_credential_is_deleted_by_the_transaction_that_fails_on_it() -> None:
    async with World() as world:
        issuer, subject = await world.people(2)
        now = world.net.node.closed.close_time
        assert await world.do(issuer, _create(issuer, subject, expiration=now - 50)) == "tecEXPIRED"
        assert await world.do(issuer, _create(issuer, subject, expiration=now + 50)) == "tesSUCCESS"
        await world.pass_time(100)
        assert await world.do(subject, _accept(issuer, subject)) == "tecEXPIRED"
        meta = await world.last_meta()
        kinds = [next(iter(node)) for node in meta["AffectedNodes"]]
        assert "DeletedNode" in kinds
        assert (await world.root(issuer.address))["OwnerCount"] == 0
        assert await world.owned(subject.address, "credential") == []


async def _guarded(world: World, owner: Wallet, issuer: Wallet) -> None:
    guard = AccountSet(account=owner.address, set_flag=AccountSetAsfFlag.ASF_DEPOSIT_AUTH)
    assert await world.do(owner, guard) == "tesSUCCESS"
    preauth = DepositPreauth(
        account=owner.address,
        authorize_credentials=[Credential(issuer=issuer.address, credential_type=KYC)],
    )
    assert await world.do(owner, preauth) == "tesSUCCESS"
    assert await world.do(owner, preauth) == "tecDUPLICATE"


async def test_credentials_open_deposits_of_escrows_and_channels() -> None:
    async with World() as world:
        issuer, alice, bob = await world.people(3)
        await _guarded(world, bob, issuer)
        node = await world.entry(
            deposit_preauth={
                "owner": bob.address,
                "authorized_credentials": [{"issuer": issuer.address, "credential_type": KYC}],
            }
        )
        assert node["AuthorizeCredentials"] == [
            {"Credential": {"Issuer": issuer.address, "CredentialType": KYC}}
        ]
        now = world.net.node.closed.close_time
        sequence = await world.sequence(alice.address)
        create = EscrowCreate(
            account=alice.address, destination=bob.address, amount="1000", finish_after=now + 10
        )
        assert await world.do(alice, create) == "tesSUCCESS"
        await world.pass_time(50)
        finish = EscrowFinish(account=alice.address, owner=alice.address, offer_sequence=sequence)
        assert await world.do(alice, finish) == "tecNO_PERMISSION"
        assert await world.do(issuer, _create(issuer, alice)) == "tesSUCCESS"
        key = (await world.owned(alice.address, "credential"))[0]["index"]
        assert await world.do(alice, finish, credential_ids=[key]) == "tecBAD_CREDENTIALS"
        assert await world.do(alice, _accept(issuer, alice)) == "tesSUCCESS"
        assert await world.do(alice, finish, credential_ids=["00" * 32]) == "tecBAD_CREDENTIALS"
        assert await world.do(alice, finish, credential_ids=[key]) == "tesSUCCESS"
        channel = PaymentChannelCreate(
            account=alice.address,
            destination=bob.address,
            amount="5000",
            settle_delay=10,
            public_key=alice.public_key,
        )
        assert await world.do(alice, channel) == "tesSUCCESS"
        (made,) = await world.owned(alice.address, "payment_channel")
        pay = PaymentChannelClaim(account=alice.address, channel=made["index"], balance="100")
        assert await world.do(alice, pay) == "tecNO_PERMISSION"
        assert await world.do(alice, pay, credential_ids=[key]) == "tesSUCCESS"
        unauthorize = DepositPreauth(
            account=bob.address,
            unauthorize_credentials=[Credential(issuer=issuer.address, credential_type=KYC)],
        )
        assert await world.do(bob, unauthorize) == "tesSUCCESS"
        assert await world.do(bob, unauthorize) == "tecNO_ENTRY"


async def test_deposit_authorized_tells_what_credentials_open() -> None:
    async with World() as world:
        issuer, alice, bob = await world.people(3)
        await _guarded(world, bob, issuer)
        now = world.net.node.closed.close_time
        assert await world.do(issuer, _create(issuer, alice, expiration=now + 500)) == "tesSUCCESS"
        key = (await world.owned(alice.address, "credential"))[0]["index"]

        async def ask(**fields: Any) -> bool:
            answer = await world.net.request(
                "deposit_authorized",
                source_account=alice.address,
                destination_account=bob.address,
                ledger_index="validated",
                **fields,
            )
            return bool(answer["deposit_authorized"])

        with pytest.raises(RpcError, match="badCredentials"):
            await ask(credentials=[key])
        assert await world.do(alice, _accept(issuer, alice)) == "tesSUCCESS"
        assert await ask() is False
        assert await ask(credentials=[key]) is True
        for wrong in ("x", [], [key] * 9, ["00"], [7]):
            with pytest.raises(RpcError, match="invalidParams"):
                await ask(credentials=wrong)
        with pytest.raises(RpcError, match="badCredentials"):
            await ask(credentials=[key, key])
        await world.pass_time(600)
        await world.net.accept()
        with pytest.raises(RpcError, match="badCredentials"):
            await ask(credentials=[key])


async def test_preauthorisation_wants_issuers_that_exist() -> None:
    async with World() as world:
        (bob,) = await world.people(1)
        ghost = Wallet.from_entropy("CD" * 16)
        preauth = DepositPreauth(
            account=bob.address,
            authorize_credentials=[Credential(issuer=ghost.address, credential_type=KYC)],
        )
        assert await world.do(bob, preauth) == "tecNO_ISSUER"


async def test_an_identifier_is_made_changed_and_deleted() -> None:
    async with World() as world:
        (alice,) = await world.people(1)
        assert await world.do(alice, DIDSet(account=alice.address, uri="AB", data="CD")) == "tesSUCCESS"
        assert await world.do(alice, DIDSet(account=alice.address, data="")) == "tesSUCCESS"
        node = await world.entry(did=alice.address)
        assert (node["URI"], "Data" in node) == ("AB", False)
        assert await world.do(alice, DIDSet(account=alice.address, uri="")) == "tecEMPTY_DID"
        assert (await world.root(alice.address))["OwnerCount"] == 1
        assert await world.do(alice, DIDDelete(account=alice.address)) == "tesSUCCESS"
        assert await world.do(alice, DIDDelete(account=alice.address)) == "tecNO_ENTRY"
        assert (await world.root(alice.address))["OwnerCount"] == 0


async def test_what_is_ones_own_goes_with_the_account() -> None:
    async with World() as world:
        issuer, alice, bob = await world.people(3)
        entries = [SignerEntry(account=bob.address, signer_weight=1)]
        for tx in (
            DIDSet(account=alice.address, uri="AB"),
            TicketCreate(account=alice.address, ticket_count=3),
            DepositPreauth(account=alice.address, authorize=bob.address),
            SignerListSet(account=alice.address, signer_quorum=1, signer_entries=entries),
        ):
            assert await world.do(alice, tx) == "tesSUCCESS"
        assert await world.do(issuer, _create(issuer, alice)) == "tesSUCCESS"
        delete = AccountDelete(account=alice.address, destination=bob.address)
        assert await world.do(alice, delete) == "tecTOO_SOON"
        for _ in range(256):
            await world.net.accept()
        before = int((await world.root(bob.address))["Balance"])
        left = int((await world.root(alice.address))["Balance"]) - 1_000_000
        assert await world.do(alice, delete) == "tesSUCCESS"
        assert (await world.last_meta())["DeliveredAmount"] == str(left)
        assert int((await world.root(bob.address))["Balance"]) == before + left
        assert (await world.root(issuer.address))["OwnerCount"] == 0


async def test_what_concerns_others_keeps_the_account() -> None:
    async with World() as world:
        alice, bob = await world.people(2)
        check = CheckCreate(account=bob.address, destination=alice.address, send_max="5")
        assert await world.do(bob, check) == "tesSUCCESS"
        for _ in range(256):
            await world.net.accept()
        delete = AccountDelete(account=alice.address, destination=bob.address)
        assert await world.do(alice, delete) == "tecHAS_OBLIGATIONS"


@pytest.mark.parametrize(
    ("enabled", "tx"),
    [
        ("-Credentials", CredentialCreate(account="", subject="", credential_type=KYC)),
        ("-DID", DIDSet(account="", uri="AB")),
        ("-Checks", CheckCreate(account="", destination="", send_max="5")),
        ("-MultiSign", SignerListSet(account="", signer_quorum=0)),
        ("-DeletableAccounts", AccountDelete(account="", destination="")),
    ],
)
async def test_types_whose_amendment_is_off(enabled: str, tx: Any) -> None:
    async with World(enabled=enabled) as world:
        alice, bob = await world.people(2)
        named = {name: bob.address for name in ("subject", "destination") if hasattr(tx, name)}
        assert await world.do(alice, tx, account=alice.address, **named) == "temDISABLED"
