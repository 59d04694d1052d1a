"""Friend requests and friendships through HTTP, above all when both sides act at the same moment."""

import asyncio
from uuid import UUID, uuid4

import psycopg

from talktalk.platform.database import Database
from tests.fixtures_app import RunningApp
from tests.social.world import Someone, people


def events_of(app: RunningApp, someone: Someone) -> list[tuple[str, dict[str, object]]]:
    """A person's own sequence: kinds and data, and that it has no gap."""
    with psycopg.connect(Database(app.settings.database_url).conninfo) as db:
        rows = db.execute(
            "SELECT seq, kind, data FROM feed_events WHERE user_id = %s ORDER BY seq", (someone.id,)
        ).fetchall()
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    return [(row[1], row[2]) for row in rows if row[1] != "profile.changed"]


async def test_a_request_is_accepted_and_both_list_each_other(running_app: RunningApp) -> None:
    async with people(running_app, 2) as (mina, joon):
        asked = (await mina.ask(joon)).json()
        assert (asked["state"], asked["incoming"], asked["person"]["id"]) == ("open", False, str(joon.id))
        [incoming] = await joon.requests()
        assert (incoming["id"], incoming["incoming"], incoming["person"]["id"]) == (
            asked["id"],
            True,
            str(mina.id),
        )
        assert await mina.friends() == set()

        accepted = await joon.answer(asked["id"], "accept")
        assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")
        assert await mina.friends() == {joon.id}
        assert await joon.friends() == {mina.id}
        assert await mina.requests() == await joon.requests() == []
        kinds = ["friend.requested", "friend.request_closed", "friend.added"]
        for one, other in ((mina, joon), (joon, mina)):
            events = events_of(running_app, one)
            assert [kind for kind, _ in events] == kinds
            assert all(data["person"]["id"] == str(other.id) for _, data in events)  # type: ignore[index]  # JSON


async def test_two_who_ask_each_other_at_the_same_moment_become_friends(running_app: RunningApp) -> None:
    async with people(running_app, 2) as (mina, joon):
        for _ in range(5):
            answers = await asyncio.gather(mina.ask(joon), joon.ask(mina))
            assert sorted(answer.json()["state"] for answer in answers) == ["accepted", "open"]
            assert await mina.friends() == {joon.id}
            assert await joon.friends() == {mina.id}
            await mina.client.delete(f"/api/v1/friends/{joon.id}")
            assert await mina.friends() == await joon.friends() == set()


async def test_accept_decline_and_cancel_at_once_have_one_winner(running_app: RunningApp) -> None:
    async with people(running_app, 2) as (mina, joon):
        for _ in range(5):
            request_id = (await mina.ask(joon)).json()["id"]
            answers = await asyncio.gather(
                joon.answer(request_id, "accept"),
                joon.answer(request_id, "decline"),
                mina.answer(request_id, "cancel"),
            )
            assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
            assert {a.json()["code"] for a in answers if a.status_code == 409} == {"friend_request_closed"}
            is_accepted = answers[0].status_code == 200
            assert (await mina.friends() == {joon.id}) == (await joon.friends() == {mina.id}) == is_accepted
            if is_accepted:
                await mina.client.delete(f"/api/v1/friends/{joon.id}")


async def test_asking_twice_makes_one_request(running_app: RunningApp) -> None:
    async with people(running_app, 2) as (mina, joon):
        answers = await asyncio.gather(*(mina.ask(joon) for _ in range(4)))
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert len(await joon.requests()) == 1


async def test_only_the_right_side_may_answer(running_app: RunningApp) -> None:
    async with people(running_app, 3) as (mina, joon, sora):
        request_id = (await mina.ask(joon)).json()["id"]
        for someone, answer in (
            (mina, "accept"),
            (mina, "decline"),
            (joon, "cancel"),
            (sora, "accept"),
            (sora, "decline"),
            (sora, "cancel"),
        ):
            refused = await someone.answer(request_id, answer)
            assert (refused.status_code, refused.json()["code"]) == (404, "friend_request_not_found")
        assert (await joon.answer(str(uuid4()), "accept")).status_code == 404
        assert len(await joon.requests()) == 1


