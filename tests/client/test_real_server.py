"""The SDK against the real web process: what the model server promises must be what the server does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from talktalk_client import NotSignedIn, TalkTalk
from talktalk_client.events import FriendAdded, FriendRequestClosed, FriendRequested, MessagePosted
from talktalk_client.inbox import NoCode, inbox_code
from talktalk_client.stream import EventStream
from talktalk_wire.identity import Challenge
from talktalk_wire.realtime import Presence
from talktalk_wire.social import Relation
from tests.fixtures_app import RunningApp

pytestmark = pytest.mark.integration

MINA, JUNHO = "+821000002001", "+821000002002"


@contextlib.asynccontextmanager
async def person(app: RunningApp, phone: str, name: str) -> AsyncIterator[TalkTalk]:
    async with TalkTalk(app.url) as client:
        await client.sign_in(phone, read_code=inbox_code(app.url), device_name="test")
        await client.update_profile(name=name)
        yield client


@contextlib.asynccontextmanager
async def friends(app: RunningApp) -> AsyncIterator[tuple[TalkTalk, TalkTalk]]:
    async with person(app, MINA, "Mina") as mina, person(app, JUNHO, "Junho") as junho:
        await junho.friends.accept(await mina.friends.request(junho.me.id))
        yield mina, junho


async def messages(events: EventStream, count: int) -> list[str]:
    found: list[str] = []
    async with asyncio.timeout(30):
        async for event in events:
            if isinstance(event, MessagePosted):
                found.append(event.message.body)
            if len(found) == count:
                return found
    raise AssertionError("an event stream never ends")


async def test_a_session_is_made_kept_listed_and_ended(running_app: RunningApp) -> None:
    async with person(running_app, MINA, "Mina") as mina:
        assert (mina.me.name, mina.me.phone) == ("Mina", MINA)
        async with TalkTalk(running_app.url) as again:
            assert (await again.resume(mina.credentials)).id == mina.me.id
            assert again.session.id == mina.session.id
            assert [each.current for each in await again.sessions()] == [True]
        kept = mina.credentials
        await mina.sign_out()
        async with TalkTalk(running_app.url) as gone:
            with pytest.raises(NotSignedIn):
                await gone.resume(kept)
            gone.authenticate(kept.token)
            with pytest.raises(NotSignedIn):
                await gone.connect()


async def test_an_async_reader_of_codes_gets_the_challenge(running_app: RunningApp) -> None:
    seen: list[Challenge] = []

    async def read_code(challenge: Challenge) -> str:
        seen.append(challenge)
        return await inbox_code(running_app.url)(challenge)

    async with TalkTalk(running_app.url) as client:
        signed_in = await client.sign_in("010-0000-2003", read_code=read_code, region="KR")
        assert signed_in.me.phone == seen[0].phone == "+821000002003"
        assert signed_in.is_new_user


async def test_a_number_without_a_message_has_no_code(running_app: RunningApp) -> None:
    async with TalkTalk(running_app.url) as client:

        async def read_code(challenge: Challenge) -> str:
            strange = type(challenge)(
                id=challenge.id,
                secret=challenge.secret,
                phone="+821000002999",
                expires_at=challenge.expires_at,
                resend_at=challenge.resend_at,
                tries_left=challenge.tries_left,
            )
            return await inbox_code(running_app.url)(strange)

        with pytest.raises(NoCode):
            await client.sign_in(MINA, read_code=read_code)


async def test_friends_are_found_asked_and_made_with_events_to_both(running_app: RunningApp) -> None:
    async with person(running_app, MINA, "Mina") as mina, person(running_app, JUNHO, "Junho") as junho:
        async with mina.events() as to_mina, junho.events() as to_junho:
            found = await mina.friends.search(JUNHO)
            assert found is not None
            assert found.relation is Relation.STRANGER
            await mina.friends.request(found)
            async with asyncio.timeout(30):
                asked = await anext(to_junho)
                assert isinstance(asked, FriendRequested)
                assert asked.request.incoming
                await junho.friends.accept(asked.request)
                kinds: list[type] = []
                async for event in to_mina:
                    if not isinstance(event, Presence):  # comes when it will
                        kinds.append(type(event))
                    if len(kinds) == 3:
                        break
        assert kinds == [FriendRequested, FriendRequestClosed, FriendAdded]
        assert [each.person.name for each in await junho.friends.list()] == ["Mina"]
        await junho.friends.remove(mina.me.id)
        assert await mina.friends.list() == []
        await junho.friends.block(mina.me.id)
        assert [each.person.id for each in await junho.friends.blocks()] == [mina.me.id]
        assert await mina.friends.search(JUNHO) is None
        await junho.friends.unblock(mina.me.id)
        assert await junho.friends.blocks() == []


async def test_messages_arrive_in_order_over_socket_and_http(running_app: RunningApp) -> None:
    async with friends(running_app) as (mina, junho):
        room = await mina.rooms.open_direct(junho.me.id)
        assert (await junho.rooms.open_direct(mina.me.id)).id == room.id
        async with junho.events() as events:
            await mina.messages.send(room, "over http")
            await mina.connect()
            await mina.messages.send(room, "over the socket")
            repeated = await mina.messages.send(room, "once", client_id="sdk-test-0001")
            assert (await mina.messages.send(room, "once", client_id="sdk-test-0001")).seq == repeated.seq
            await mina.messages.send(room, "last")
            assert await messages(events, 4) == ["over http", "over the socket", "once", "last"]
        history = [message.body async for message in junho.rooms.history(room)]
        assert history == ["last", "once", "over the socket", "over http"]
        await junho.rooms.read(room, repeated.seq)
        assert (await junho.rooms.get(room)).unread == 1


async def test_what_came_while_away_is_caught_up_from_a_kept_position(running_app: RunningApp) -> None:
    async with friends(running_app) as (mina, junho):
        room = await mina.rooms.open_direct(junho.me.id)
        async with junho.events() as events:
            await mina.messages.send(room, "0")
            assert await messages(events, 1) == ["0"]
            done = events.done
        numbers = [str(number) for number in range(1, 300)]
        for number in numbers:
            await mina.messages.send(room, number)
        async with junho.events(since=done) as events:
            # "0" was in hand when the position was taken: it comes once more.
            assert await messages(events, 300) == ["0", *numbers]
