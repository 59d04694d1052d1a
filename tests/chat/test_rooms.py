"""Direct rooms, the request folder, blocks."""

import asyncio
from uuid import uuid4

from talktalk.chat.rules import REQUEST_MESSAGES_MAX, REQUESTS_OPEN_MAX
from talktalk_wire.chat import RoomFolder
from tests.chat.world import Human, World, world_of
from tests.fixtures_app import RunningApp


async def test_opening_the_same_friend_from_two_devices_at_once_gives_one_room(
    running_app: RunningApp,
) -> None:
    async with world_of(running_app) as world:
        mina, jun = await world.human("Mina"), await world.human("Jun")
        await world.befriend(mina, jun)
        opened = await asyncio.gather(*(world.open(*pair) for pair in [(mina, jun), (jun, mina)] * 6))
        assert len({room.id for room in opened}) == 1
        for human, title in ((mina, "Jun"), (jun, "Mina")):
            (room,) = await world.rooms(human)
            assert (room.title, room.folder, room.head_seq) == (title, RoomFolder.MAIN, 0)
            assert {member.person.id for member in room.members} == {mina.id, jun.id}


async def test_a_new_room_is_followed_at_once_by_every_device(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun = await world.human("Mina"), await world.human("Jun")
        await world.befriend(mina, jun)
        async with world.line(mina) as hers, world.line(jun) as phone, world.line(jun) as laptop:
            room = await world.open(mina, jun)
            await hers.send(room.id, "first-message")
            for line in (phone, laptop):
                opened = await line.wait("user.event", kind="room.opened")
                assert opened.d["data"]["room"]["id"] == str(room.id)
                await line.until_seqs(room.id, [1])


async def test_rooms_with_nobody_with_oneself_or_of_others_are_refused(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, _, room_id = await world.friends()
        stranger = await world.human()
        for body, status, code in (
            ({"user_id": str(mina.id)}, 409, "room_with_self"),
            ({"user_id": str(uuid4())}, 404, "person_not_found"),
            ({"user_id": "nobody"}, 400, "malformed"),
        ):
            answer = await world.call(mina, "POST", "/rooms/direct", json=body)
            assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        for method, path, options in (
            ("GET", f"/rooms/{room_id}", {}),
            ("GET", f"/rooms/{room_id}/events", {}),
            ("PUT", f"/rooms/{room_id}/cursor", {"json": {"seq": 1}}),
            ("POST", f"/rooms/{room_id}/accept", {}),
            ("DELETE", f"/rooms/{room_id}/request", {}),
        ):
            answer = await world.call(stranger, method, path, app=None, **options)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_a_member"), (method, path)
        for cursor in ("00", "zz", "x" * 300):
            answer = await world.call(mina, "GET", "/rooms", params={"cursor": cursor})
            assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_a_strangers_messages_wait_in_the_request_folder_and_end_at_the_limit(
    running_app: RunningApp,
) -> None:
    async with world_of(running_app) as world:
        stranger, mina = await world.human("Stranger"), await world.human("Mina")
        room = await world.open(stranger, mina)
        assert (room.folder, room.can_write) == (RoomFolder.MAIN, True)
        assert await world.rooms(mina) == [], "an empty room of a stranger is not shown"
        async with world.line(stranger) as theirs, world.line(mina) as hers:
            for number in range(REQUEST_MESSAGES_MAX):
                assert (await theirs.send(room.id, f"request-{number}")).d["seq"] == number + 1
            assert (await theirs.send(room.id, "request-0")).d["seq"] == 1, "a repeat costs nothing"
            over = await theirs.send(room.id, "one-too-many")
            assert (over.t, over.d["code"]) == ("error", "request_pending")
            opened = await hers.wait("user.event", kind="room.opened")
            announced = opened.d["data"]["room"]
            assert (announced["folder"], announced["head_seq"], announced["unread"]) == ("requests", 1, 1)
            await hers.until(lambda: hers.seqs(room.id) == list(range(2, REQUEST_MESSAGES_MAX + 1)))
            (shown,) = await world.rooms(mina)
            assert (shown.folder, shown.unread, shown.can_write) == (
                RoomFolder.REQUESTS,
                REQUEST_MESSAGES_MAX,
                False,
            )
            assert (await hers.send(room.id, "answer-0000")).d["code"] == "request_pending"
            assert not (await world.room(stranger, room.id)).can_write

            # Reading and typing tell the stranger nothing.
            await hers.ask("read.move", {"room_id": str(room.id), "seq": 3})
            await hers.tell("typing.start", {"room_id": str(room.id)})
            await hers.settle()
            await theirs.settle()
            assert not theirs.pushes("read.moved")
            assert not theirs.pushes("typing")
            members = {
                member.person.id: member.read_seq for member in (await world.room(stranger, room.id)).members
            }
            assert members[mina.id] == 0

            accepted = await world.call(mina, "POST", f"/rooms/{room.id}/accept")
            assert (accepted.status_code, accepted.json()["folder"]) == (200, "main")
            await hers.wait(
                "user.event", kind="room.folder", data={"room_id": str(room.id), "folder": "main"}
            )
            moved = await theirs.wait("read.moved")
            assert moved.d["cursors"][str(mina.id)] == 3, "what was read meanwhile may be known now"
            assert (await hers.send(room.id, "answer-0001")).t == "message.ack"
            assert (await theirs.send(room.id, "now-it-goes")).t == "message.ack"
        again = await world.call(mina, "POST", f"/rooms/{room.id}/accept")
        assert (again.status_code, again.json()["code"]) == (404, "request_not_found")


async def test_nobody_writes_to_any_number_of_strangers(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        stranger, mina = await world.human("Stranger"), await world.human("Mina")
        await world.db.execute(
            "INSERT INTO rooms (id, kind, created_by, pair_low, pair_high, request_by)"
            " SELECT gen_random_uuid(), 'direct', %(id)s, '00000000-0000-0000-0000-000000000000',"
            " gen_random_uuid(), %(id)s FROM generate_series(1, %(count)s)",
            {"id": stranger.id, "count": REQUESTS_OPEN_MAX},
        )
        refused = await world.call(stranger, "POST", "/rooms/direct", json={"user_id": str(mina.id)})
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
        assert await world.rooms(stranger) == []
        await world.befriend(stranger, mina)
        assert (await world.open(stranger, mina)).folder is RoomFolder.MAIN


async def test_declining_stops_the_stranger_without_telling(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        stranger, mina = await world.human("Stranger"), await world.human("Mina")
        room = await world.open(stranger, mina)
        async with world.line(stranger) as theirs:
            await theirs.send(room.id, "request-0001")
            own = await world.call(stranger, "DELETE", f"/rooms/{room.id}/request")
            assert (own.status_code, own.json()["code"]) == (404, "request_not_found")
            declined = await world.call(mina, "DELETE", f"/rooms/{room.id}/request")
            assert declined.status_code == 204
            assert await world.rooms(mina) == []
            answer = await theirs.send(room.id, "request-0002")
            assert answer.d["code"] == "request_pending", "the same as before an answer"
        reopened = await world.open(mina, stranger)
        assert reopened.id == room.id
        assert [each.id for each in await world.rooms(mina)] == [room.id]


async def test_becoming_friends_takes_the_room_out_of_the_folder(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        stranger, mina = await world.human("Stranger"), await world.human("Mina")
        room = await world.open(stranger, mina)
        async with world.line(stranger) as theirs, world.line(mina) as hers:
            await theirs.send(room.id, "request-0001")
            asked = await world.call(stranger, "POST", "/friend-requests", json={"user_id": str(mina.id)})
            await world.call(mina, "POST", f"/friend-requests/{asked.json()['id']}/accept")
            await hers.wait("user.event", kind="room.folder")
            assert (await hers.send(room.id, "answer-0000")).t == "message.ack"
        assert (await world.room(mina, room.id)).folder is RoomFolder.MAIN


async def _expect_blocked(world: World, sender: Human, other: Human) -> None:
    room = await world.open(sender, other)
    assert not room.can_write
    async with world.line(sender) as line:
        answer = await line.send(room.id, f"blocked-{uuid4().hex}")
        assert (answer.t, answer.d["code"]) == ("error", "blocked")
    over_http = await world.call(
        sender,
        "POST",
        f"/rooms/{room.id}/messages",
        json={"client_id": f"blocked-{uuid4().hex}", "body": "x"},
    )
    assert (over_http.status_code, over_http.json()["code"]) == (403, "blocked")


async def test_a_block_stops_messages_both_ways_at_once_and_typing_too(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        async with world.line(mina) as hers, world.line(jun) as his:
            assert (await his.send(room_id, "before-block")).t == "message.ack"
            blocked = await world.call(mina, "PUT", f"/blocks/{jun.id}")
            assert blocked.status_code == 200, blocked.text
            answer = await his.send(room_id, "after-block-1")
            assert (answer.t, answer.d["code"]) == ("error", "blocked"), "the very next message"
            await hers.wait("user.event", kind="block.added")
            # Gone from each other's sight.
            for line, other in ((hers, jun), (his, mina)):
                seen = [push for push in line.pushes("presence") if push["user_id"] == str(other.id)]
                await line.wait("presence", user_id=str(other.id), online=False)
                assert all(push["last_seen_at"] is None for push in seen)
            await his.tell("typing.start", {"room_id": str(room_id)})
            await his.settle()
            await hers.settle()
            assert not hers.pushes("typing")
        await _expect_blocked(world, jun, mina)
        await _expect_blocked(world, mina, jun)
        assert (await world.call(mina, "DELETE", f"/blocks/{jun.id}")).status_code == 204
        async with world.line(jun) as his:
            assert (await his.send(room_id, "after-unblock")).t == "message.ack"
        third = await world.human("Third")
        await world.call(third, "PUT", f"/blocks/{jun.id}")
        refused = await world.call(jun, "POST", "/rooms/direct", json={"user_id": str(third.id)})
        assert (refused.status_code, refused.json()["code"]) == (403, "blocked")
