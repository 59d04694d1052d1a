"""Coming back: whatever is cut, each event arrives once and in order."""

import asyncio
import os
import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage

from talktalk.realtime.limits import Limits
from tests.chat.world import Human, Line, world_of
from tests.fixtures_app import RunningApp

SEED = int(os.environ.get("TALKTALK_TEST_SEED", "20260101"))
CUTS = 1_000
CLIENTS = 20


class Resumer:
    """A client that is cut again and again, and says its position each time it comes back."""

    def __init__(self, human: Human, app: RunningApp, room_ids: list[UUID], chance: random.Random) -> None:
        self.human = human
        self.app = app
        self.position: dict[str, int] = {str(room_id): 0 for room_id in room_ids}
        self.chance = chance
        self.cuts = 0
        self.done = asyncio.Event()

    async def run(self, cuts: int, heads: dict[str, int]) -> None:
        """Come and go `cuts` times, then stay until everything up to `heads` is here."""
        while self.cuts < cuts:
            await self._visit(self.chance.random() * 0.03, None)
            self.cuts += 1
        while self.position != heads:
            await self._visit(5.0, heads)

    async def _visit(self, stay_s: float, heads: dict[str, int] | None) -> None:
        position = {"user_seq": 0, "rooms": dict(self.position)}
        try:
            async with Line.open(self.human, self.app) as line:
                welcome = await line.ask("hello", {"position": position})
                assert welcome.t == "welcome"
                try:
                    async with asyncio.timeout(stay_s):
                        await line.until(lambda: heads is not None and self._ahead(line) == heads)
                except TimeoutError:
                    pass
                line.cut()
                self._take(line)
        except (ConnectionClosed, InvalidMessage, ConnectionError, asyncio.CancelledError):
            if asyncio.current_task().cancelling():  # type: ignore[union-attr]  # we are in a task
                raise

    def _ahead(self, line: Line) -> dict[str, int]:
        ahead = dict(self.position)
        for event in line.pushes("room.event"):
            ahead[event["room_id"]] = event["seq"]
        return ahead

    def _take(self, line: Line) -> None:
        for stale in line.pushes("stale"):
            assert not stale["rooms"], "so little is never too much"
        for event in line.pushes("room.event"):
            room_id, seq = event["room_id"], event["seq"]
            assert seq == self.position[room_id] + 1, f"{room_id}: {seq} after {self.position[room_id]}"
            self.position[room_id] = seq


