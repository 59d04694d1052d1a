"""People, rooms and sockets for the tests of chat and realtime.

People are written straight into the database (signing in has tests of its own); sockets are real ones.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import httpx
import msgspec
import psycopg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from talktalk.identity.rules import token_hash
from talktalk.platform.ids import uuid7
from talktalk.supervisor.postgres import plain_url
from talktalk_wire.chat import Room, RoomEvent, RoomEvents
from talktalk_wire.common import Page
from tests.fixtures_app import RunningApp

ANSWER_S = 60.0
_numbers = itertools.count(10_000_000)


class Frame(msgspec.Struct):
    """A frame from the server."""

    t: str
    d: dict[str, Any]
    id: str | None = None


class Human:
    """Someone with a session."""

    def __init__(self, name: str) -> None:
        self.id = uuid7()
        self.name = name
        self.token = f"token-{self.id.hex}"
        self.session_id = uuid7()
        self.device_id = uuid7()
        self.phone = f"+8210{next(_numbers)}"

    @property
    def headers(self) -> dict[str, str]:
        """What signs their requests."""
        return {"Authorization": f"Bearer {self.token}"}


class World:
    """One database and the web processes over it."""

    def __init__(self, app: RunningApp, db: psycopg.AsyncConnection[Any]) -> None:
        self.app = app
        self.db = db

    async def human(self, name: str = "Mina") -> Human:
        """A new person with a session."""
        human = Human(name)
        await self.db.execute(
            "INSERT INTO users (id, phone, name, locale, created_at) VALUES (%s, %s, %s, 'ko', now())",
            (human.id, human.phone, name),
        )
        await self.db.execute(
            "INSERT INTO devices (id, user_id, token_hash, name, created_at, last_seen_at)"
            " VALUES (%s, %s, %s, 'test', now(), now())",
            (human.device_id, human.id, token_hash(human.token)),
        )
        await self.db.execute(
            "INSERT INTO sessions (id, user_id, device_id, token_hash, address, created_at, last_seen_at)"
            " VALUES (%s, %s, %s, %s, '127.0.0.1', now(), now())",
            (human.session_id, human.id, human.device_id, token_hash(human.token)),
        )
        return human

    async def befriend(self, one: Human, other: Human) -> None:
        """Make two people friends, behind everybody's back."""
        low, high = sorted((one.id, other.id))
        await self.db.execute(
            "INSERT INTO friend_pairs (low_id, high_id, low_listed_at, high_listed_at)"
            " VALUES (%s, %s, now(), now())",
            (low, high),
        )

    async def friends(self) -> tuple[Human, Human, UUID]:
        """Two friends and their room."""
        one, other = await self.human("Mina"), await self.human("Jun")
        await self.befriend(one, other)
        return one, other, (await self.open(one, other)).id

    async def group(self, *members: Human) -> UUID:
        """A room of any number of people."""
        room_id = uuid7()
        await self.db.execute(
            "INSERT INTO rooms (id, kind, title, created_by) VALUES (%s, 'group', 'Group', %s)",
            (room_id, members[0].id),
        )
        for member in members:
            await self.db.execute(
                "INSERT INTO room_members (room_id, user_id) VALUES (%s, %s)", (room_id, member.id)
            )
        return room_id

    async def call(
        self, human: Human, method: str, path: str, *, app: RunningApp | None = None, **options: Any
    ) -> httpx.Response:
        """An HTTP request as this person."""
        async with (app or self.app).client(headers=human.headers) as client:
            return await client.request(method, f"/api/v1{path}", **options)

    async def open(self, human: Human, other: Human) -> Room:
        """The room with someone."""
        answer = await self.call(human, "POST", "/rooms/direct", json={"user_id": str(other.id)})
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=Room)

    async def room(self, human: Human, room_id: UUID) -> Room:
        """A room as this person sees it."""
        answer = await self.call(human, "GET", f"/rooms/{room_id}")
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=Room)

    async def rooms(self, human: Human) -> list[Room]:
        """This person's list."""
        answer = await self.call(human, "GET", "/rooms")
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=Page[Room]).items

    async def history(self, human: Human, room_id: UUID) -> list[RoomEvent]:
        """Everything that happened in a room, page by page."""
        events: list[RoomEvent] = []
        after = 0
        while True:
            answer = await self.call(
                human, "GET", f"/rooms/{room_id}/events", params={"after": after, "limit": 200}
            )
            assert answer.status_code == 200, answer.text
            page = msgspec.json.decode(answer.content, type=RoomEvents)
            events += page.items
            if not page.items:
                return events
            after = page.items[-1].seq

    @contextlib.asynccontextmanager
    async def line(
        self, human: Human, *, app: RunningApp | None = None, position: dict[str, Any] | None = None
    ) -> AsyncIterator["Line"]:
        """A socket of this person that has been welcomed."""
        async with Line.open(human, app or self.app) as line:
            await line.hello(position)
            yield line


