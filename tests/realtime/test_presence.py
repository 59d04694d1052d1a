"""Who is online, and who is told: leases by a clock that is turned, and friends over real sockets."""

from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from talktalk.realtime.presence import GRACE_S, LEASE_S, SWEEP_S, Presence
from talktalk_wire.realtime import HEARTBEAT_S, PRESENCE_OFFLINE_AFTER_S
from tests.chat.world import world_of
from tests.clocks import TurnedClock
from tests.fixtures_app import RunningApp


def test_several_devices_are_one_person_and_the_last_lease_counts() -> None:
    clock = TurnedClock()
    presence, user_id = Presence(clock), uuid4()
    assert presence.renew(user_id, "phone")
    assert not presence.renew(user_id, "laptop")
    presence.release(user_id, "phone")
    clock.turn(seconds=GRACE_S)
    assert presence.expire() == []
    assert presence.is_online(user_id)
    presence.release(user_id, "laptop")
    clock.turn(seconds=GRACE_S)
    assert presence.expire() == [user_id]
    assert not presence.is_online(user_id)
    assert presence.last_seen_at(user_id) == clock.now()
    assert presence.expire() == [], "once"


def test_a_reload_does_not_show() -> None:
    clock = TurnedClock()
    presence, user_id = Presence(clock), uuid4()
    presence.renew(user_id, "before")
    presence.release(user_id, "before")
    clock.turn(seconds=GRACE_S / 2)
    assert not presence.renew(user_id, "after"), "still the same visit"
    clock.turn(seconds=GRACE_S)
    assert presence.expire() == []


def test_who_vanishes_is_offline_within_the_promised_time_whenever_the_sweep_looks() -> None:
    assert LEASE_S + SWEEP_S <= PRESENCE_OFFLINE_AFTER_S
    assert 2 * HEARTBEAT_S < LEASE_S, "one lost beat is no absence"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["renew", "release", "turn"])), max_size=40))
def test_online_is_having_a_lease_that_lives(steps: list[tuple[str, str]]) -> None:
    clock = TurnedClock()
    presence, user_id = Presence(clock), uuid4()
    leases: dict[str, float] = {}
    for key, step in steps:
        if step == "turn":
            clock.turn(seconds=7)
        elif step == "renew":
            came = presence.renew(user_id, key)
            assert came == (not leases)
            leases[key] = clock.monotonic() + LEASE_S
        else:
            presence.release(user_id, key)
            if key in leases:
                leases[key] = min(leases[key], clock.monotonic() + GRACE_S)
        gone = presence.expire()
        had = bool(leases)
        leases = {each: end for each, end in leases.items() if end > clock.monotonic()}
        assert gone == ([user_id] if had and not leases else [])
        assert presence.is_online(user_id) == bool(leases)


async def test_friends_are_told_and_strangers_are_not(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun, _ = await world.friends()
        stranger = await world.human("Stranger")
        await world.group(mina, jun, stranger)  # a common room is no friendship
        async with world.line(jun) as his, world.line(stranger) as theirs:
            assert not his.pushes("presence")
            async with world.line(mina) as hers:
                assert (await his.wait("presence", user_id=str(mina.id))).d["online"] is True
                assert (await hers.wait("presence", user_id=str(jun.id))).d["online"] is True
                async with world.line(mina) as second:
                    await second.settle()
                await his.settle()
                assert len(his.pushes("presence")) == 1, "a second device is no news"
                friends = await world.call(jun, "GET", "/friends")
                assert [friend["online"] for friend in friends.json()] == [True]
            his.frames.clear()
            assert (await his.wait("presence", user_id=str(mina.id), online=False)).d["last_seen_at"]
            await theirs.settle()
            assert not theirs.pushes("presence")
            assert not hers.pushes("user.event")


async def test_new_friends_see_each_other_at_once_and_former_ones_no_more(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun = await world.human("Mina"), await world.human("Jun")
        async with world.line(mina) as hers, world.line(jun) as his:
            asked = await world.call(mina, "POST", "/friend-requests", json={"user_id": str(jun.id)})
            await world.call(jun, "POST", f"/friend-requests/{asked.json()['id']}/accept")
            for line, other in ((hers, jun), (his, mina)):
                await line.wait("presence", user_id=str(other.id), online=True)
            removed = await world.call(mina, "DELETE", f"/friends/{jun.id}", params={"side": "both"})
            assert removed.status_code == 204, removed.text
            for line, other in ((hers, jun), (his, mina)):
                gone = await line.wait("presence", user_id=str(other.id), online=False)
                assert gone.d["last_seen_at"] is None, "hidden is simply offline"


async def test_typing_reaches_the_others_in_the_room_only(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        third = await world.human("Third")
        async with world.line(mina) as hers, world.line(jun) as his, world.line(third) as theirs:
            await hers.tell("typing.start", {"room_id": str(room_id)})
            typing = await his.wait("typing")
            assert typing.d == {"room_id": str(room_id), "user_id": str(mina.id)}
            for line in (hers, theirs):
                await line.settle()
                assert not line.pushes("typing")
