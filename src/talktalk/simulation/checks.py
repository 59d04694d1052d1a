"""What must hold, looked at as the run goes and once more at its end.

As it goes:
- a blob that reaches the network stands in a committed row;
- two blobs of one number, or of one intent, never can both still apply;
- each intent's payment is in validated ledgers at most once, and never after we called it over;
- a transfer that has ended says what the ledger says, and never changes again.

At the end, when nothing fails any more:
- every intent has ended, every open transaction too;
- the accounts we keep are the ledger's, to the drop, and nobody has more or less than the payments say;
- cards stand once and show their row; positions of rooms and people have no gaps; what a device heard by
  events is what it would be told afresh; activity and audit tell each payment once.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from talktalk.simulation.loop import Process
from talktalk.simulation.memory.store import Store, Version
from talktalk.simulation.nodes import Network, effects
from talktalk.simulation.people import Intent, Person
from talktalk.simulation.trace import Trace
from xrpl_codec.base58 import decode_account, encode_account
from xrpl_devnet.ledger import keylets
from xrpl_devnet.node import LedgerEvent
from xrpl_devnet.tx.transaction import Transaction

ENDED = frozenset({"settled", "failed", "expired", "cancelled"})
UNPAID = frozenset({"failed", "expired", "cancelled"})


class Violated(BaseException):
    """Something that must hold does not; no `Exception`, so that nobody on the way can hide it."""


class Checks:
    """The eyes of one run."""

    def __init__(
        self, store: Store, network: Network, people: Sequence[Person], intents: list[Intent], trace: Trace
    ) -> None:
        self._store = store
        self._network = network
        self._people = {person.address: person for person in people}
        self._intents = intents
        self._trace = trace
        self._paid: Counter[tuple[str, int]] = Counter()
        """Payments that succeeded, by sender and amount."""
        self._fees: Counter[str] = Counter()
        self._sent: dict[tuple[str, int], dict[bytes, int]] = {}
        """By account and number: blobs that were sent, with their last ledger."""
        self._sent_for: dict[tuple[str, int], dict[bytes, int]] = {}
        """By sender and amount: the same."""
        self._in_ledger: set[bytes] = set()
        self._ends: dict[UUID, str] = {}
        self._start_drops: dict[str, int] = {}
        self.violation: Violated | None = None

    def begin(self, start_drops: int) -> None:
        """Everybody has so much; from now on nothing goes unseen."""
        self._start_drops = dict.fromkeys(self._people, start_drops)
        self._network.on_submission = self._submitted
        self._network.ledger.listeners.closed.append(self._closed)

    def fail(self, why: str) -> None:
        """Note a violation; the first counts."""
        if self.violation is None:
            self.violation = Violated(why)
            self._trace.note("CHECK", why)

    def rows(self, table: str) -> list[Version]:
        """Committed rows."""
        return [row.committed for row in self._store.tables[table].rows if row.committed is not None]

    # --- as it goes ---

    def _submitted(self, process: Process | None, tx: Transaction) -> None:
        self._trace.note(process.name if process else "?", f"sends {tx.id.hex()[:8]}")
        if not any(row["blob"] == tx.blob for row in self.rows("outgoing_transactions")):
            self.fail(f"{tx.id.hex()} was sent, and no committed row holds it")
        closed = self._network.ledger.closed.index
        account, last = encode_account(tx.account), int(tx.fields["LastLedgerSequence"])
        number = (account, int(tx.fields["Sequence"]))
        intent = (account, int(tx.fields["Amount"]))
        for what, key, known in (
            ("number", number, self._sent.setdefault(number, {})),
            ("intent", intent, self._sent_for.setdefault(intent, {})),
        ):
            for other, other_last in known.items():
                if other != tx.id and (closed < other_last or other in self._in_ledger):
                    self.fail(f"{tx.id.hex()} was sent for {what} {key} while {other.hex()} can still apply")
            known[tx.id] = last

    def _closed(self, event: LedgerEvent) -> None:
        for sender, drops, result, fee, tx_id in effects(event):
            if sender not in self._people:
                continue
            self._trace.note("LEDGER", f"{event.ledger.index}: {tx_id.hex()[:8]} {result} {drops}")
            self._in_ledger.add(tx_id)
            self._fees[sender] += fee
            if result == "tesSUCCESS":
                self._paid[sender, drops] += 1
                if self._paid[sender, drops] > 1:
                    self.fail(f"{sender} paid {drops} drops twice")
        self.look()

    def look(self) -> None:
        """Compare every transfer with the ledger."""
        for row in self.rows("transfers"):
            state, before = row["state"], self._ends.get(row["id"])
            if before is not None and state != before:
                self.fail(f"transfer {row['id']} was {before} and is {state}")
            if state in ENDED:
                self._ends[row["id"]] = state
            paid = self._paid[row["account"], row["amount_drops"]]
            if (state == "settled" and paid != 1) or (state in UNPAID and paid):
                self.fail(f"transfer {row['id']} is {state}, and the ledger has {paid} payments of it")

    @property
    def is_quiet(self) -> bool:
        """Whether everything has ended and every ledger is processed."""
        heads = self.rows("ledger_heads")
        return (
            all(row["state"] in ENDED for row in self.rows("transfers"))
            and not any(row["state"] in ("signed", "submitted") for row in self.rows("outgoing_transactions"))
            and bool(heads)
            and heads[0]["ledger_index"] >= self._network.ledger.closed.index - 1
        )

    # --- at the end ---

    def end(self) -> None:
        """Everything that must hold once it is quiet.

        Raises:
            Violated: The first thing that does not.
        """
        self.look()
        if not self.is_quiet:
            open_ = [(row["id"], row["state"]) for row in self.rows("transfers") if row["state"] not in ENDED]
            live = [
                (row["tx_hash"][:8], row["state"], row["last_ledger"])
                for row in self.rows("outgoing_transactions")
                if row["state"] in ("signed", "submitted")
            ]
            heads = [row["ledger_index"] for row in self.rows("ledger_heads")]
            self.fail(
                f"nothing fails any more, and not all has ended: {open_} {live},"
                f" processed {heads} of {self._network.ledger.closed.index}"
            )
        for check in (self._accounts, self._numbers, self._rooms, self._feeds, self._activities, self._audit):
            if self.violation is None:
                check()
        if self.violation is not None:
            raise self.violation

    def _accounts(self) -> None:
        ours = {row["address"]: row for row in self.rows("ledger_accounts")}
        by_key = {(intent.sender.address, intent.amount_drops): intent for intent in self._intents}
        expected = dict(self._start_drops)
        for (sender, drops), count in self._paid.items():
            expected[sender] -= drops * count
            expected[by_key[sender, drops].recipient.address] += drops * count
        for address in self._people:
            root = self._network.ledger.closed.read(keylets.account(decode_account(address)))
            assert root is not None
            balance = int(root["Balance"])
            if balance != expected[address] - self._fees[address]:
                self.fail(f"{address} has {balance} drops, by its payments {expected[address]} less fees")
            if (ours[address]["balance_drops"], ours[address]["sequence"]) != (balance, root["Sequence"]):
                self.fail(f"we think {address} has {ours[address]}, the ledger has {balance}")

    def _numbers(self) -> None:
        used: Counter[tuple[str, int]] = Counter(
            (row["account"], row["sequence"])
            for row in self.rows("outgoing_transactions")
            if row["state"] in ("settled", "failed")
        )
        for number, count in used.items():
            if count > 1:
                self.fail(f"number {number} was used {count} times")

    def _rooms(self) -> None:
        transfers = {row["id"]: row for row in self.rows("transfers")}
        events: dict[UUID, list[Version]] = {}
        for row in self.rows("room_events"):
            events.setdefault(row["room_id"], []).append(row)
        cards: Counter[UUID] = Counter()
        for room in self.rows("rooms"):
            found = sorted(events.get(room["id"], []), key=lambda row: int(row["seq"]))
            if [row["seq"] for row in found] != list(range(1, room["head_seq"] + 1)):
                self.fail(f"room {room['id']} has gaps: {[row['seq'] for row in found]}")
            newest: dict[UUID, str] = {}
            for row in found:
                if row["kind"] == "posted":
                    newest[row["message_id"]] = ""
                elif row["kind"] == "card":
                    newest[row["target_id"]] = row["data"]
            for row in found:
                if row["kind"] != "posted" or row["ref"] not in transfers:
                    continue
                cards[row["ref"]] += 1
                card, transfer = msgspec.json.decode(row["card"]), transfers[row["ref"]]
                if newest[row["message_id"]] not in ("", row["card"]):
                    self.fail(f"the card of {row['ref']} is not what its last event said")
                if (card["state"], card["version"]) != (transfer["state"], transfer["version"]):
                    self.fail(f"the card of {row['ref']} shows {card['state']}, it is {transfer['state']}")
        for transfer in transfers.values():
            wanted = 1 if transfer["tx_hash"] is not None and transfer["wants_card"] else 0
            if cards[transfer["id"]] != wanted:
                self.fail(f"transfer {transfer['id']} has {cards[transfer['id']]} cards, not {wanted}")

    def _feeds(self) -> None:
        heads = {row["user_id"]: row["seq"] for row in self.rows("feed_heads")}
        seqs: dict[UUID, list[int]] = {}
        for row in self.rows("feed_events"):
            seqs.setdefault(row["user_id"], []).append(row["seq"])
        for user_id, seq in heads.items():
            if sorted(seqs.get(user_id, [])) != list(range(1, seq + 1)):
                self.fail(f"the events of {user_id} have gaps")
        transfers = self.rows("transfers")
        for person in self._people.values():
            if person.heard_seq != heads.get(person.id, 0):
                self.fail(f"the device of {person.number} never heard all: {person.heard_seq}")
            for row in transfers:
                if row["sender_id"] == person.id:
                    self._screen(person, row)

    def _screen(self, person: Person, row: Version) -> None:
        shown: dict[str, Any] | None = person.screen.get(row["id"])
        if shown is None:
            if row["version"] > 1:
                self.fail(f"the device of {person.number} never heard of {row['id']}")
            return
        wanted = (row["state"], row["version"], row["uncertain"], row["tx_hash"], row["ledger_index"])
        got = tuple(shown[name] for name in ("state", "version", "uncertain", "tx_hash", "ledger_index"))
        if got != wanted:
            self.fail(f"the device of {person.number} shows {got}, the row is {wanted}")

    def _activities(self) -> None:
        told: dict[tuple[UUID, bool], list[Version]] = {}
        for row in self.rows("activities"):
            if row["transfer_id"] is not None:
                told.setdefault((row["transfer_id"], row["incoming"]), []).append(row)
        for row in self.rows("transfers"):
            out, incoming = told.get((row["id"], False), []), told.get((row["id"], True), [])
            if [each["state"] for each in out] != ([row["state"]] if row["tx_hash"] is not None else []):
                self.fail(f"activity of {row['id']}: {[each['state'] for each in out]}")
            if len(incoming) != (1 if row["state"] == "settled" else 0):
                self.fail(f"the recipient of {row['id']} was told {len(incoming)} times")

    def _audit(self) -> None:
        told = Counter((row["subject_id"], row["kind"]) for row in self.rows("audit_events"))
        for row in self.rows("transfers"):
            wanted = Counter({"transfer.drafted": 1})
            if row["tx_hash"] is not None:
                wanted["transfer.signed"] = 1
                wanted[f"transfer.{row['state']}"] = 1
            elif row["state"] == "cancelled":
                wanted["transfer.cancelled"] = 1
            found = {kind: count for (subject, kind), count in told.items() if subject == row["id"]}
            if found != wanted:
                self.fail(f"the log of {row['id']} ({row['state']}) tells {found}")
