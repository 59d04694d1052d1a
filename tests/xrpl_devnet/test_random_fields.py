"""Every transaction type with random fields: what exists, what does not, and what makes no sense.

Fields are drawn from the formats themselves, values from what the ledger holds and from the edges of each
type. Nothing may end in an exception or break an invariant, and at the end the books of multi-purpose tokens must
balance.
"""

import hashlib
import random
from typing import Any, Final

import pytest

from tests.xrpl_devnet.signing import key, signed
from xrpl_codec.amounts import AmountError, IssuedAmount, MPTAmount
from xrpl_codec.binary import CodecError
from xrpl_codec.fields import FIELDS
from xrpl_codec.formats import REQUIRED, TRANSACTION_FORMATS
from xrpl_devnet.clock import ManualClock
from xrpl_devnet.ledger import keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.node import Node
from xrpl_devnet.settings import Settings
from xrpl_devnet.tx.base import TRANSACTORS
from xrpl_devnet.tx.signatures import local_checks
from xrpl_devnet.tx.transaction import INNER_BATCH, Transaction

PEOPLE: Final = [key(number) for number in range(1, 6)]
USD: Final = bytes(12) + b"USD" + bytes(5)
ROUNDS: Final = 25
PER_ROUND: Final = 8
COMMON: Final = frozenset(TRANSACTION_FORMATS["AccountDelete"]) - {
    "Destination",
    "DestinationTag",
    "CredentialIDs",
}
NEVER: Final = frozenset({"BatchSigners", "IssuerEncryptionKey", "AuditorEncryptionKey"})
ABSENT: Final = frozenset({"DomainID", "ImmutableFlags"})
"""Mostly `temDISABLED`: rarely given."""
PREIMAGE: Final = bytes(range(32))
FULFILLMENT: Final = bytes.fromhex("A0228020") + PREIMAGE
CONDITION: Final = bytes.fromhex("A0258020") + hashlib.sha256(PREIMAGE).digest() + bytes.fromhex("810120")
DISASTERS: Final = {"tefEXCEPTION", "tecINVARIANT_FAILED", "tefINVARIANT_FAILED"}