async def test_a_declined_person_may_ask_again(running_app: RunningApp) -> None:
    async with people(running_app, 2) as (mina, joon):
        first = (await mina.ask(joon)).json()["id"]
        assert (await joon.answer(first, "decline")).json()["state"] == "declined"
        assert (await joon.answer(first, "decline")).status_code == 200
        assert (await joon.answer(first, "accept")).status_code == 409
        second = (await mina.ask(joon)).json()["id"]
        assert second != first
        assert (await mina.answer(second, "cancel")).json()["state"] == "cancelled"
        assert [kind for kind, _ in events_of(running_app, joon)] == [
            "friend.requested",
            "friend.request_closed",
        ] * 2


async def test_removing_one_side_leaves_the_other_list_as_it_is(running_app: RunningApp) -> None:
    async with people(running_app, 2) as (mina, joon):
        await mina.befriend(joon)
        removed = await mina.client.delete(f"/api/v1/friends/{joon.id}?side=one")
        assert removed.status_code == 204
        assert (await mina.friends(), await joon.friends()) == (set(), {mina.id})
        again = await mina.client.delete(f"/api/v1/friends/{joon.id}?side=one")
        assert (again.status_code, again.json()["code"]) == (404, "not_friends")
        # Who still lists me need not be asked again.
        assert (await mina.ask(joon)).json()["state"] == "accepted"
        assert await mina.friends() == {joon.id}


async def test_removing_both_sides_from_both_sides_at_once(running_app: RunningApp) -> None:
    async with people(running_app, 2) as (mina, joon):
        await mina.befriend(joon)
        answers = await asyncio.gather(
            mina.client.delete(f"/api/v1/friends/{joon.id}"), joon.client.delete(f"/api/v1/friends/{mina.id}")
        )
        assert sorted(answer.status_code for answer in answers) == [204, 404]
        assert await mina.friends() == await joon.friends() == set()
        for someone in (mina, joon):
            assert [kind for kind, _ in events_of(running_app, someone)].count("friend.removed") == 1


async def test_a_block_ends_everything_and_hides_the_blocker(running_app: RunningApp) -> None:
    async with people(running_app, 2) as (mina, joon):
        await mina.befriend(joon)
        blocked = await mina.block(joon)
        assert (blocked.status_code, blocked.json()["person"]["id"]) == (200, str(joon.id))
        assert (await mina.block(joon)).json()["since"] == blocked.json()["since"]
        assert await mina.friends() == await joon.friends() == set()

        assert await joon.search(mina.phone) is None
        refused = await joon.ask(mina)
        assert (refused.status_code, refused.json()["code"]) == (404, "person_not_found")
        own = await mina.ask(joon)
        assert (own.status_code, own.json()["code"]) == (409, "you_blocked")
        found = await mina.search(joon.phone)
        assert found is not None
        assert found["relation"] == "blocked"
        assert "block.added" not in [kind for kind, _ in events_of(running_app, joon)]

        assert [b["person"]["id"] for b in (await mina.client.get("/api/v1/blocks")).json()] == [str(joon.id)]
        assert (await mina.client.delete(f"/api/v1/blocks/{joon.id}")).status_code == 204
        assert (await mina.client.delete(f"/api/v1/blocks/{joon.id}")).status_code == 204
        assert (await mina.client.get("/api/v1/blocks")).json() == []
        found = await joon.search(mina.phone)
        assert found is not None
        assert found["relation"] == "stranger"