class Line:
    """A client's socket. Pushes are kept in `frames` in the order they came."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[Frame] = []
        self.welcome: dict[str, Any] = {}
        self.closed: tuple[int, str] | None = None
        self._answers: dict[str, asyncio.Future[Frame]] = {}
        self._changed = asyncio.Condition()
        self._ids = itertools.count(1)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, human: Human | None, app: RunningApp, **options: Any) -> AsyncIterator["Line"]:
        """Connect; says nothing yet."""
        headers = {**(human.headers if human else {}), **options.pop("headers", {})}
        url = f"ws{app.url.removeprefix('http')}/api/v1/ws"
        async with connect(
            url, additional_headers=headers, compression=None, ping_interval=None, max_size=None, **options
        ) as socket:
            line = cls(socket)
            reading = asyncio.create_task(line._read())
            try:
                yield line
            finally:
                await socket.close()
                await reading

    async def hello(self, position: dict[str, Any] | None = None) -> dict[str, Any]:
        """Say hello and be welcomed."""
        frame = await self.ask("hello", {} if position is None else {"position": position})
        assert frame.t == "welcome", frame
        self.welcome = frame.d
        return frame.d

    async def tell(self, t: str, d: dict[str, Any], frame_id: str | None = None) -> None:
        """Send a frame."""
        await self.socket.send(
            msgspec.json.encode({"t": t, "d": d} | ({"id": frame_id} if frame_id else {})).decode()
        )

    async def ask(self, t: str, d: dict[str, Any]) -> Frame:
        """Send a frame and wait for its answer."""
        frame_id = str(next(self._ids))
        answer = self._answers[frame_id] = asyncio.get_running_loop().create_future()
        await self.tell(t, d, frame_id)
        async with asyncio.timeout(ANSWER_S):
            frame: Frame = await answer
            return frame

    async def send(self, room_id: UUID, client_id: str, body: str = "hello") -> Frame:
        """Send a message and wait for its ack."""
        return await self.ask("message.send", {"client_id": client_id, "room_id": str(room_id), "body": body})

    async def until(self, found: Callable[[], Any]) -> Any:
        """Wait until `found` finds something."""
        async with asyncio.timeout(ANSWER_S), self._changed:
            await self._changed.wait_for(lambda: found() or self.closed is not None)
        result = found()
        assert result, f"closed: {self.closed}; frames: {self.frames[-5:]}"
        return result

    async def until_seqs(self, room_id: UUID, seqs: list[int]) -> None:
        """Wait until exactly these positions of a room have come."""
        await self.until(lambda: self.seqs(room_id) == seqs)

    async def until_count(self, room_id: UUID, count: int) -> None:
        """Wait until so many positions of a room have come."""
        await self.until(lambda: len(self.seqs(room_id)) == count)

    async def wait(self, t: str, **fields: Any) -> Frame:
        """The first push of a type with these fields in its `d`."""

        def found() -> Frame | None:
            return next((f for f in self.frames if f.t == t and fields.items() <= f.d.items()), None)

        frame: Frame = await self.until(found)
        return frame

    async def wait_closed(self) -> tuple[int, str]:
        """Code and reason of the close."""
        async with asyncio.timeout(ANSWER_S), self._changed:
            await self._changed.wait_for(lambda: self.closed is not None)
        assert self.closed is not None
        return self.closed

    def seqs(self, room_id: UUID) -> list[int]:
        """The positions of a room that came as pushes."""
        return [f.d["seq"] for f in self.frames if f.t == "room.event" and f.d["room_id"] == str(room_id)]

    def pushes(self, t: str) -> list[dict[str, Any]]:
        """The `d` of every push of a type."""
        return [f.d for f in self.frames if f.t == t]

    def cut(self) -> None:
        """Lose the connection without a word."""
        self.socket.transport.abort()

    async def settle(self) -> None:
        """Wait until the server has answered, and so has sent whatever it had to send before."""
        await self.ask("beat", {})

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in self.socket:
                frame = msgspec.json.decode(text, type=Frame)
                answer = self._answers.pop(frame.id, None) if frame.id else None
                async with self._changed:
                    if answer is None:
                        self.frames.append(frame)
                    elif not answer.done():
                        answer.set_result(frame)
                    self._changed.notify_all()
        async with self._changed:
            self.closed = (self.socket.close_code or 1006, self.socket.close_reason or "")
            for waiting in self._answers.values():
                waiting.cancel()
            self._changed.notify_all()


@contextlib.asynccontextmanager
async def world_of(app: RunningApp) -> AsyncIterator[World]:
    """The world of a running application."""
    conninfo = plain_url(app.settings.database_url)
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as db:
        yield World(app, db)