class Noise:
    """A node in memory, and chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.node = Node(Settings(), ManualClock())
        self.results: set[str] = set()
        for number, person in enumerate(PEOPLE, start=1):
            self.send(
                self.node.genesis,
                number,
                {"TransactionType": "Payment", "Destination": person.account, "Amount": 10**9},
            )
        self.node.close()
        self.begin()

    def begin(self) -> None:
        """Something to act upon: a token that everyone may hold, lines, credentials."""
        issuer = PEOPLE[0]
        steps: list[tuple[Any, dict[str, Any]]] = [
            (issuer, {"TransactionType": "AccountSet", "SetFlag": 17}),
            (issuer, {"TransactionType": "AccountSet", "SetFlag": 8}),
            (
                issuer,
                {"TransactionType": "MPTokenIssuanceCreate", "Flags": 0x6A, "TransferFee": 500},
            ),
        ]
        for step in steps:
            self.send(step[0], self.sequence(step[0]), step[1])
        self.node.close()
        (token,) = [entry.key for entry in self.entries("MPTokenIssuance")]
        issuance = self.node.closed.read(token)
        assert issuance is not None
        token_id = issuance["Sequence"].to_bytes(4, "big") + issuer.account
        for person in PEOPLE[1:]:
            limit = IssuedAmount.of(10**6, 0, USD, issuer.account)
            for fields in (
                {"TransactionType": "MPTokenAuthorize", "MPTokenIssuanceID": token_id},
                {"TransactionType": "TrustSet", "LimitAmount": limit},
            ):
                self.send(person, self.sequence(person), fields)
        self.node.close()
        for person in PEOPLE[1:]:
            for amount in (MPTAmount(5000, token_id), IssuedAmount.of(5000, 0, USD, issuer.account)):
                fields = {"TransactionType": "Payment", "Destination": person.account, "Amount": amount}
                self.send(issuer, self.sequence(issuer), fields)
        self.node.close()

    # --- the ledger ---

    def entries(self, *kinds: str) -> list[Entry]:
        """What the last closed ledger holds of some types."""
        found: list[Entry] = []
        at = self.node.closed.after(bytes(32))
        while at is not None:
            entry = self.node.closed.read(at)
            assert entry is not None
            if entry.kind in kinds:
                found.append(entry)
            at = self.node.closed.after(at)
        return found

    def sequence(self, person: Any) -> int:
        """An account's next Sequence; 0 when it is gone."""
        root = self.node.open.read(keylets.account(person.account))
        return 0 if root is None else int(root["Sequence"])

    def send(self, signer: Any, sequence: int, fields: dict[str, Any]) -> None:
        """Sign and submit; what cannot be encoded or fails local checks is passed over."""
        try:
            blob = signed(signer, Sequence=sequence, **{"Fee": 1_000_000, **fields})
            tx = Transaction.from_blob(bytes.fromhex(blob))
        except (CodecError, AmountError, OverflowError):
            return
        if local_checks(tx, self.node.settings.rules) is None:
            self.results.add(self.node.submit(tx).result)

    # --- values ---

    def account(self) -> bytes:
        """Mostly someone who exists."""
        return self.chance.choice([*(person.account for person in PEOPLE), bytes(20), b"\x07" * 20])

    def token(self) -> bytes:
        """An issuance's id, or what could be one."""
        known = [
            entry["Sequence"].to_bytes(4, "big") + entry["Issuer"]
            for entry in self.entries("MPTokenIssuance")
        ]
        picked: bytes = self.chance.choice([*known, *known, b"\x00\x00\x00\x09" + self.account()])
        return picked

    def amount(self) -> int | IssuedAmount | MPTAmount:
        """XRP, a currency or a token."""
        pick = self.chance.random()
        if pick < 0.3:
            return self.chance.choice([0, 1, 1000, 2_000_000, 10**17])
        if pick < 0.6:
            mantissa = self.chance.choice([0, 1, 500, 3333333333333333])
            return IssuedAmount.of(mantissa, self.chance.choice([0, 0, -12]), USD, PEOPLE[0].account)
        return MPTAmount(self.chance.choice([0, 1, 100, 4000, 2**63 - 1]), self.token())

    def value(self, name: str, sender: Any) -> Any:
        """A value for a field, by its type and by its name."""
        chance = self.chance
        kind = FIELDS[name].type
        now = self.node.closed.close_time
        if name in ("Expiration", "CancelAfter", "FinishAfter"):
            return max(0, now + chance.choice([-100, -1, 0, 1, 2, 50]))
        if name in ("OfferSequence", "TicketSequence"):
            return max(0, self.sequence(sender) - chance.randrange(6))
        if name == "MPTokenIssuanceID":
            return self.token()
        if kind == "AccountID":
            return self.account()
        if kind == "Amount":
            return self.amount()
        if kind == "Hash256":
            wanted = {"CheckID": "Check", "Channel": "PayChannel"}.get(name, "Credential")
            return self.concerned(wanted, sender) or bytes(32)
        if kind == "Vector256":
            own = self.concerned("Credential", sender)
            return [own or bytes(32) for _ in range(chance.choice([0, 1, 1, 1, 2, 9]))]
        if kind == "Blob":
            proper = {
                "PublicKey": sender.public,
                "Condition": CONDITION,
                "Fulfillment": FULFILLMENT,
                "CredentialType": b"kind",
            }.get(name, b"x")
            return chance.choice([proper, proper, proper, proper, b"", bytes(300)])
        if kind in ("UInt8", "UInt16", "UInt32", "UInt64"):
            return chance.choice([0, 1, 2, 3, 8, 200])
        return self.nested(name, sender)

    def nested(self, name: str, sender: Any) -> Any:
        """An array or a set of paths."""
        chance = self.chance
        if name == "SignerEntries":
            weights = [chance.choice([0, 1, 2]) for _ in range(chance.choice([0, 1, 3]))]
            return [{"SignerEntry": {"Account": self.account(), "SignerWeight": one}} for one in weights]
        if name in ("AuthorizeCredentials", "UnauthorizeCredentials"):
            return [
                {"Credential": {"Issuer": self.account(), "CredentialType": b"kind"}}
                for _ in range(chance.choice([0, 1, 2]))
            ]
        if name == "RawTransactions":
            count = chance.choice([1, 2, 2, 3, 9])
            return [{"RawTransaction": self.inner(sender, number)} for number in range(count)]
        return []

    def concerned(self, kind: str, sender: Any) -> bytes | None:
        """An entry of a type, if there is one: more likely one that the sender has to do with."""
        found = self.entries(kind)
        mine = [entry for entry in found if sender.account in entry.values()]
        pool = mine if mine and self.chance.random() < 0.8 else found
        return self.chance.choice(pool).key if pool else None

    def inner(self, sender: Any, number: int) -> dict[str, Any]:
        """A transaction that may be part of a Batch."""
        fields = self.fields(
            sender, self.chance.choice([kind for kind in sorted(TRANSACTORS) if kind != "Batch"])
        )
        flags = (fields.get("Flags", 0) & (TRANSACTORS[fields["TransactionType"]].FLAGS)) | INNER_BATCH
        return {
            **fields,
            "Account": sender.account,
            "Sequence": self.sequence(sender) + 1 + number,
            "Fee": 0,
            "SigningPubKey": b"",
            "Flags": flags,
        }

    def fields(self, sender: Any, kind: str) -> dict[str, Any]:
        """A random transaction of a type: what it requires, and some of the rest."""
        chance = self.chance
        out: dict[str, Any] = {"TransactionType": kind}
        often = chance.choice([0.0, 0.1, 0.5])
        for name, style in TRANSACTION_FORMATS[kind].items():
            if name in COMMON or name in NEVER or (name in ABSENT and chance.random() < 0.9):
                continue
            if style == REQUIRED or chance.random() < often:
                out[name] = self.value(name, sender)
        if kind.startswith("PaymentChannel"):
            for name in ("Amount", "Balance"):
                if name in out:
                    out[name] = chance.choice([1, 500, 1_000_000])
        if kind in ("EscrowFinish", "EscrowCancel"):
            escrow = self.node.closed.read(self.concerned("Escrow", sender) or bytes(32))
            if escrow is not None:
                out |= {"Owner": escrow["Account"], "OfferSequence": escrow["Sequence"]}
        own = [1 << bit for bit in range(32) if TRANSACTORS[kind].FLAGS >> bit & 1]
        if chance.random() < 0.7 or kind == "Batch":
            out["Flags"] = chance.choice([*own, 0 if kind != "Batch" else own[0]])
        elif chance.random() < 0.3:
            out["Flags"] = chance.choice([1, 2, 0x60000, 0xFFFFFFFF])
        return out

    def run(self) -> None:
        """Rounds of noise."""
        kinds = sorted(TRANSACTORS)
        for _ in range(ROUNDS):
            for _ in range(PER_ROUND):
                sender = self.chance.choice(PEOPLE)
                self.send(sender, self.sequence(sender), self.fields(sender, self.chance.choice(kinds)))
            self.node.close(self.node.closed.close_time + self.chance.choice([1, 5, 60]))


@pytest.mark.parametrize("seed", range(12))
def test_no_fields_end_in_an_exception(seed: int) -> None:
    noise = Noise(seed)
    noise.run()
    assert not noise.results & DISASTERS
    held: dict[bytes, int] = {}
    locked: dict[bytes, int] = {}
    for entry in noise.entries("MPToken"):
        token: bytes = entry["MPTokenIssuanceID"]
        locked[token] = locked.get(token, 0) + entry.get("LockedAmount", 0)
        held[token] = held.get(token, 0) + entry.get("MPTAmount", 0) + entry.get("LockedAmount", 0)
    for entry in noise.entries("MPTokenIssuance"):
        token = entry["Sequence"].to_bytes(4, "big") + entry["Issuer"]
        assert entry["OutstandingAmount"] == held.get(token, 0)
        assert entry.get("LockedAmount", 0) == locked.get(token, 0)
