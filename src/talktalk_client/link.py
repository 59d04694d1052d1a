"""The socket: one WebSocket that comes back by itself.

`run` connects, says `hello` with the position of the streams that listen, hands every push to
them, beats, and starts again with jittered pauses when the socket is lost, silent for too long or
closed by the server. Only an ended session stops it: then `failure` is set and told to everyone.

A request is a frame with an id; its answer goes to whoever asked and never waits for a slow
reader of events.
"""

import asyncio
import itertools
import logging
import ssl
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol
from uuid import UUID

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from talktalk_client import frames
from talktalk_client.errors import LinkLost, NotSignedIn, ProtocolError, TalkTalkError, frame_error
from talktalk_client.frames import Frame, Push, StrangeRoomEvent
from talktalk_client.policy import Backoff, Policy
from talktalk_client.rest import is_loopback
from talktalk_wire.chat import RoomEvent
from talktalk_wire.realtime import (
    FRAME_BYTES_MAX,
    Beat,
    Bye,
    Error,
    Heads,
    Hello,
    Position,
    UserEvent,
    Welcome,
)

# A page of 200 messages of 8,000 characters in UTF-8, with room to spare.
FRAME_READ_BYTES_MAX = 16 * 1024 * 1024
_SESSION_OVER = "not_signed_in"

_log = logging.getLogger("talktalk_client")


class Listener(Protocol):
    """Who hears what the socket brings."""

    def position(self) -> Position | None:
        """How far it has come; None before its first welcome."""

    def welcome(self, welcome: Welcome, replayed: Position | None) -> None:
        """Connected (again); the server replays what followed `replayed`."""

    def push(self, push: Push) -> None:
        """A push came."""

    def failed(self, failure: TalkTalkError) -> None:
        """Nothing will come any more."""


class _ServerCloses(TalkTalkError):
    """The server said `bye`."""

    def __init__(self, bye: Bye) -> None:
        super().__init__(bye.code)
        self.bye = bye