@pytest.mark.timeout(400)
async def test_a_thousand_random_cuts_leave_no_gap_and_no_double(running_app: RunningApp) -> None:
    chance = random.Random(SEED)
    async with world_of(running_app) as world:
        people = [await world.human(f"Person {number}") for number in range(CLIENTS)]
        room_ids = [await world.group(*people) for _ in range(3)]
        resumers = [Resumer(human, running_app, room_ids, chance) for human in people]
        heads = {str(room_id): 100 for room_id in room_ids}

        async def talk() -> None:
            async with world.line(people[0]) as line:
                for number in range(100):
                    for room_id in room_ids:
                        await line.send(room_id, f"talk-{number:03}-{room_id.hex}")
                    await asyncio.sleep(chance.random() * 0.1)

        async with asyncio.timeout(380):
            await asyncio.gather(talk(), *(resumer.run(CUTS // CLIENTS, heads) for resumer in resumers))
        assert sum(resumer.cuts for resumer in resumers) == CUTS
        assert all(resumer.position == heads for resumer in resumers), SEED


async def test_too_much_to_replay_is_named_stale_and_followed_from_the_head(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        other_room = await world.group(mina, jun)
        async with world.line(mina) as hers:
            count = Limits().replay_room + 1
            await asyncio.gather(*(hers.send(room_id, f"many-{number:05}") for number in range(count)))
            await hers.send(other_room, "only-one-here")
            position = {"user_seq": 0, "rooms": {str(room_id): 0, str(other_room): 0}}
            async with world.line(jun, position=position) as his:
                stale = await his.wait("stale")
                assert stale.d["rooms"] == [str(room_id)]
                await his.until(lambda: his.seqs(other_room) == [1])
                await hers.send(room_id, "after-the-welcome")
                await his.until(lambda: his.seqs(room_id) == [count + 1])
                page = await his.ask("room.fetch", {"room_id": str(room_id), "after": 0, "limit": 200})
                assert [event["seq"] for event in page.d["items"]] == list(range(1, 201))
                newest = await his.ask("room.fetch", {"room_id": str(room_id), "limit": 3})
                assert [event["seq"] for event in newest.d["items"]] == [count - 1, count, count + 1]
                older = await his.ask("room.fetch", {"room_id": str(room_id), "before": 3})
                assert [event["seq"] for event in older.d["items"]] == [1, 2]
                nothing = await his.ask("room.fetch", {"room_id": str(room_id), "after": 10**30})
                assert (nothing.d["items"], nothing.d["head_seq"]) == ([], count + 1)


async def test_positions_nobody_can_have_are_stale_not_believed(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        foreign = await world.group(await world.human())
        claims: dict[str, Any] = {"user_seq": 10**12, "rooms": {str(room_id): 999, str(foreign): 0}}
        async with world.line(mina) as hers, world.line(jun, position=claims) as his:
            assert str(foreign) not in his.welcome["heads"]["rooms"]
            stale = await his.wait("stale")
            assert stale.d == {"rooms": [str(room_id)], "user": True}
            await hers.send(room_id, "first-of-all")
            await his.until(lambda: his.seqs(room_id) == [1])


async def test_a_second_hello_starts_over_on_the_same_socket(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, _, room_id = await world.friends()
        async with world.line(mina) as line:
            await line.send(room_id, "first-message")
            await line.send(room_id, "second-message")
            await line.until(lambda: line.seqs(room_id) == [1, 2])
            await line.hello({"user_seq": 0, "rooms": {str(room_id): 1}})
            await line.send(room_id, "third-message")
            await line.until(lambda: line.seqs(room_id) == [1, 2, 2, 3])


async def test_user_events_missed_are_replayed(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun = await world.human("Mina"), await world.human("Jun")
        await world.befriend(mina, jun)
        await world.open(mina, jun)
        third = await world.human("Third")
        await world.call(third, "POST", "/friend-requests", json={"user_id": str(mina.id)})
        async with world.line(mina, position={"user_seq": 0, "rooms": {}}) as line:
            await line.until(lambda: len(line.pushes("user.event")) == 2)
            kinds = [(event["seq"], event["kind"]) for event in line.pushes("user.event")]
            assert kinds == [(1, "room.opened"), (2, "friend.requested")]
            page = await line.ask("user.fetch", {"after": 1})
            assert [event["kind"] for event in page.d["items"]] == ["friend.requested"]
            heads = await line.ask("beat", {})
            assert heads.d["user_seq"] == 2


async def test_what_another_process_wrote_arrives_by_wake_up_or_by_the_sweep(
    running_apps: Callable[..., RunningApp],
) -> None:
    here, there = running_apps(), running_apps()
    async with world_of(here) as world:
        mina, jun, room_id = await world.friends()
        async with world.line(mina, app=here) as hers, world.line(jun, app=there) as his:
            await hers.send(room_id, "from-elsewhere-1")
            await hers.send(room_id, "from-elsewhere-2")
            await world.db.execute("SELECT pg_notify('talktalk', %s)", (f"room:{room_id.hex}:2",))
            await his.until(lambda: his.seqs(room_id) == [1, 2])
            # The next one comes from his own process and finds the order kept.
            await his.send(room_id, "from-here-0003")
            await his.until(lambda: his.seqs(room_id) == [1, 2, 3])
            # Nobody tells hers of it: the sweep does.
            await hers.until(lambda: hers.seqs(room_id) == [1, 2, 3])
