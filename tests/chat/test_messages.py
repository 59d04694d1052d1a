"""Sending, over real sockets and a real database: one order, nothing lost, nothing doubled."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

from talktalk_wire.chat import BODY_LENGTH_MAX
from tests.chat.world import world_of
from tests.fixtures_app import RunningApp


async def test_a_message_reaches_both_in_one_order_and_is_acked_with_its_position(
    running_app: RunningApp,
) -> None:
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        async with world.line(mina) as hers, world.line(jun) as his:
            for number in range(5):
                ack = await hers.send(room_id, f"client-{number}", f"안녕 {number}")
                assert (ack.t, ack.d["seq"], ack.d["client_id"]) == (
                    "message.ack",
                    number + 1,
                    f"client-{number}",
                )
            for line in (hers, his):
                await line.until_count(room_id, 5)
                assert line.seqs(room_id) == [1, 2, 3, 4, 5]
                bodies = [push["message"]["body"] for push in line.pushes("room.event")]
                assert bodies == [f"안녕 {number}" for number in range(5)]
        stored = await world.history(jun, room_id)
        assert [event.seq for event in stored] == [1, 2, 3, 4, 5]
        assert stored[0].message is not None
        assert stored[0].message.sender_id == mina.id


async def test_a_repeat_answers_the_first_ack_and_takes_no_position(
    running_apps: Callable[..., RunningApp],
) -> None:
    one, two = running_apps(), running_apps()
    async with world_of(one) as world:
        mina, jun, room_id = await world.friends()
        async with world.line(mina) as line:
            first = (await line.send(room_id, "same-client-id", "once")).d
            assert (await line.send(room_id, "same-client-id", "once")).d == first
        async with world.line(mina, app=two) as line:  # another socket, another process
            assert (await line.send(room_id, "same-client-id", "once")).d == first
            other_room = await world.group(mina, jun)
            assert (await line.send(other_room, "same-client-id", "once")).d == first
        answer = await world.call(
            mina, "POST", f"/rooms/{room_id}/messages", json={"client_id": "same-client-id", "body": "twice"}
        )
        assert (answer.json()["id"], answer.json()["body"]) == (first["message_id"], "once")
        assert [event.seq for event in await world.history(mina, room_id)] == [1]


async def test_two_processes_sending_the_same_keys_at_once_write_each_message_once(
    running_apps: Callable[..., RunningApp],
) -> None:
    one, two = running_apps(), running_apps()
    async with world_of(one) as world:
        mina, _, room_id = await world.friends()
        second_room = await world.group(mina)
        async with world.line(mina, app=one) as here, world.line(mina, app=two) as there:
            acks = await asyncio.gather(
                *(here.send(room_id, f"race-{number:04}") for number in range(100)),
                # Even into different rooms a key makes one message.
                *(
                    there.send((room_id, second_room)[number % 2], f"race-{number:04}")
                    for number in range(100)
                ),
            )
        by_key: dict[str, set[str]] = {}
        for ack in acks:
            assert ack.t == "message.ack", ack
            by_key.setdefault(ack.d["client_id"], set()).add(ack.d["message_id"])
        assert len(by_key) == 100
        assert all(len(ids) == 1 for ids in by_key.values())
        events = await world.history(mina, room_id)
        others = await world.history(mina, second_room)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert [event.seq for event in others] == list(range(1, len(others) + 1))
        assert len(events) + len(others) == 100


async def test_a_killed_writer_connection_loses_and_doubles_nothing(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        async with world.line(mina) as hers, world.line(jun) as his:

            async def kill() -> None:
                for _ in range(20):
                    for pid in running_app.web.chat_writer.backend_pids:
                        await world.db.execute("SELECT pg_terminate_backend(%s)", (pid,))
                    await hers.settle()

            async def send(number: int) -> int:
                while True:
                    ack = await hers.send(room_id, f"kill-{number:04}", str(number))
                    if ack.t == "message.ack":
                        seq: int = ack.d["seq"]
                        return seq
                    assert ack.d["code"] == "unavailable", ack

            async def send_many(start: int) -> list[int]:
                return [await send(number) for number in range(start, start + 40)]

            *acked, _ = await asyncio.gather(*(send_many(lane * 40) for lane in range(8)), kill())
            seqs = sorted(seq for some in acked if some for seq in some)
            assert seqs == list(range(1, 321))
            for line in (hers, his):
                await line.until_count(room_id, 320)
                assert line.seqs(room_id) == list(range(1, 321))
        events = await world.history(jun, room_id)
        assert sorted(int(event.message.body) for event in events if event.message) == list(range(320))


async def test_what_may_not_be_sent_is_refused_by_code_and_changes_nothing(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        stranger = await world.human("Stranger")
        room = {"room_id": str(room_id)}
        async with world.line(mina) as hers, world.line(stranger) as theirs:
            refused = [
                (await theirs.send(room_id, "not-a-member"), "not_a_member"),
                (await hers.send(uuid4(), "no-such-room"), "not_a_member"),
                (await hers.send(room_id, "blank-body-1", " \n\t"), "body_refused"),
                (await hers.send(room_id, "nul-body-1", "a\x00b"), "body_refused"),
                (await hers.send(room_id, "too-long-1", "x" * (BODY_LENGTH_MAX + 1)), "malformed"),
                (await hers.send(room_id, "short", "x"), "malformed"),
                (await hers.send(room_id, "bad id with spaces", "x"), "malformed"),
                (await hers.ask("message.send", {"client_id": "no-room-here", "body": "x"}), "malformed"),
                (
                    await hers.ask(
                        "message.send", {**room, "client_id": "extra-field", "body": "x", "seq": 9}
                    ),
                    "malformed",
                ),
                (
                    await hers.ask(
                        "message.send", {"client_id": "forged-room", "room_id": "1; DROP", "body": "x"}
                    ),
                    "malformed",
                ),
            ]
            for answer, code in refused:
                assert (answer.t, answer.d["code"]) == ("error", code), answer
            for path, body, status, code in (
                (
                    f"/rooms/{room_id}/messages",
                    {"client_id": "over-http-1", "body": "\x00"},
                    400,
                    "body_refused",
                ),
                (f"/rooms/{room_id}/messages", {"client_id": "over-http-2", "body": ""}, 400, "malformed"),
                (
                    f"/rooms/{uuid4()}/messages",
                    {"client_id": "over-http-3", "body": "x"},
                    404,
                    "not_a_member",
                ),
            ):
                response = await world.call(mina, "POST", path, json=body)
                assert (response.status_code, response.json()["code"]) == (status, code), response.text
            longest = await hers.send(room_id, "longest-body", "한" * BODY_LENGTH_MAX)
            assert longest.d["seq"] == 1
        assert [event.seq for event in await world.history(jun, room_id)] == [1]


async def test_one_refused_message_does_not_hold_up_its_batch(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, _, room_id = await world.friends()
        foreign = await world.group(await world.human())
        async with world.line(mina) as line:
            answers = await asyncio.gather(
                *(
                    line.send(foreign if number % 7 == 3 else room_id, f"mixed-{number:03}")
                    for number in range(100)
                )
            )
        assert [answer.t for answer in answers] == [
            "error" if number % 7 == 3 else "message.ack" for number in range(100)
        ]
        seqs = [answer.d["seq"] for answer in answers if answer.t == "message.ack"]
        assert seqs == list(range(1, len(seqs) + 1))
