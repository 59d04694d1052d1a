"""The gateway through real sockets: who may connect, what is refused, and what ends a connection."""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
import uvicorn
from litestar.types import ASGIApp
from websockets.exceptions import InvalidStatus

from talktalk.app import server_config
from talktalk.config import Settings
from talktalk.realtime.limits import Limits
from talktalk_wire.realtime import FRAME_BYTES_MAX
from tests.chat.world import Line, world_of
from tests.fixtures_app import RunningApp, serve_in_thread

WS = "/api/v1/ws"


async def test_nobody_connects_without_a_session_or_from_a_foreign_page(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina = await world.human()
        cookie = {"Cookie": f"talktalk_session={mina.token}"}
        own = running_app.url
        for headers, status in (
            ({}, 401),
            ({"Authorization": "Bearer nonsense"}, 401),
            (cookie, 403),  # a cookie without a word of where the page is from
            ({**cookie, "Origin": "https://evil.example"}, 403),
            ({**mina.headers, "Origin": "https://evil.example"}, 403),
        ):
            with pytest.raises(InvalidStatus) as refused:
                async with Line.open(None, running_app, headers=headers):
                    pass
            assert refused.value.response.status_code == status, headers
        async with Line.open(None, running_app, headers={**cookie, "Origin": own}) as line:
            assert (await line.hello())["user_id"] == str(mina.id)
        async with running_app.client(headers=mina.headers) as client:
            answer = await client.get(WS)
        assert (answer.status_code, answer.json()["code"]) == (426, "upgrade_required")


async def test_an_ended_session_loses_its_sockets_and_no_others(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina = await world.human()
        async with world.line(mina) as line, world.line(await world.human("Jun")) as other:
            answer = await world.call(mina, "DELETE", "/auth/sessions/current")
            assert answer.status_code == 204
            assert (await line.wait_closed())[0] == 4401
            assert line.pushes("bye") == [{"code": "not_signed_in", "retry_after_s": 0.0}]
            await other.settle()


async def test_after_listening_was_lost_everybody_shows_their_session_again(running_app: RunningApp) -> None:
    async with world_of(running_app) as world, world.line(await world.human()) as line:
        await world.db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        )
        assert (await line.wait_closed())[0] == 1012
        assert line.pushes("bye")[0]["code"] == "moving"


async def test_a_plain_asgi_server_carries_the_same_frames(
    running_apps: Callable[..., RunningApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    def plain(settings: Settings, app: ASGIApp) -> uvicorn.Config:
        config = server_config(settings, app)
        config.ws = "websockets-sansio"
        return config

    monkeypatch.setattr("tests.fixtures_app.server_config", plain)
    app = running_apps()
    async with world_of(app) as world:
        mina, jun, room_id = await world.friends()
        async with world.line(mina) as hers, world.line(jun) as his:
            await asyncio.gather(
                *(hers.send(room_id, f"plain-{number:04}", "x" * 300) for number in range(200))
            )
            await his.until(lambda: his.seqs(room_id) == list(range(1, 201)))
            await his.socket.send(b"binary")
            assert (await his.wait_closed())[0] == 1003
        async with world.line(mina) as hers:
            await world.call(mina, "DELETE", "/auth/sessions/current")
            assert (await hers.wait_closed())[0] == 4401


async def test_frames_that_cannot_be_read_are_answered_by_code(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina = await world.human()
        async with Line.open(mina, running_app) as line:
            early = await line.ask("beat", {})
            assert (early.t, early.d["code"]) == ("error", "hello_first")
            for text in (
                "", "nonsense", "[]", "null", "{", '{"t":1,"d":{}}', '{"d":{}}', '{"t":"beat","id":7}',
                '{"t":"hello","d":{"position":{"user_seq":0}}}', "[" * 50_000, '{"t":"beat","d":' * 4_000,
                '{"t":"hello","d":{"position":{"user_seq":0,"rooms":{"x":1}}}}', '{"t":"hello","d":[]}',
                '{"t":"beat","id":"' + "x" * 65 + '"}',
            ):  # fmt: skip
                line.frames.clear()
                await line.socket.send(text)
                error = await line.wait("error")
                assert error.d["code"] == "malformed", text[:40]
            await line.hello()
            for t, d, code in (
                ("no.such.type", {}, "unknown_type"),
                ("room.fetch", {"room_id": str(uuid4())}, "not_a_member"),
                ("room.fetch", {"room_id": str(uuid4()), "limit": 10**9}, "malformed"),
                ("read.move", {"room_id": str(uuid4()), "seq": 1}, "not_a_member"),
                ("read.move", {"room_id": str(uuid4()), "seq": -1}, "malformed"),
                ("typing.start", {"room_id": str(uuid4())}, "not_a_member"),
                ("beat", {"surprise": 1}, "malformed"),
            ):
                answer = await line.ask(t, d)
                assert (answer.t, answer.d["code"]) == ("error", code), (t, d, answer)
            far = await line.ask("user.fetch", {"after": 10**30})
            assert (far.t, far.d["items"]) == ("user.events", [])


async def test_who_goes_on_sending_nonsense_is_closed(running_app: RunningApp) -> None:
    async with world_of(running_app) as world, world.line(await world.human()) as line:
        for _ in range(Limits().errors_max + 10):
            await line.socket.send("nonsense")
        assert (await line.wait_closed())[0] == 4400
        assert line.frames[-1].t == "bye"


async def test_a_burst_of_ten_thousand_frames_is_limited_and_costs_others_nothing(
    running_app: RunningApp,
) -> None:
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        async with world.line(jun) as his, world.line(mina) as hers:
            frame = b'{"t":"beat","d":{}}'
            burst = b"".join(_masked(frame) for _ in range(10_000))
            hers.socket.transport.write(burst)
            assert (await his.send(room_id, "meanwhile-1")).t == "message.ack"
            assert (await hers.wait_closed())[0] == 4429
            codes = [push["code"] for push in hers.pushes("error")]
            assert set(codes) == {"too_many"}
            assert len(codes) <= Limits().errors_max + 5
            assert hers.pushes("bye")[0]["code"] == "too_many"


async def test_a_frame_beyond_the_limit_closes_the_connection(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina = await world.human()
        async with world.line(mina) as line:
            await line.socket.send("x" * (FRAME_BYTES_MAX + 1))
            assert (await line.wait_closed())[0] == 1009
        async with world.line(mina) as line:  # in pieces, none of which is too large
            fragments = [_fragment("x" * 40_000, first=True), _fragment("x" * 40_000)]
            line.socket.transport.write(b"".join(fragments))
            assert (await line.wait_closed())[0] == 1009
        async with world.line(mina) as line:
            await line.socket.send(b"\x00binary")
            assert (await line.wait_closed())[0] == 1003


async def test_a_message_in_fragments_around_a_ping_is_one_message(running_app: RunningApp) -> None:
    async with world_of(running_app) as world, world.line(await world.human()) as line:
        text = '{"t":"beat","id":"pieces","d":{}}'
        line.socket.transport.write(_fragment(text[:9], first=True))
        pong = await line.socket.ping()
        await pong
        line.socket.transport.write(_fragment(text[9:20]) + _fragment(text[20:], last=True))
        frame = await line.until(lambda: next((each for each in line.frames if each.id == "pieces"), None))
        assert frame.t == "heads"


async def test_bytes_that_are_no_websocket_end_the_connection(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina = await world.human()
        for junk in (b"\x81\x05hello", b"\xf1\x80abcd", b"\x8f\x80abcd", b"\x80\x80abcd", os.urandom(64)):
            async with world.line(mina) as line:
                line.socket.transport.write(junk + b"\x00" * 200)
                assert (await line.wait_closed())[0] in {1002, 1003, 1009, 1006, 1000}


async def test_a_reader_that_does_not_read_is_cut_off_and_resumes(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        body = "x" * 8_000
        async with world.line(mina) as hers:
            slow = await asyncio.to_thread(_deaf_client, running_app, jun.headers)
            await hers.until(lambda: True)
            sent = 0
            while len(running_app.web.gateway.sockets) > 1:
                acks = await asyncio.gather(
                    *(hers.send(room_id, f"slow-{sent + n:06}", body) for n in range(50))
                )
                assert {ack.t for ack in acks} == {"message.ack"}
                sent += 50
                assert sent < 5_000, "a peer that reads nothing is kept for ever"
            slow.close()
        async with world.line(jun, position={"user_seq": 0, "rooms": {str(room_id): sent - 20}}) as his:
            await his.until(lambda: his.seqs(room_id) == list(range(sent - 19, sent + 1)))


async def test_silence_is_ended(running_app: RunningApp) -> None:
    async with world_of(running_app) as world, Line.open(await world.human(), running_app) as line:
        gateway = running_app.web.gateway
        (server_side,) = gateway.sockets
        server_side.opened_at -= gateway.limits.hello_within_s
        assert (await line.wait_closed())[0] == 4408


async def test_the_oldest_of_too_many_sockets_is_closed(running_app: RunningApp) -> None:
    async with world_of(running_app) as world:
        mina = await world.human()
        limit = running_app.web.gateway.limits.sockets_per_user
        lines = [Line.open(mina, running_app) for _ in range(limit + 1)]
        opened = []
        for line in lines:
            opened.append(await line.__aenter__())
            await opened[-1].hello()
        assert (await opened[0].wait_closed())[0] == 4429
        await opened[1].settle()
        for line in lines:
            await line.__aexit__(None, None, None)


async def test_a_stopping_server_tells_its_clients_to_come_back(running_app: RunningApp) -> None:
    async with world_of(running_app) as world, contextlib.AsyncExitStack() as stack:
        mina = await world.human()
        with serve_in_thread(running_app.settings) as second:
            line = await stack.enter_async_context(Line.open(mina, second))
            await line.hello()
        assert (await line.wait_closed())[0] == 1012
        (bye,) = line.pushes("bye")
        assert bye["code"] == "moving"
        assert 0 < bye["retry_after_s"] <= 5


def _masked(payload: bytes, first: int = 0x81) -> bytes:
    mask = b"\x00\x00\x00\x00"
    if len(payload) < 126:
        return bytes((first, 0x80 | len(payload))) + mask + payload
    return struct.pack("!BBH", first, 0x80 | 126, len(payload)) + mask + payload


def _fragment(text: str, *, first: bool = False, last: bool = False) -> bytes:
    return _masked(text.encode(), (0x80 if last else 0) | (0x01 if first else 0x00))


def _deaf_client(app: RunningApp, headers: dict[str, str]) -> socket.socket:
    """A socket that says hello and reads no more."""
    url = httpx.URL(app.url)
    peer = socket.create_connection((url.host, url.port or 80))
    lines = [
        f"GET {WS} HTTP/1.1", f"Host: {url.netloc.decode()}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *(f"{name}: {value}" for name, value in headers.items()), "", "",
    ]  # fmt: skip
    peer.sendall("\r\n".join(lines).encode())
    assert b"101" in peer.recv(4096)
    peer.sendall(_masked(b'{"t":"hello","id":"1","d":{}}'))
    assert b"welcome" in peer.recv(4096)
    return peer
