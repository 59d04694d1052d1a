"""Sending: each message reaches its room once, whatever becomes of frames and answers."""

from uuid import UUID

import msgspec
import pytest

from talktalk_client import ApiError, Malformed, TooMany, Unreachable
from talktalk_wire.realtime import Error
from tests.client.model_server import Answer, Faults, ModelServer
from tests.client.worlds import HASTY, client_of

ROOM = UUID("0190f000-0000-7000-8000-00000000000a")
POSTING = f"/api/v1/rooms/{ROOM}/messages"


def bodies(server: ModelServer) -> list[str]:
    return [event.message.body for event in server.rooms[ROOM] if event.message is not None]


async def test_a_message_goes_over_the_socket_while_connected() -> None:
    async with ModelServer() as server, client_of(server) as client:
        await client.connect()
        ack = await client.messages.send(ROOM, "hello")
        assert ack.seq == 1
        assert server.requests == []


async def test_a_message_goes_over_http_without_a_socket() -> None:
    async with ModelServer() as server, client_of(server) as client:
        ack = await client.messages.send(ROOM, "hello")
        assert (ack.seq, ack.room_id) == (1, ROOM)
        assert [path for _, path, _, _ in server.requests] == [POSTING]


async def test_a_lost_ack_does_not_double_the_message() -> None:
    async with ModelServer(Faults(ack_lost=3)) as server, client_of(server) as client:
        await client.connect()
        ack = await client.messages.send(ROOM, "once")
        assert ack.seq == 1
        assert bodies(server) == ["once"]


async def test_a_lost_answer_over_http_does_not_double_the_message() -> None:
    async with ModelServer() as server, client_of(server) as client:
        server.answers += [Answer(path=POSTING, is_lost=True)] * 2
        await client.messages.send(ROOM, "once")
        assert bodies(server) == ["once"]
        keys = {msgspec.json.decode(body)["client_id"] for *_, body in server.requests}
        assert len(server.requests) == 3
        assert len(keys) == 1


async def test_messages_sent_one_after_the_other_keep_their_order_through_breaks() -> None:
    async with ModelServer() as server, client_of(server) as client:
        await client.connect()
        for number in range(20):
            if number % 5 == 3:
                server.break_sockets()
            await client.messages.send(ROOM, str(number))
        assert bodies(server) == [str(number) for number in range(20)]


async def test_a_busy_server_is_asked_again() -> None:
    async with ModelServer() as server, client_of(server) as client:
        await client.connect()
        server.refusals += [Error(code="busy"), Error(code="too_many", retry_after_s=0.01)]
        assert (await client.messages.send(ROOM, "hello")).seq == 1


async def test_a_wait_longer_than_our_patience_is_told_to_the_caller() -> None:
    async with ModelServer() as server, client_of(server) as client:
        await client.connect()
        server.refusals.append(Error(code="too_many", retry_after_s=30.5))
        with pytest.raises(TooMany) as caught:
            await client.messages.send(ROOM, "hello")
        assert caught.value.retry_after_s == 31
        server.answers.append(Answer(path=POSTING, status=429, code="too_many", retry_after_s=30))
        server.break_sockets()


async def test_a_refusal_is_raised_and_not_repeated() -> None:
    async with ModelServer() as server, client_of(server) as client:
        await client.connect()
        server.refusals.append(Error(code="not_a_member", detail="Not in this room"))
        with pytest.raises(ApiError) as caught:
            await client.messages.send(ROOM, "hello")
        assert caught.value.code == "not_a_member"
        assert ROOM not in server.rooms


async def test_a_key_of_an_earlier_try_makes_the_retry_safe_across_programs() -> None:
    policy = msgspec.structs.replace(HASTY, tries_max=1)
    async with ModelServer() as server:
        server.answers.append(Answer(path=POSTING, is_lost=True))
        async with client_of(server, policy) as client:
            with pytest.raises(Unreachable):
                await client.messages.send(ROOM, "once", client_id="kept-across-runs")
        async with client_of(server) as client:
            ack = await client.messages.send(ROOM, "once", client_id="kept-across-runs")
        assert ack.seq == 1
        assert bodies(server) == ["once"]


async def test_a_malformed_message_is_raised_with_its_code() -> None:
    async with ModelServer() as server, client_of(server) as client:
        server.answers.append(Answer(path=POSTING, status=400, code="malformed"))
        with pytest.raises(Malformed) as caught:
            await client.messages.send(ROOM, "")
        assert caught.value.code == "malformed"
        assert len(server.requests) == 1