class Link:
    """The connection shared by all event streams and requests of one session."""

    def __init__(
        self,
        base_url: str,
        token: Callable[[], str | None],
        policy: Policy,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self.failure: TalkTalkError | None = None
        self._url = "ws" + base_url.removeprefix("http") + "/api/v1/ws"
        self._token = token
        self._policy = policy
        self._ssl = ssl_context
        self._listeners: set[Listener] = set()
        self._answers: dict[str, asyncio.Future[Frame]] = {}
        self._ids = itertools.count(1)
        self._socket: ClientConnection | None = None
        self._welcome: Welcome | None = None
        self._heads: Heads | None = None
        self._settled = asyncio.Event()  # connected, or failed for good
        self._task: asyncio.Task[None] | None = None
        self._silent_beats = 0

    @property
    def is_up(self) -> bool:
        """Whether the server has welcomed us on the present socket."""
        return self._socket is not None

    @property
    def is_running(self) -> bool:
        """Whether it is connected or trying to be."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin connecting, unless it is being done."""
        if not self.is_running:
            self.failure = None
            self._settled.clear()
            self._task = asyncio.create_task(self._run(), name="talktalk-link")

    async def wait_up(self) -> None:
        """Return once connected.

        Raises:
            NotSignedIn: The session has ended.
        """
        while not self.is_up:
            await self._settled.wait()
            if self.failure is not None:
                raise self.failure
            if not self.is_up:  # lost again before we woke
                self._settled.clear()

    async def stop(self) -> None:
        """Close the socket and stay away."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._fail(LinkLost("the link was closed"))

    def listen(self, listener: Listener) -> None:
        """Hand `listener` everything from now on; if connected, it is welcomed at once."""
        self._listeners.add(listener)
        if self.failure is not None:
            listener.failed(self.failure)
        elif self._welcome is not None and self._heads is not None and self.is_up:
            listener.welcome(msgspec.structs.replace(self._welcome, heads=_copy(self._heads)), None)

    def ignore(self, listener: Listener) -> None:
        """Stop handing it anything."""
        self._listeners.discard(listener)

    async def ask(self, kind: str, data: msgspec.Struct) -> Frame:
        """Send a frame and wait for its answer.

        Raises:
            LinkLost: Not connected, or no answer in time; it may have been done.
            ApiError: The server refused.
        """
        correlation = str(next(self._ids))
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers[correlation] = answer
        try:
            async with asyncio.timeout(self._policy.request_timeout_s):
                await self.tell(kind, data, correlation)
                frame = await answer
        except TimeoutError as error:
            raise LinkLost(f"{kind}: no answer within {self._policy.request_timeout_s} s") from error
        finally:
            del self._answers[correlation]
        if frame.t == "error":
            raise frame_error(frames.decode(frame, Error))
        return frame

    async def tell(self, kind: str, data: msgspec.Struct, correlation: str | None = None) -> None:
        """Send a frame.

        Raises:
            LinkLost: Not connected.
        """
        socket = self._socket
        if socket is None:
            raise LinkLost("not connected")
        try:
            await socket.send(frames.write(kind, data, correlation))
        except ConnectionClosed as error:
            raise LinkLost(f"{kind}: {error}") from error

    async def _run(self) -> None:
        backoff = Backoff(self._policy.reconnect_first_s, self._policy.reconnect_last_s)
        try:
            while True:
                pause_s = 0.0
                try:
                    await self._connect(backoff)
                except NotSignedIn as failure:
                    self._fail(failure)
                    return
                except _ServerCloses as closing:
                    pause_s = closing.bye.retry_after_s
                except (OSError, InvalidHandshake, ConnectionClosed, TalkTalkError) as error:
                    _log.info("socket lost: %s", str(error) or type(error).__name__)
                await asyncio.sleep(max(pause_s, backoff.pause_s()))
        except Exception as bug:
            # Ours, not the network's: nobody may wait for ever on a task that has died.
            self._fail(ProtocolError(f"the link failed: {bug!r}"))
            raise

    async def _connect(self, backoff: Backoff) -> None:
        """One connection, from the handshake to its loss."""
        connecting = connect(
            self._url,
            additional_headers={"Authorization": f"Bearer {self._token() or ''}"},
            ssl=self._ssl,
            proxy=None if is_loopback(self._url) else True,
            compression=None,
            open_timeout=self._policy.request_timeout_s,
            close_timeout=1,
            ping_interval=None,  # our own beats renew the presence lease and tell the heads
            max_size=FRAME_READ_BYTES_MAX,
        )
        try:
            socket = await connecting
        except InvalidStatus as error:
            if error.response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                raise _session_over(f"the socket was refused with {error.response.status_code}") from error
            raise
        beats: asyncio.Task[None] | None = None
        try:
            early = await self._greet(socket)
            backoff.reset()
            beats = asyncio.create_task(self._beat(socket), name="talktalk-beats")
            for frame in early:
                self._hear(frame)
            async for text in socket:
                self._silent_beats = 0
                self._hear(frames.read(text))
            raise LinkLost(f"closed by the server with {socket.close_code}")
        finally:
            self._down()
            if beats is not None:
                beats.cancel()
                await asyncio.gather(beats, return_exceptions=True)
            await socket.close()

    async def _greet(self, socket: ClientConnection) -> list[Frame]:
        """Say hello and wait for the welcome; answers with what was pushed before it."""
        replayed = self._position()
        hello = frames.write("hello", Hello(position=replayed), "hello")
        if len(hello) > FRAME_BYTES_MAX:  # more rooms than a frame holds: every stream asks for its own
            replayed = None
            hello = frames.write("hello", Hello(), "hello")
        early: list[Frame] = []
        async with asyncio.timeout(self._policy.request_timeout_s):
            await socket.send(hello)
            while True:
                frame = frames.read(await socket.recv())
                if frame.t == "welcome":
                    break
                if frame.t == "error":
                    raise frame_error(frames.decode(frame, Error))
                if frame.t == "bye":
                    self._close(frames.decode(frame, Bye))
                early.append(frame)
        self._welcome = frames.decode(frame, Welcome)
        self._heads = _copy(self._welcome.heads)
        self._socket = socket
        self._silent_beats = 0
        self._settled.set()
        for listener in list(self._listeners):
            listener.welcome(self._welcome, replayed)
        return early

    async def _beat(self, socket: ClientConnection) -> None:
        """Beat for as long as the socket lives; a silent one is cut, so that a new one is made."""
        assert self._welcome is not None, "beats begin after the welcome"
        while True:
            await asyncio.sleep(self._welcome.heartbeat_s)
            self._silent_beats += 1
            if self._silent_beats > self._policy.silence_beats_max:
                _log.info("socket silent for %d beats", self._policy.silence_beats_max)
                socket.transport.abort()
                return
            try:
                await self.tell("beat", Beat(), str(next(self._ids)))
            except LinkLost:
                return

    def _hear(self, frame: Frame) -> None:
        answer = self._answers.get(frame.id) if frame.id is not None else None
        if answer is not None:
            if not answer.done():
                answer.set_result(frame)
            return
        push = frames.read_push(frame)
        if isinstance(push, Bye):
            self._close(push)
        if isinstance(push, Error):
            if push.code == _SESSION_OVER:
                raise frame_error(push)
            _log.warning("the server says %s: %s", push.code, push.detail)
            return
        self._note(push)
        for listener in list(self._listeners):
            listener.push(push)

    def _note(self, push: Push) -> None:
        """Keep the newest heads, for a stream that begins while we are connected."""
        heads = self._heads
        assert heads is not None, "pushes are heard after the welcome"
        if isinstance(push, RoomEvent | StrangeRoomEvent):
            heads.rooms[push.room_id] = max(push.seq, heads.rooms.get(push.room_id, 0))
        elif isinstance(push, UserEvent):
            self._heads = Heads(user_seq=max(push.seq, heads.user_seq), rooms=heads.rooms)
        elif isinstance(push, Heads):
            rooms = {room_id: max(seq, heads.rooms.get(room_id, 0)) for room_id, seq in push.rooms.items()}
            self._heads = Heads(user_seq=max(push.user_seq, heads.user_seq), rooms=rooms)

    def _position(self) -> Position | None:
        """The position from which no listener misses anything; None where none has begun."""
        positions = [each for each in (one.position() for one in self._listeners) if each is not None]
        if not positions:
            return None
        rooms: dict[UUID, int] = {}
        for room_id in {room_id for each in positions for room_id in each.rooms}:
            rooms[room_id] = min(each.rooms.get(room_id, 0) for each in positions)
        return Position(user_seq=min(each.user_seq for each in positions), rooms=rooms)

    def _close(self, bye: Bye) -> None:
        if bye.code == _SESSION_OVER:
            raise _session_over("the session has ended")
        raise _ServerCloses(bye)

    def _down(self) -> None:
        """The socket is gone: nobody waits for its answers."""
        self._socket = None
        if self.failure is None:
            self._settled.clear()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(LinkLost("the socket went away before the answer"))

    def _fail(self, failure: TalkTalkError) -> None:
        self.failure = failure
        self._down()
        self._settled.set()
        for listener in list(self._listeners):
            listener.failed(failure)


def _copy(heads: Heads) -> Heads:
    """Ours to change: listeners read theirs later."""
    return Heads(user_seq=heads.user_seq, rooms=dict(heads.rooms))


def _session_over(detail: str) -> NotSignedIn:
    error = frame_error(Error(code=_SESSION_OVER, detail=detail))
    assert isinstance(error, NotSignedIn), "the code has this class"
    return error
