"""People with devices: they pay each other crosswise, tap twice, mistype their PIN, change their minds.

Each payment has an amount of its own, by which its effect is found in the ledger without asking us. Whoever
gets no answer asks again with the same key, perhaps elsewhere.
"""

import asyncio
import hashlib
from random import Random
from typing import Any, Final
from uuid import UUID

import msgspec
from nacl.signing import SigningKey
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from talktalk.custody.sealed_secrets import seal
from talktalk.identity.schemas import Caller
from talktalk.ledger.addresses import address_of
from talktalk.ledger.amounts import format_drops
from talktalk.platform.problems import Trouble
from talktalk.simulation.house import KEY, House, WebDown
from talktalk.transfers.rules import WARNINGS
from talktalk_wire.transfers import AmountAsk, ApproveAsk, Transfer, TransferAsk, TransferState

PIN: Final = b"402817"
WRONG_PIN: Final = b"111111"
ENDS: Final = (
    TransferState.SETTLED,
    TransferState.FAILED,
    TransferState.EXPIRED,
    TransferState.CANCELLED,
)
TRIES: Final = 6


class Person:
    """Somebody, on one device."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.id = UUID(int=0x1000 + number)
        self.device_id = UUID(int=0x2000 + number)
        self.key = SigningKey(hashlib.sha256(b"simulated %d" % number).digest())
        self.public_key = "ED" + bytes(self.key.verify_key).hex().upper()
        self.address = address_of(bytes.fromhex(self.public_key))
        self.caller = Caller(self.id, UUID(int=0x3000 + number), self.device_id)
        self.heard_seq = 0
        self.screen: dict[UUID, dict[str, Any]] = {}
        """What the device shows of each of its transfers, by events alone."""


class Intent(msgspec.Struct):
    """A payment somebody wants."""

    amount_drops: int
    sender: Person
    recipient: Person
    key: str
    id: UUID | None = None


class People:
    """What everybody does in one run."""

    def __init__(self, house: House, people: list[Person], chance: Random) -> None:
        self._house = house
        self._people = people
        self._chance = chance
        self.intents: list[Intent] = []

    async def live(self, payments: int) -> None:
        """Everybody makes payments, all at the same time."""
        async with asyncio.TaskGroup() as group:
            for _ in range(payments):
                sender, recipient = self._chance.sample(self._people, 2)
                number = len(self.intents)
                intent = Intent(
                    amount_drops=1_000_000 * self._chance.choice((1, 2, 3, 30)) + number + 1,
                    sender=sender,
                    recipient=recipient,
                    key=f"key-{number}",
                )
                self.intents.append(intent)
                group.create_task(self._pay(intent))

    async def listen(self, person: Person) -> None:
        """A device hears events by position, whenever it happens to be connected."""
        while True:
            await asyncio.sleep(1 + self._chance.random() * 6)
            await self.hear(person)

    async def hear(self, person: Person) -> int | None:
        """Fetch what is new: how many events; None if nobody answered."""
        try:
            events = await self._anywhere().request(lambda web: web.events(person.id, person.heard_seq))
        except (WebDown, DBAPIError, SQLAlchemyError):
            return None
        for event in events:
            if event.seq <= person.heard_seq:
                continue  # two fetches crossed
            person.heard_seq = event.seq
            if event.kind == "transfer.turned":
                transfer = event.data["transfer"]
                person.screen[UUID(transfer["id"])] = transfer
        return len(events)

    def _anywhere(self) -> Any:
        return self._chance.choice(self._house.webs)

    async def _pay(self, intent: Intent) -> None:
        await asyncio.sleep(self._chance.random() * self._house.profile.chaos_s * 0.6)
        transfer = await self._create(intent)
        if transfer is None:
            return
        intent.id = transfer.id
        for _ in range(TRIES):
            if self._chance.random() < 0.06:
                return  # they look at something else; it lapses
            if self._chance.random() < 0.08:
                await self._cancel(transfer)
            if transfer.draft is not None:
                await self._approve(intent, transfer)
            if self._chance.random() < 0.05:
                await self._cancel(transfer)
            found = await self._until_settled_or_back(intent, transfer.id)
            if found is None or found.state is not TransferState.DRAFTED:
                return
            transfer = found

    async def _create(self, intent: Intent) -> Transfer | None:
        ask = TransferAsk(
            amount=AmountAsk(value=format_drops(intent.amount_drops)),
            user_id=intent.recipient.id,
            accepted_warnings=WARNINGS,
        )
        if self._chance.random() < 0.15:  # a double tap, to two processes perhaps
            first, _ = await asyncio.gather(self._create_once(intent, ask), self._create_once(intent, ask))
            return first
        return await self._create_once(intent, ask)

    async def _create_once(self, intent: Intent, ask: TransferAsk) -> Transfer | None:
        for _ in range(40):
            try:
                made: Transfer = await self._anywhere().request(
                    lambda web: web.create(intent.sender.caller, intent.key, ask)
                )
            except (WebDown, SQLAlchemyError):
                await asyncio.sleep(0.2 + self._chance.random())
            except Trouble as trouble:
                self._house.trace.note("person", f"is refused {intent.key}: {trouble.code}")
                if trouble.status not in (429, 503):
                    return None
                await asyncio.sleep(1 + self._chance.random() * 3)
            else:
                return made
        return None

    async def _approve(self, intent: Intent, transfer: Transfer) -> None:
        assert transfer.draft is not None
        wrong = self._chance.random() < 0.08
        signing_hash = transfer.draft.signing_hash
        sealed = seal(
            WRONG_PIN if wrong else PIN, KEY.public_key, "transfer.approve", bytes.fromhex(signing_hash)
        )
        ask = ApproveAsk(signing_hash=signing_hash, worker_key_id=KEY.id, sealed_pin=sealed)
        taps = 2 if self._chance.random() < 0.2 else 1
        await asyncio.gather(*(self._approve_once(intent, transfer.id, ask) for _ in range(taps)))

    async def _approve_once(self, intent: Intent, transfer_id: UUID, ask: ApproveAsk) -> None:
        for _ in range(20):
            try:
                await self._anywhere().request(
                    lambda web: web.approve(intent.sender.caller, transfer_id, ask)
                )
            except (WebDown, SQLAlchemyError):
                await asyncio.sleep(0.2 + self._chance.random())
            except Trouble:
                return
            else:
                return

    async def _cancel(self, transfer: Transfer) -> None:
        for person in self._people:
            if person.id == transfer.sender.id:
                try:
                    await self._anywhere().request(lambda web: web.cancel(person.caller, transfer.id))  # noqa: B023 - called at once
                except (WebDown, SQLAlchemyError, Trouble):
                    return

    async def _until_settled_or_back(self, intent: Intent, transfer_id: UUID) -> Transfer | None:
        """Wait for an end, or for the draft to come back; None if patience ends."""
        for _ in range(40):
            await asyncio.sleep(1 + self._chance.random() * 3)
            try:
                found: Transfer = await self._anywhere().request(
                    lambda web: web.read(intent.sender.id, transfer_id)
                )
            except (WebDown, SQLAlchemyError):
                continue
            if found.state in ENDS or found.state is TransferState.DRAFTED:
                return found
        return None
