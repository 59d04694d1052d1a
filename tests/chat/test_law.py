"""One law for every event: what a client had, plus the events it was pushed, is what it would read afresh."""

import random
from functools import partial
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from talktalk.chat import cards
from talktalk.chat.cards import NewCard
from talktalk.platform.database import Database
from talktalk_wire.chat import MessageKind, Room
from tests.chat.world import Human, Line, World, world_of
from tests.fixtures_app import RunningApp


class Replica:
    """What a client keeps of its rooms, changed by pushes alone."""

    def __init__(self, human: Human, rooms: list[Room]) -> None:
        self.me = str(human.id)
        self.rooms: dict[str, dict[str, Any]] = {}
        self.unread: dict[str, list[tuple[int, str]]] = {}
        for room in rooms:
            self._adopt(msgspec.to_builtins(room))

    def _adopt(self, room: dict[str, Any]) -> None:
        self.rooms[room["id"]] = room
        assert room["unread"] <= 1, "rooms are told of while they are young"
        last = room["last_message"]
        self.unread[room["id"]] = [(last["seq"], last["id"])] if room["unread"] else []

    def apply(self, line: Line) -> None:
        """Take in everything that was pushed."""
        for frame in line.frames:
            if frame.t == "user.event":
                self._user_event(frame.d)
            elif frame.t == "room.event":
                self._room_event(frame.d)
            elif frame.t == "read.moved":
                for member in self.rooms[frame.d["room_id"]]["members"]:
                    seq = frame.d["cursors"].get(member["person"]["id"], 0)
                    member["read_seq"] = max(member["read_seq"], seq)
        line.frames.clear()

    def has_come_to(self, heads: dict[str, int], line: Line) -> bool:
        """Whether the pushes so far bring every room to its head."""
        self.apply(line)
        return all(self.rooms.get(room_id, {}).get("head_seq") == seq for room_id, seq in heads.items())

    def _user_event(self, event: dict[str, Any]) -> None:
        data = event["data"]
        if event["kind"] == "room.opened":
            self._adopt(data["room"])
        elif event["kind"] == "room.folder":
            room = self.rooms[data["room_id"]]
            room["folder"], room["can_write"] = data["folder"], True
        elif event["kind"] == "cursor.moved":
            room = self.rooms[data["room_id"]]
            room["read_seq"] = max(room["read_seq"], data["seq"])
            mine = next(each for each in room["members"] if each["person"]["id"] == self.me)
            mine["read_seq"] = max(mine["read_seq"], data["seq"])
            kept = [each for each in self.unread[room["id"]] if each[0] > data["seq"]]
            room["unread"] -= len(self.unread[room["id"]]) - len(kept)
            self.unread[room["id"]] = kept

    def _room_event(self, event: dict[str, Any]) -> None:
        room = self.rooms[event["room_id"]]
        assert event["seq"] == room["head_seq"] + 1
        room["head_seq"] = event["seq"]
        if event["kind"] == "posted":
            message = room["last_message"] = event["message"]
            if message["sender_id"] != self.me and event["seq"] > room["read_seq"]:
                room["unread"] += 1
                self.unread[room["id"]].append((event["seq"], message["id"]))
        elif event["kind"] == "card" and room["last_message"]["id"] == event["target_id"]:
            room["last_message"]["card"] = event["data"]


def _by_id(rooms: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    for room in rooms:
        room["members"].sort(key=lambda member: member["person"]["id"])
    return {room["id"]: room for room in rooms}


async def _act(
    chance: random.Random, world: World, database: Database, people: list[tuple[Human, Line]]
) -> None:
    human, line = chance.choice(people)
    rooms = await world.rooms(human)
    kind = chance.choice(["open", "send", "send", "send", "read", "read", "card", "accept"])
    if kind == "open" or not rooms:
        other = chance.choice([each for each, _ in people if each is not human])
        await world.open(human, other)
        return
    room = chance.choice(rooms)
    if kind == "send":
        await line.send(room.id, uuid4().hex)
    elif kind == "read" and room.head_seq:
        await line.until(lambda: str(room.id) in _known(line))
        await line.ask("read.move", {"room_id": str(room.id), "seq": chance.randrange(room.head_seq + 1)})
    elif kind == "card":
        ref = uuid4()
        async with database.transaction() as db:
            card = NewCard(
                room_id=room.id, sender_id=human.id, client_id=ref.hex, kind=MessageKind.TRANSFER, ref=ref,
                body="5 XRP", card={"state": "submitted"},
            )  # fmt: skip
            await cards.post_card(db, card)
        async with database.transaction() as db:
            await cards.turn_card(db, ref=ref, card={"state": "settled"})
    elif kind == "accept":
        await world.call(human, "POST", f"/rooms/{room.id}/accept")


def _known(line: Line) -> set[str]:
    """Rooms that this socket follows, as far as it has been told."""
    opened = {
        push["data"]["room"]["id"] for push in line.pushes("user.event") if push["kind"] == "room.opened"
    }
    return opened | set(line.welcome["heads"]["rooms"])


@pytest.mark.parametrize("seed", [20260104, 20260105])
async def test_old_state_and_events_make_the_state_read_afresh(running_app: RunningApp, seed: int) -> None:
    chance = random.Random(seed)
    database = Database(running_app.settings.database_url)
    async with world_of(running_app) as world:
        mina, jun, stranger = [await world.human(name) for name in ("Mina", "Jun", "Stranger")]
        await world.befriend(mina, jun)
        async with world.line(mina) as a, world.line(jun) as b, world.line(stranger) as c:
            people = [(mina, a), (jun, b), (stranger, c)]
            replicas = [Replica(human, await world.rooms(human)) for human, _ in people]
            for _ in range(40):
                await _act(chance, world, database, people)
            for (human, line), replica in zip(people, replicas, strict=True):
                fresh = _by_id([msgspec.to_builtins(room) for room in await world.rooms(human)])
                heads = {room_id: room["head_seq"] for room_id, room in fresh.items()}
                await line.until(partial(replica.has_come_to, heads, line))
                await line.settle()
                replica.apply(line)
                for room_id, told in _by_id(list(replica.rooms.values())).items():
                    # What a stranger may still send is counted, not pushed.
                    for state in (told, fresh[room_id]):
                        state.pop("can_write")
                    assert told == fresh[room_id], (seed, human.name)
    await database.close()