async def test_a_block_closes_the_open_request_whoever_sent_it(running_app: RunningApp) -> None:
    async with people(running_app, 3) as (mina, joon, sora):
        to_joon = (await mina.ask(joon)).json()["id"]
        await sora.ask(mina)
        await mina.block(joon)
        await mina.block(sora)
        assert await mina.requests() == await joon.requests() == await sora.requests() == []
        assert (await joon.answer(to_joon, "accept")).status_code == 409


async def test_block_against_accept_never_leaves_a_blocked_friend(running_app: RunningApp) -> None:
    async with people(running_app, 2) as (mina, joon):
        for _ in range(5):
            request_id = (await mina.ask(joon)).json()["id"]
            await asyncio.gather(joon.answer(request_id, "accept"), mina.block(joon))
            assert await mina.friends() == await joon.friends() == set()
            assert await mina.requests() == await joon.requests() == []
            await mina.client.delete(f"/api/v1/blocks/{joon.id}")


async def test_many_at_once_do_not_wait_for_each_other_in_a_circle(running_app: RunningApp) -> None:
    async with people(running_app, 4) as everyone:
        asks = [one.ask(other) for one in everyone for other in everyone if one is not other]
        answers = await asyncio.gather(*asks)
        assert {answer.status_code for answer in answers} == {201}
        for someone in everyone:
            assert await someone.friends() == {other.id for other in everyone if other is not someone}
        ends = [one.block(other) for one in everyone for other in everyone if one is not other]
        assert {answer.status_code for answer in await asyncio.gather(*ends)} == {200}
        for someone in everyone:
            assert await someone.friends() == set()


async def test_search_says_what_a_person_is_to_me(running_app: RunningApp) -> None:
    async with people(running_app, 2) as (mina, joon):
        assert (await mina.search(mina.phone) or {})["relation"] == "self"
        assert (await mina.search("010-1111-0001") or {})["relation"] == "stranger"
        request_id = (await mina.ask(joon)).json()["id"]
        sent, received = await mina.search(joon.phone), await joon.search(mina.phone)
        assert sent is not None
        assert received is not None
        assert (sent["relation"], sent["request_id"]) == ("requested", request_id)
        assert (received["relation"], received["request_id"]) == ("asked_me", request_id)
        await joon.answer(request_id, "accept")
        found = await mina.search(joon.phone)
        assert found is not None
        assert (found["relation"], found["request_id"]) == ("friend", None)
        assert joon.phone not in str(found)


async def test_an_unknown_number_is_answered_in_the_same_shape(running_app: RunningApp) -> None:
    async with people(running_app, 1) as (mina,):
        answer = await mina.post("/friends/search", {"phone": "+821099990000"})
        assert (answer.status_code, answer.json()) == (200, {"phone": "+821099990000", "found": None})
        wrong = await mina.post("/friends/search", {"phone": "12345"})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "phone_invalid")


async def test_nobody_is_a_friend_of_themselves_or_of_no_one(running_app: RunningApp) -> None:
    async with people(running_app, 1) as (mina,):
        assert (await mina.ask(mina)).json()["code"] == "not_with_yourself"
        assert (await mina.block(mina)).json()["code"] == "not_with_yourself"
        nobody = Someone(mina.client, UUID(int=7), "")
        assert (await mina.ask(nobody)).json()["code"] == "person_not_found"
        assert (await mina.block(nobody)).json()["code"] == "person_not_found"
        assert (await mina.client.delete(f"/api/v1/friends/{mina.id}")).json()["code"] == "not_friends"


async def test_a_new_name_reaches_friends_and_nobody_else(running_app: RunningApp) -> None:
    async with people(running_app, 3) as (mina, joon, sora):
        await mina.befriend(joon)
        await mina.client.patch("/api/v1/me", json={"name": "Mina Kim"})
        changed = [data for kind, data in events_of(running_app, joon) if kind == "person.changed"]
        assert [data["person"]["name"] for data in changed] == ["Mina Kim"]  # type: ignore[index]  # JSON
        assert events_of(running_app, sora) == []
