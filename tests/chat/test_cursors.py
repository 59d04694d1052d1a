"""Read cursors and unread counts: exact, the same on every device, never back."""

import asyncio
import random
from uuid import UUID

from talktalk.chat.cursors import PAUSE_S
from tests.chat.world import Human, Line, World, world_of
from tests.fixtures_app import RunningApp


async def _read(line: Line, room_id: UUID, seq: int) -> None:
    assert (await line.ask("read.move", {"room_id": str(room_id), "seq": seq})).t == "ok"


async def _state(world: World, human: Human, room_id: UUID) -> tuple[int, int]:
    room = await world.room(human, room_id)
    return room.read_seq, room.unread


async def test_a_cursor_moves_forward_only_and_never_beyond_the_head(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        async with world.line(mina) as hers, world.line(jun) as his:
            for number in range(5):
                await hers.send(room_id, f"message-{number}")
            assert await _state(world, jun, room_id) == (0, 5)
            assert await _state(world, mina, room_id) == (0, 0), "one's own messages are not unread"
            await his.until(lambda: len(his.seqs(room_id)) == 5)
            for seq, state in ((3, (3, 2)), (1, (3, 2)), (10**30, (5, 0)), (0, (5, 0))):
                await _read(his, room_id, seq)
                assert await _state(world, jun, room_id) == state
            await hers.wait("read.moved", cursors={str(jun.id): 3})
            await hers.wait("read.moved", cursors={str(jun.id): 5})
            answer = await world.call(jun, "PUT", f"/rooms/{room_id}/cursor", json={"seq": 2**62})
            assert answer.status_code == 204


async def test_my_other_devices_learn_what_i_have_read_in_their_own_sequence(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        async with world.line(mina) as hers, world.line(jun) as phone, world.line(jun) as laptop:
            await hers.send(room_id, "message-0001")
            await phone.until(lambda: phone.seqs(room_id) == [1])
            await _read(phone, room_id, 1)
            for line in (phone, laptop):
                event = await line.wait("user.event", kind="cursor.moved")
                assert event.d["data"] == {"room_id": str(room_id), "seq": 1}
            at = event.d["seq"]
        async with world.line(jun, position={"user_seq": at - 1, "rooms": {str(room_id): 1}}) as later:
            replayed = await later.wait("user.event", kind="cursor.moved")
            assert replayed.d["seq"] == at


async def test_many_moves_are_few_frames_and_the_last_one_counts(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        async with world.line(mina) as hers, world.line(jun) as his:
            for number in range(30):
                await hers.send(room_id, f"message-{number:03}")
            await his.until(lambda: len(his.seqs(room_id)) == 30)
            loop = asyncio.get_running_loop()
            started = loop.time()
            await asyncio.gather(*(_read(his, room_id, seq) for seq in range(1, 13)))
            await asyncio.gather(*(_read(his, room_id, seq) for seq in range(13, 25)))
            took = loop.time() - started
            await hers.wait("read.moved", cursors={str(jun.id): 24})
            moved = hers.pushes("read.moved")
            assert len(moved) <= took / PAUSE_S + 2
            events = [push for push in his.pushes("user.event") if push["kind"] == "cursor.moved"]
            assert len(events) == len(moved)
        assert await _state(world, jun, room_id) == (24, 6)


async def test_who_comes_back_learns_how_far_the_others_have_read(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        async with world.line(mina) as hers:
            await hers.send(room_id, "message-0001")
        async with world.line(jun) as his:
            await _read(his, room_id, 1)
        async with world.line(mina, position={"user_seq": 0, "rooms": {str(room_id): 1}}) as hers:
            assert (await hers.wait("read.moved")).d["cursors"] == {str(jun.id): 1}


async def test_unread_counts_agree_with_a_model(running_app: RunningApp) -> None:
    chance = random.Random(20260103)
    async with world_of(running_app) as world:
        people = [await world.human(f"Person {number}") for number in range(3)]
        room_id = await world.group(*people)
        sent: list[int] = []
        cursors = dict.fromkeys(range(3), 0)
        async with world.line(people[0]) as a, world.line(people[1]) as b, world.line(people[2]) as c:
            lines = [a, b, c]
            for step in range(60):
                who = chance.randrange(3)
                if chance.random() < 0.7:
                    await lines[who].send(room_id, f"step-{step:04}")
                    sent.append(who)
                else:
                    await lines[who].until_count(room_id, len(sent))
                    seq = chance.randrange(len(sent) + 1)
                    await _read(lines[who], room_id, seq)
                    cursors[who] = max(cursors[who], seq)
        for who, human in enumerate(people):
            unread = sum(sender != who for sender in sent[cursors[who] :])
            assert await _state(world, human, room_id) == (cursors[who], unread)
            (listed,) = await world.rooms(human)
            assert (listed.unread, listed.read_seq, listed.head_seq) == (unread, cursors[who], len(sent))
