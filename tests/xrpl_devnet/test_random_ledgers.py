"""Random transactions, valid and not, over many accounts and types.

Whatever is thrown at a ledger: no transaction ends in an exception, no invariant breaks, XRP only shrinks by fees,
every account's owner count is what it owns, and the same transactions in the same order make byte-identical ledgers.
"""

import random
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.xrpl_devnet.signing import key, signed
from xrpl_codec.amounts import IssuedAmount
from xrpl_codec.binary import CodecError
from xrpl_devnet.clock import ManualClock
from xrpl_devnet.ledger import directory, flags, keylets
from xrpl_devnet.ledger.closed import ClosedLedger
from xrpl_devnet.node import Node
from xrpl_devnet.settings import Settings
from xrpl_devnet.tx.signatures import local_checks
from xrpl_devnet.tx.transaction import Transaction

PEOPLE: Final = [key(number) for number in range(1, 8)]
USD: Final = bytes(12) + b"USD" + bytes(5)
EUR: Final = bytes(12) + b"EUR" + bytes(5)
LEDGERS: Final = 12
PER_LEDGER: Final = 12


class World:
    """A node in memory, and chance."""

    def __init__(self, seed: int) -> None:
        self.node = Node(Settings(), ManualClock())
        self.chance = random.Random(seed)
        self.results: list[str] = []
        genesis = self.node.genesis
        for number, person in enumerate(PEOPLE, start=1):
            self.submit(
                genesis,
                number,
                TransactionType="Payment",
                Destination=person.account,
                Amount=2_000_000_000
                if number < 3
                else self.chance.choice([5_000_000, 50_000_000, 2_000_000_000]),
            )
        self.node.close()
        self.spread_money()

    def spread_money(self) -> None:
        """The first two issue dollars and euros, which all others trust and hold."""
        for issuer, currency in zip(PEOPLE, (USD, EUR), strict=False):
            self.submit(issuer, self.sequence(issuer), TransactionType="AccountSet", SetFlag=8)
            for person in PEOPLE[2:]:
                limit = IssuedAmount.of(10**6, 0, currency, issuer.account)
                self.submit(person, self.sequence(person), TransactionType="TrustSet", LimitAmount=limit)
            self.node.close()
            for person in PEOPLE[2:]:
                self.submit(
                    issuer,
                    self.sequence(issuer),
                    TransactionType="Payment",
                    Destination=person.account,
                    Amount=IssuedAmount.of(1000, 0, currency, issuer.account),
                )
        self.node.close()

    def submit(self, signer: Any, sequence: int, **fields: Any) -> None:
        """Sign and submit; what no client could even encode is passed over."""
        try:
            tx = Transaction.from_blob(bytes.fromhex(signed(signer, Sequence=sequence, **fields)))
        except CodecError:
            return
        if local_checks(tx, self.node.settings.rules) is None:
            self.results.append(self.node.submit(tx).result)

    # --- chance ---

    def person(self) -> Any:
        return self.chance.choice(PEOPLE)

    def drops(self) -> int:
        return self.chance.choice([0, 1, 10, 999_999, 1_000_000, 30_000_000, 10**17])

    def issued(self) -> IssuedAmount:
        mantissa = self.chance.choice([0, 1, 7, 10**15 + 1, 3333333333333333, 9999999999999999])
        exponent = self.chance.choice([-15, -14, -3, 0, 2])
        return IssuedAmount.of(mantissa, exponent, self.chance.choice([USD, EUR]), self.person().account)

    def amount(self) -> int | IssuedAmount:
        return self.drops() if self.chance.random() < 0.4 else self.issued()

    def fields(self, sender: Any) -> dict[str, Any]:
        """One random transaction of a random type."""
        chance = self.chance
        to = self.person().account
        later = self.node.closed.close_time + chance.choice([-5, 1, 20, 100])
        kinds: list[dict[str, Any]] = [
            {"TransactionType": "Payment", "Destination": to, "Amount": self.drops()},
            {
                "TransactionType": "Payment",
                "Destination": to,
                "Amount": self.amount(),
                "SendMax": self.amount(),
                "Flags": chance.choice([0, 0x20000, 0x10000, 0x40000]),
            },
            {
                "TransactionType": "TrustSet",
                "LimitAmount": self.issued(),
                "Flags": chance.choice([0, 0x20000, 0x40000, 0x100000, 0x200000, 0x10000, 0x500000]),
                **({"QualityIn": chance.choice([0, 5, 10**9])} if chance.random() < 0.2 else {}),
            },
            {
                "TransactionType": "OfferCreate",
                "TakerPays": self.amount(),
                "TakerGets": self.amount(),
                "Flags": chance.choice([0, 0x10000, 0x20000, 0x40000, 0x80000]),
            },
            {
                "TransactionType": "OfferCancel",
                "OfferSequence": max(1, self.sequence(sender) - chance.randrange(4)),
            },
            {
                "TransactionType": "AccountSet",
                chance.choice(["SetFlag", "ClearFlag"]): chance.choice([1, 2, 3, 5, 6, 7, 8, 9, 17]),
            },
            {"TransactionType": "AccountSet", "TransferRate": chance.choice([0, 10**9, 1_010_000_000])},
            {"TransactionType": "TicketCreate", "TicketCount": chance.choice([0, 1, 3, 251])},
            {
                "TransactionType": "EscrowCreate",
                "Destination": to,
                "Amount": self.amount(),
                "FinishAfter": later,
                "CancelAfter": later + chance.choice([-1, 30]),
            },
            {
                "TransactionType": chance.choice(["EscrowFinish", "EscrowCancel"]),
                "Owner": sender.account,
                "OfferSequence": max(1, self.sequence(sender) - chance.randrange(4)),
            },
            {"TransactionType": "CheckCreate", "Destination": to, "SendMax": self.amount()},
            {
                "TransactionType": "PaymentChannelCreate",
                "Destination": to,
                "Amount": self.drops(),
                "SettleDelay": 5,
                "PublicKey": sender.public,
            },
            {"TransactionType": "DepositPreauth", "Authorize": to},
            {"TransactionType": "SetRegularKey", "RegularKey": to},
            {"TransactionType": "DIDSet", "URI": b"x"},
            {
                "TransactionType": "CredentialCreate",
                "Subject": to,
                "CredentialType": chance.choice([b"", b"kind"]),
            },
            {"TransactionType": "AccountDelete", "Destination": to},
        ]
        return chance.choice(kinds)

    def sequence(self, person: Any) -> int:
        root = self.node.open.read(keylets.account(person.account))
        return 0 if root is None else int(root["Sequence"])

    def run(self) -> Iterator[ClosedLedger]:
        """Ledger after ledger of noise."""
        for _ in range(LEDGERS):
            for _ in range(PER_LEDGER):
                sender = self.person()
                wrong = self.chance.choice([0, 0, 0, 0, 1, -1])
                number = max(0, self.sequence(sender) + wrong)
                self.submit(sender, number, **self.fields(sender))
            yield self.node.close()


