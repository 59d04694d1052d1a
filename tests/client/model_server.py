"""A small server that keeps TalkTalk's realtime contract in memory, over a network that does not.

One person, any number of rooms. The facts (`rooms`, `user_events`) are always right; what happens to
a frame on its way is decided by `Faults`, from a seed. `answers` scripts what becomes of single HTTP
requests. It runs in the test's own event loop under the real ASGI server, on a loopback port that
it keeps over restarts.
"""

import asyncio
import random
import re
import socket
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import uvicorn

from talktalk_client import frames
from talktalk_wire.chat import EventKind, Message, MessageAsk, MessageKind, RoomEvent
from talktalk_wire.common import Problem
from talktalk_wire.realtime import (
    Bye,
    Error,
    Heads,
    Hello,
    MessageAck,
    MessageSend,
    RoomEventsFrame,
    RoomFetch,
    UserEvent,
    UserEvents,
    UserFetch,
    Welcome,
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

ME = UUID("0190f000-0000-7000-8000-000000000001")
FRIEND = UUID("0190f000-0000-7000-8000-000000000002")


def now() -> datetime:
    return datetime.now(UTC)


class Faults(msgspec.Struct, kw_only=True):
    """Chances, for each pushed frame, of each mishap; the seed decides."""

    seed: int = 0
    drop: float = 0.0
    twice: float = 0.0
    late: float = 0.0
    """Held back until a later frame has gone."""
    cut: float = 0.0
    """The socket breaks instead."""
    silent_replay: bool = False
    """`hello` with a position replays nothing."""
    ack_lost: int = 0
    """So many messages are committed and the socket breaks before the ack."""


class Answer(msgspec.Struct, kw_only=True):
    """What becomes of the next request to a path."""

    path: str
    """Regular expression, matched whole."""
    status: int = 0
    """Answer with this and do nothing; 0: do it."""
    code: str = ""
    retry_after_s: int | None = None
    is_lost: bool = False
    """Break the connection instead of answering."""


class Socket:
    """One client's socket and the frames held back from it."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.late: list[str] = []
        self.broken = asyncio.Event()
        self.greeted = False


class ModelServer:
    """The server. `async with` runs it."""

    def __init__(self, faults: Faults | None = None, *, heartbeat_s: int = 1) -> None:
        self.faults = faults or Faults()
        self.heartbeat_s = heartbeat_s
        self.rooms: dict[UUID, list[RoomEvent]] = {}
        self.user_events: list[UserEvent] = []
        self.messages: dict[str, Message] = {}
        self.answers: deque[Answer] = deque()
        self.refusals: deque[Error] = deque()
        """Answers to the next `message.send` frames instead of an ack."""
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        """Method, path, headers, body of every HTTP request."""
        self.hellos: list[Hello] = []
        self.fetches: list[RoomFetch | UserFetch] = []
        self.token = "token"
        self.sockets: set[Socket] = set()
        self.handlers: dict[tuple[str, str], Callable[[bytes], object]] = {}
        """More routes: what a request's body is answered with."""
        self._random = random.Random(self.faults.seed)
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> "ModelServer":
        await self.start()
        return self

    async def __aexit__(self, *exit_info: object) -> None:
        await self.stop()

    async def start(self) -> None:
        config = uvicorn.Config(
            self,
            host="127.0.0.1",
            port=self.port,
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # the test's own
        self._serving = asyncio.create_task(self._server._serve())
        while not self._server.started:
            assert not self._serving.done(), self._serving.exception()
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        if self._server is None or self._serving is None:
            return
        self.break_sockets()
        self._server.should_exit = True
        await self._serving
        self._server = None

    def break_sockets(self) -> None:
        """Every socket goes away without a word."""
        for each in list(self.sockets):
            each.broken.set()

    # Facts.

    async def post(self, room_id: UUID, body: str, client_id: str = "", sender: UUID = FRIEND) -> Message:
        """Someone writes; everyone is told, as far as the network lets them."""
        known = self.messages.get(client_id)
        if known is not None:
            return known
        events = self.rooms.setdefault(room_id, [])
        message = Message(
            id=uuid4(),
            room_id=room_id,
            seq=len(events) + 1,
            sender_id=sender,
            client_id=client_id or uuid4().hex,
            kind=MessageKind.TEXT,
            body=body,
            created_at=now(),
        )
        self.messages[message.client_id] = message
        event = RoomEvent(
            room_id=room_id, seq=message.seq, kind=EventKind.POSTED, message=message, created_at=now()
        )
        events.append(event)
        await self.push("room.event", event)
        return message

    async def happen(self, kind: str, data: dict[str, Any]) -> None:
        """Something of the user's own."""
        event = UserEvent(seq=len(self.user_events) + 1, kind=kind, data=data, created_at=now())
        self.user_events.append(event)
        await self.push("user.event", event)

    def heads(self) -> Heads:
        rooms = {room_id: len(events) for room_id, events in self.rooms.items()}
        return Heads(user_seq=len(self.user_events), rooms=rooms)

    # Frames on their way.

    async def push(self, kind: str, data: msgspec.Struct) -> None:
        for each in list(self.sockets):
            if each.greeted:
                await self._deliver(each, frames.write(kind, data))

    async def _deliver(self, to: Socket, text: str) -> None:
        chance = self._random.random
        if chance() < self.faults.cut:
            to.broken.set()
            return
        if chance() < self.faults.drop:
            return
        if chance() < self.faults.late:
            to.late.append(text)
            return
        await self._write(to, text)
        if chance() < self.faults.twice:
            await self._write(to, text)
        held, to.late = to.late, []
        self._random.shuffle(held)
        for each in held:
            await self._write(to, each)

    async def _write(self, to: Socket, text: str) -> None:
        if not to.broken.is_set():
            await to.send({"type": "websocket.send", "text": text})

    async def say_bye(self, code: str, retry_after_s: float) -> None:
        for each in list(self.sockets):
            await self._write(each, frames.write("bye", Bye(code=code, retry_after_s=retry_after_s)))

    # The ASGI application.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
        else:
            await self._serve_request(scope, receive, send)

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if dict(scope["headers"]).get(b"authorization") != f"Bearer {self.token}".encode():
            await send({"type": "websocket.close", "code": 1008})  # before accept: HTTP 403
            return
        await send({"type": "websocket.accept"})
        client = Socket(send)
        self.sockets.add(client)
        breaking = asyncio.create_task(client.broken.wait())
        try:
            while True:
                receiving = asyncio.ensure_future(receive())
                done, _ = await asyncio.wait((receiving, breaking), return_when=asyncio.FIRST_COMPLETED)
                if receiving not in done:
                    receiving.cancel()
                    await send({"type": "websocket.close", "code": 1011})
                    return
                heard = receiving.result()
                if heard["type"] == "websocket.disconnect":
                    return
                await self._hear(client, frames.read(heard["text"]))
        finally:
            breaking.cancel()
            self.sockets.discard(client)

    async def _hear(self, client: Socket, frame: frames.Frame) -> None:
        match frame.t:
            case "hello":
                await self._greet(client, frames.decode(frame, Hello))
            case "beat":
                await self._answer(client, frame, "heads", self.heads())
            case "message.send":
                await self._take(client, frame)
            case "room.fetch":
                room = frames.decode(frame, RoomFetch)
                self.fetches.append(room)
                events = self.rooms[room.room_id]
                items = [each for each in events if each.seq > (room.after or 0)][: room.limit]
                page = RoomEventsFrame(room_id=room.room_id, items=items, head_seq=len(events))
                await self._answer(client, frame, "room.events", page)
            case "user.fetch":
                own = frames.decode(frame, UserFetch)
                self.fetches.append(own)
                mine = self.user_events[own.after : own.after + own.limit]
                await self._answer(
                    client, frame, "user.events", UserEvents(items=mine, head_seq=len(self.user_events))
                )
            case _:
                await self._answer(client, frame, "error", Error(code="unknown_frame"))

    async def _greet(self, client: Socket, hello: Hello) -> None:
        self.hellos.append(hello)
        welcome = Welcome(
            user_id=ME,
            session_id=ME,
            device_id=ME,
            heartbeat_s=self.heartbeat_s,
            heads=self.heads(),
            server_time=now(),
        )
        client.greeted = True
        await self._write(client, frames.write("welcome", welcome, "hello"))
        if hello.position is None or self.faults.silent_replay:
            return
        for own in self.user_events[hello.position.user_seq :]:
            await self._deliver(client, frames.write("user.event", own))
        for room_id, after in hello.position.rooms.items():
            for event in self.rooms.get(room_id, [])[after:]:
                await self._deliver(client, frames.write("room.event", event))

    async def _take(self, client: Socket, frame: frames.Frame) -> None:
        if self.refusals:
            await self._answer(client, frame, "error", self.refusals.popleft())
            return
        ask = frames.decode(frame, MessageSend)
        message = await self.post(ask.room_id, ask.body, ask.client_id, ME)
        if self.faults.ack_lost > 0:
            self.faults.ack_lost -= 1
            client.broken.set()
            return
        ack = MessageAck(
            client_id=message.client_id,
            room_id=message.room_id,
            message_id=message.id,
            seq=message.seq,
            created_at=message.created_at,
        )
        await self._answer(client, frame, "message.ack", ack)

    async def _answer(self, client: Socket, asked: frames.Frame, kind: str, data: msgspec.Struct) -> None:
        await self._write(client, frames.write(kind, data, asked.id))

    async def _serve_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            heard = await receive()
            body += heard.get("body", b"")
            if not heard.get("more_body"):
                break
        method, path = scope["method"], scope["path"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.requests.append((method, path, headers, body))
        scripted = self._scripted(path)
        if scripted is not None and scripted.status:
            problem = Problem(
                type="about:blank",
                title=scripted.code,
                status=scripted.status,
                code=scripted.code,
                retry_after_s=scripted.retry_after_s,
            )
            await _reply(send, scripted.status, msgspec.json.encode(problem))
            return
        found = await self._do(method, path, body)
        if scripted is not None and scripted.is_lost:
            # Promises a body and breaks off: the client gets no answer.
            start = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]}
            await send(start)
            return
        if isinstance(found, Problem):
            await _reply(send, found.status, msgspec.json.encode(found))
        else:
            await _reply(send, 200, msgspec.json.encode(found))

    def _scripted(self, path: str) -> Answer | None:
        for scripted in self.answers:
            if re.fullmatch(scripted.path, path):
                self.answers.remove(scripted)
                return scripted
        return None

    async def _do(self, method: str, path: str, body: bytes) -> object:
        handler = self.handlers.get((method, path))
        if handler is not None:
            return handler(body)
        posting = re.fullmatch("/api/v1/rooms/([^/]+)/messages", path)
        if posting is not None and method == "POST":
            ask = msgspec.json.decode(body, type=MessageAsk)
            return await self.post(UUID(posting[1]), ask.body, ask.client_id, ME)
        return Problem(type="about:blank", title="Not found", status=404, code="not_found")


async def _reply(send: Send, status: int, body: bytes) -> None:
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