def owned_count(ledger: ClosedLedger, account: bytes) -> int:
    """What an account's reserve should count, from its directory."""
    count = 0
    for index in directory.entries(ledger, keylets.owner_dir(account)):
        entry = ledger.read(index)
        assert entry is not None, "a directory names what is gone"
        if entry.kind == "RippleState":
            low = entry["LowLimit"].issuer == account
            count += entry.flag(flags.LOW_RESERVE if low else flags.HIGH_RESERVE)
        elif entry.kind == "Credential":
            accepted = entry.flag(flags.CREDENTIAL_ACCEPTED)
            count += entry["Subject" if accepted else "Issuer"] == account
        else:
            owner = entry.get("Account", entry.get("Owner", account))
            count += owner == account
    return count


@pytest.mark.parametrize("seed", range(24))
def test_noise_breaks_nothing(seed: int) -> None:
    world = World(seed)
    drops = world.node.closed.header.drops
    for ledger in world.run():
        held = 0
        key_ = ledger.after(bytes(32))
        while key_ is not None:
            entry = ledger.read(key_)
            assert entry is not None
            if entry.kind == "AccountRoot":
                held += entry["Balance"]
                assert entry["OwnerCount"] == owned_count(ledger, entry["Account"]), entry
            elif entry.kind == "Escrow" and isinstance(entry["Amount"], int):
                held += entry["Amount"]
            elif entry.kind == "PayChannel":
                held += entry["Amount"] - entry["Balance"]
            key_ = ledger.after(key_)
        assert held == ledger.header.drops <= drops
        drops = ledger.header.drops
    assert not {"tefEXCEPTION", "tecINVARIANT_FAILED", "tefINVARIANT_FAILED"} & set(world.results)


@pytest.mark.parametrize("seed", range(4))
def test_the_same_noise_makes_the_same_ledgers(seed: int) -> None:
    one = [ledger.hash for ledger in World(seed).run()]
    other = [ledger.hash for ledger in World(seed).run()]
    assert one == other
