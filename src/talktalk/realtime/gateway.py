"""The gateway of one web process: its sockets, the channels they follow, and what comes in.

Frames go to the handlers that were registered with `on`; events come from the bus (this process's own
commits), from wake-ups (`platform.wake`: other processes), and, should both fail, from the sweep, which
compares the heads of everything followed here with the database. Whatever the way, a channel hands
events on strictly in order and fetches what it lacks (see `channels`).

| wake-up     | position | means                                                |
|-------------|----------|------------------------------------------------------|
| `room`      | > 0      | the room has come there                              |
| `room`      | 0        | who may do what in the room has changed: read it again |
| `user`      | > 0      | the user's own sequence has come there               |
| `session`   | any      | the session has ended: close its sockets             |

`run` is the gateway's life: it listens and sweeps until cancelled. `close` tells every client to come
back elsewhere.
"""

import asyncio
import contextlib
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec

from talktalk.platform.clock import Clock
from talktalk.platform.problems import Trouble
from talktalk.platform.tasks import end, together
from talktalk.platform.wake import Listener, Wake
from talktalk.realtime import protocol
from talktalk.realtime.bus import Bus
from talktalk.realtime.channels import OPENING, Channel
from talktalk.realtime.greeting import Greeter
from talktalk.realtime.limits import Limits
from talktalk.realtime.ports import FeedItem, Feeds, Relations, Rooms, RoomState
from talktalk.realtime.presence import Presence
from talktalk.realtime.protocol import Close, Code
from talktalk.realtime.sockets import BYE_RETRY_S, Socket, Stage
from talktalk_wire import realtime as wire
from talktalk_wire.realtime import Bye

FETCH_LIMIT: Final = 500
"""Events read at once to fill a gap."""
FETCHES_MAX: Final = 8
"""Reads of the gateway at the same time."""
RETRY_S: Final = 0.5
ENDED_MAX: Final = 10_000
TYPING_PAUSE_S: Final = 1.0
"""Typing frames of a socket that come sooner are not passed on."""
POSITION_MAX: Final = 2**62
"""Beyond every position; what the database can still compare."""

D = TypeVar("D", bound=msgspec.Struct)
Handler = Callable[[Socket, str | None, D], Awaitable[None] | None]
"""Gets the socket, the frame's id and its `d`. A coroutine runs as a task of its own."""
UserEventHook = Callable[[UUID, FeedItem], None]

_log = logging.getLogger("talktalk.realtime")


class Gateway:
    """All sockets of this process."""

    def __init__(
        self,
        *,
        clock: Clock,
        bus: Bus,
        rooms: Rooms,
        feeds: Feeds,
        relations: Relations,
        limits: Limits | None = None,
    ) -> None:
        self.clock = clock
        self.bus = bus
        self.limits = limits or Limits()
        self.presence = Presence(clock)
        self.rooms: dict[UUID, Channel] = {}
        self.users: dict[UUID, Channel] = {}
        self.source = rooms
        self.feeds = feeds
        self.sockets: dict[Socket, None] = {}
        self._relations = relations
        self._handlers: dict[str, tuple[msgspec.json.Decoder[Any], Handler[Any], bool]] = {}
        self._hooks: list[UserEventHook] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._reads = asyncio.Semaphore(FETCHES_MAX)
        self._is_closing = False
        self._greetings = 0
        self._ended: dict[UUID, None] = {}
        """Sessions that have ended lately: a handshake that was under way then is too late."""
        self._changing: set[UUID] = set()
        """Users of whose relations something is known to be out of date."""
        self._strays: dict[UUID, int] = {}
        self._greeter = Greeter(self)
        bus.connect(self)
        self.on("hello", self._greeter.hello)
        self.on("beat", self._beat)
        self.on("typing.start", self._typing)
        self.on("user.fetch", self._user_fetch)

    # Composition.

    def on(self, t: str, handler: Handler[Any]) -> None:
        """Have frames of type `t` answered by `handler`."""
        struct = protocol.CLIENT_FRAMES[t]
        assert t not in self._handlers, f"{t} has its handler"
        self._handlers[t] = (msgspec.json.Decoder(struct), handler, inspect.iscoroutinefunction(handler))

    def on_user_event(self, hook: UserEventHook) -> None:
        """Call `hook` after each user event was handed to that user's sockets here."""
        self._hooks.append(hook)

    async def run(self, conninfo: str) -> None:
        """Listen for wake-ups and sweep, until cancelled.

        Args:
            conninfo: libpq's form of the database's address.
        """
        listener = Listener(conninfo, self.on_wake, self._on_reset)
        await together(self._listen_always(listener), self._sweep_always())

    async def _listen_always(self, listener: Listener) -> None:
        while True:
            try:
                await listener.run()
            except Exception:  # noqa: BLE001 - without listening only the sweep is left
                _log.exception("realtime.listening_failed")
            await asyncio.sleep(RETRY_S)

    async def close(self) -> None:
        """Tell every client to move, and end what is under way."""
        self._is_closing = True
        for socket in list(self.sockets):
            socket.on_stop()
        await end(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something on the side; its failure is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("realtime.task_failed", exc_info=error)

    # Sockets.

    def connect(self, user_id: UUID, session_id: UUID, device_id: UUID) -> Socket:
        """A new socket of an authenticated session; give it its wire with `attach`."""
        socket = Socket(self, user_id, session_id, device_id, self._forget)
        self.sockets[socket] = None
        if session_id in self._ended:
            asyncio.get_running_loop().call_soon(self.end_session, session_id)
        return socket

    @property
    def is_closing(self) -> bool:
        """Whether this process takes no new sockets any more."""
        return self._is_closing

    def cut_off(self, socket: Socket) -> None:
        """End a socket that does not read, once the present writes are through."""
        bye = Bye(code="slow_reader", retry_after_s=BYE_RETRY_S)
        end = lambda: socket.end(Close.SILENT, "slow reader", bye=bye)  # noqa: E731
        asyncio.get_running_loop().call_soon(end)

    def end_session(self, session_id: UUID) -> None:
        """Close the sockets of a session that has ended."""
        self._ended[session_id] = None
        if len(self._ended) > ENDED_MAX:
            del self._ended[next(iter(self._ended))]
        bye = Bye(code="not_signed_in", retry_after_s=0)
        for socket in [each for each in self.sockets if each.session_id == session_id]:
            socket.end(Close.NOT_SIGNED_IN, "session ended", bye=bye)

    def _forget(self, socket: Socket) -> None:
        self.sockets.pop(socket, None)
        user = self.users.get(socket.user_id)
        if user is not None and user.followers == [socket] and socket.user_id not in self._changing:
            self.presence.keep(socket.user_id, user.head)
        self.leave_all(socket)
        self.presence.release(socket.user_id, socket)

    def leave_all(self, socket: Socket) -> None:
        """Take a socket out of every channel."""
        for room in socket.rooms.values():
            room.leave(socket)
            self.release_room(room)
        socket.rooms.clear()
        user = self.users.get(socket.user_id)
        if user is not None:
            user.leave(socket)
            self.release_user(user)

    # Channels.

    @contextlib.contextmanager
    def greeting(self) -> Iterator[None]:
        """While rooms are read and before their channels are entered: note what moves meanwhile."""
        self._greetings += 1
        try:
            yield
        finally:
            self._greetings -= 1
            if not self._greetings:
                self._strays.clear()

    def open_room(self, channel: Channel, state: RoomState) -> None:
        """Begin a channel at what was read while `greeting`."""
        channel.is_quiet = state.is_quiet
        channel.open(state.head)
        channel.hear(self._strays.get(channel.key, 0))

    def _stray(self, room_id: UUID, position: int) -> None:
        self._strays[room_id] = max(position, self._strays.get(room_id, 0))

    def hold_room(self, room_id: UUID) -> Channel:
        """The channel of a room, kept until `release_room`; a new one is opening."""
        channel = self.rooms.get(room_id)
        if channel is None:
            channel = self.rooms[room_id] = Channel(room_id, self._room_gap)
        channel.holds += 1
        return channel

    def release_room(self, channel: Channel, *, held: bool = False) -> None:
        """Let a channel go that nobody needs any more."""
        channel.holds -= held
        if channel.is_unused:
            self.rooms.pop(channel.key, None)

    def hold_user(self, user_id: UUID) -> Channel:
        """The channel of a user, kept until `release_user`; a new one is opening."""
        channel = self.users.get(user_id)
        if channel is None:
            channel = self.users[user_id] = Channel(user_id, self._user_gap)
        channel.holds += 1
        return channel

    def release_user(self, channel: Channel, *, held: bool = False) -> None:
        """Let a channel go that nobody needs any more."""
        channel.holds -= held
        if channel.is_unused:
            self.users.pop(channel.key, None)

    def sockets_of(self, user_id: UUID) -> list[Socket]:
        """The user's welcomed sockets here."""
        channel = self.users.get(user_id)
        return [each for each in channel.followers if isinstance(each, Socket)] if channel else []

    def join_room(self, user_id: UUID, room_id: UUID, position: int) -> None:
        """Let a user's sockets follow a room that has become theirs, from `position` + 1 on."""
        self.spawn(self._greeter.join(user_id, room_id, position))

    # What the bus brings (`bus.Hearer`).

    def room_moved(self, room_id: UUID, first: int, frames: Sequence[bytes]) -> None:
        """A room's new events."""
        channel = self.rooms.get(room_id)
        if channel is not None:
            channel.offer(first, frames)
        elif self._greetings:
            self._stray(room_id, first + len(frames) - 1)

    def room_passing(self, room_id: UUID, frame: bytes, except_user: UUID | None) -> None:
        """Typing, read receipts."""
        channel = self.rooms.get(room_id)
        if channel is None or channel.is_quiet:
            return
        for follower in channel.followers:
            if isinstance(follower, Socket) and follower.user_id != except_user:
                follower.write(frame)

    def user_moved(self, user_id: UUID, first: int, frames: Sequence[bytes]) -> None:
        """A user's new events."""
        channel = self.users.get(user_id)
        if channel is not None:
            channel.offer(first, frames)

    # Wake-ups.

    def on_wake(self, wake: Wake) -> None:
        """Another process has written something."""
        if wake.kind == "room":
            self._on_room_wake(wake)
        elif wake.kind == "user" and (user := self.users.get(wake.id)) is not None:
            user.hear(wake.position)
        elif wake.kind == "session":
            self.end_session(wake.id)

    def _on_room_wake(self, wake: Wake) -> None:
        room = self.rooms.get(wake.id)
        if room is None:
            if self._greetings:
                self._stray(wake.id, wake.position)
        elif wake.position > 0:
            room.hear(wake.position)
        else:
            self.spawn(self._refresh([wake.id]))

    def _on_reset(self) -> None:
        """Listening has begun, or begun again. Nobody here knows which sessions ended in between, so those
        who are connected come back and show theirs again; they lose nothing."""
        for socket in list(self.sockets):
            socket.on_stop()

    async def _refresh(self, room_ids: Sequence[UUID]) -> None:
        async with self._reads:
            states = await self.source.states_of(room_ids)
        for room_id, state in states.items():
            channel = self.rooms.get(room_id)
            if channel is None or channel.head == OPENING:
                continue
            channel.hear(state.head)
            has_opened_up = channel.is_quiet and not state.is_quiet
            channel.is_quiet = state.is_quiet
            if has_opened_up:
                # What was read meanwhile was kept to oneself; now everybody may know.
                for frame in await self.source.cursors_in(room_id):
                    self.room_passing(room_id, frame, None)

    async def _refresh_all(self) -> None:
        room_ids = list(self.rooms)
        for start in range(0, len(room_ids), FETCH_LIMIT):
            await self._refresh(room_ids[start : start + FETCH_LIMIT])
        user_ids = list(self.users)
        for start in range(0, len(user_ids), FETCH_LIMIT):
            async with self._reads:
                heads = await self.feeds.heads_of(user_ids[start : start + FETCH_LIMIT])
            for user_id, head in heads.items():
                channel = self.users.get(user_id)
                if channel is not None and channel.head != OPENING:
                    channel.hear(head)

    # Gaps.

    def _room_gap(self, channel: Channel) -> None:
        channel.is_fetching = True
        self.spawn(self._fetch(channel, self._fetch_room))

    def _user_gap(self, channel: Channel) -> None:
        channel.is_fetching = True
        self.spawn(self._fetch(channel, self._fetch_user))

    async def _fetch(self, channel: Channel, read: Callable[[Channel], Awaitable[bool]]) -> None:
        try:
            while channel.wanted > channel.head and not channel.is_unused:
                try:
                    async with self._reads:
                        has_moved = await read(channel)
                except Exception as error:  # noqa: BLE001 - the database may be away for a while
                    _log.warning("realtime.fetch_failed", extra={"reason": str(error)})
                    await asyncio.sleep(RETRY_S)
                    continue
                if not has_moved:
                    # Heard of, but not there: a wake-up of a transaction we cannot see yet never comes
                    # (it follows the commit), so the word was wrong.
                    channel.wanted = channel.head
        finally:
            channel.is_fetching = False

    async def _fetch_room(self, channel: Channel) -> bool:
        head = channel.head
        events = await self.source.events_after({channel.key: head}, FETCH_LIMIT)
        if events:
            channel.offer(events[0].seq, [event.frame for event in events])
        return channel.head > head

    async def _fetch_user(self, channel: Channel) -> bool:
        head = channel.head
        events = await self.feeds.events_after(channel.key, head, FETCH_LIMIT)
        if events:
            channel.offer(events[0].seq, [event.frame for event in events])
        for event in events:
            self.heard(channel.key, event)
        return channel.head > head

    def heard(self, user_id: UUID, event: FeedItem) -> None:
        """Tell whoever follows user events themselves."""
        for hook in self._hooks:
            hook(user_id, event)
        if event.kind.startswith(("friend.", "block.")):
            self._changing.add(user_id)
            self.spawn(self._relations_changed(user_id))

    # Frames.

    def dispatch(self, socket: Socket, envelope: protocol.Envelope) -> None:
        """Have a frame answered."""
        found = self._handlers.get(envelope.t)
        if found is None:
            socket.fault(envelope.id, Code.UNKNOWN_TYPE, envelope.t[:64])
            return
        decoder, handler, is_task = found
        if socket.stage is Stage.FRESH and envelope.t != "hello":
            socket.fault(envelope.id, Code.HELLO_FIRST)
            return
        try:
            d = decoder.decode(envelope.d)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            socket.fault(envelope.id, Code.MALFORMED, str(error))
            return
        if not is_task:
            try:
                handler(socket, envelope.id, d)
            except Trouble as trouble:
                socket.refuse_trouble(envelope.id, trouble)
        elif socket.tasks >= self.limits.tasks_max:
            socket.fault(envelope.id, Code.TOO_MANY, "wait for answers", retry_after_s=1.0)
        else:
            self.spawn(self._answer(socket, envelope.id, handler, d))

    async def _answer(self, socket: Socket, frame_id: str | None, handler: Handler[Any], d: object) -> None:
        socket.tasks += 1
        try:
            done = handler(socket, frame_id, d)
            if done is not None:
                await done
        except Trouble as trouble:
            socket.refuse_trouble(frame_id, trouble)
        except Exception:  # noqa: BLE001 - a bug in one answer must not end the socket
            _log.exception("realtime.frame_failed")
            socket.refuse(frame_id, Code.INTERNAL)
        finally:
            socket.tasks -= 1

    def _beat(self, socket: Socket, frame_id: str | None, _: wire.Beat) -> None:
        self.renew(socket)
        user = self.users.get(socket.user_id)
        rooms = {room_id: channel.head for room_id, channel in socket.rooms.items()}
        heads = wire.Heads(user_seq=user.head if user else 0, rooms=rooms)
        socket.answer(frame_id, "heads", heads)

    def _typing(self, socket: Socket, frame_id: str | None, d: wire.TypingStart) -> None:
        if d.room_id not in socket.rooms:
            socket.refuse(frame_id, Code.NOT_A_MEMBER)
            return
        now = self.clock.monotonic()
        if now < socket.may_type_at:
            return
        socket.may_type_at = now + TYPING_PAUSE_S
        frame = protocol.push("typing", wire.Typing(room_id=d.room_id, user_id=socket.user_id))
        self.bus.room_passing(d.room_id, frame, socket.user_id)

    async def _user_fetch(self, socket: Socket, frame_id: str | None, d: wire.UserFetch) -> None:
        async with self._reads:
            items = await self.feeds.events_after(socket.user_id, min(d.after, POSITION_MAX), d.limit)
        channel = self.users.get(socket.user_id)
        head = max(channel.head if channel else 0, items[-1].seq if items else 0)
        events = [wire.UserEvent(seq=i.seq, kind=i.kind, data=i.data, created_at=i.created_at) for i in items]
        socket.answer(frame_id, "user.events", wire.UserEvents(items=events, head_seq=head))

    # Presence.

    def renew(self, socket: Socket) -> None:
        """A sign of life that counts for presence."""
        if self.presence.renew(socket.user_id, socket):
            self.spawn(self._came(socket.user_id))

    async def greet_presence(self, socket: Socket) -> None:
        """Tell a socket which friends are online, and friends that its user is."""
        user = self.users[socket.user_id]
        visible = self.presence.kept(socket.user_id, user.head)
        if visible is None:
            visible = await self._read_visible(socket.user_id)
        if socket.stage is Stage.CLOSED:
            return
        self.presence.visible[socket.user_id] = visible
        came = self.presence.renew(socket.user_id, socket)
        for friend_id in visible:
            if self.presence.is_online(friend_id):
                socket.write(self._presence_frame(friend_id))
        if came:
            self._tell(visible, socket.user_id)

    async def _read_visible(self, user_id: UUID) -> frozenset[UUID]:
        """Whom a user may see, as of a position of their own sequence that has not been passed since."""
        while True:
            user = self.users.get(user_id)
            position = user.head if user else OPENING
            visible = await self._relations.visible_to(user_id)
            user = self.users.get(user_id)
            if user is None or user.head == position:
                self._changing.discard(user_id)
                return visible

    async def _came(self, user_id: UUID) -> None:
        visible = await self._read_visible(user_id)
        if self.presence.is_online(user_id):
            self.presence.visible[user_id] = visible
            self._tell(visible, user_id)

    async def _relations_changed(self, user_id: UUID) -> None:
        """Friends or blocks of someone here have changed: who sees whom, and which rooms are quiet."""
        await self._refresh(
            list({room_id for socket in self.sockets_of(user_id) for room_id in socket.rooms})
        )
        if not self.presence.is_online(user_id):
            return
        now = await self._read_visible(user_id)
        before = self.presence.visible.get(user_id, frozenset())
        self.presence.visible[user_id] = now
        for other_id in now - before:
            self._add_visible(other_id, user_id)
            self._tell([other_id], user_id)
            self._tell([user_id], other_id)
        for other_id in before - now:
            theirs = self.presence.visible.get(other_id)
            if theirs is not None:
                self.presence.visible[other_id] = theirs - {user_id}
            # A time would say that there is something to see: hidden is simply offline.
            self._push([other_id], wire.Presence(user_id=user_id, online=False))
            self._push([user_id], wire.Presence(user_id=other_id, online=False))

    def _add_visible(self, user_id: UUID, other_id: UUID) -> None:
        theirs = self.presence.visible.get(user_id)
        if theirs is not None:
            self.presence.visible[user_id] = theirs | {other_id}

    def _tell(self, user_ids: "Sequence[UUID] | frozenset[UUID]", about: UUID) -> None:
        for user_id in user_ids:
            for socket in self.sockets_of(user_id):
                socket.write(self._presence_frame(about))

    def _push(self, user_ids: Sequence[UUID], presence: wire.Presence) -> None:
        for user_id in user_ids:
            for socket in self.sockets_of(user_id):
                socket.write(protocol.push("presence", presence))

    def _presence_frame(self, user_id: UUID) -> bytes:
        return protocol.push("presence", self.presence.of(user_id))

    # The sweep.

    async def _sweep_always(self) -> None:
        while True:
            await asyncio.sleep(self.limits.sweep_s)
            try:
                await self.sweep()
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                _log.warning("realtime.sweep_failed", extra={"reason": str(error)})

    async def sweep(self) -> None:
        """Close silent sockets, let leases end, and see whether any head was missed."""
        now = self.clock.monotonic()
        limits = self.limits
        for socket in list(self.sockets):
            silent_s = now - socket.heard_at
            is_late = socket.stage is Stage.FRESH and now - socket.opened_at > limits.hello_within_s
            if is_late or silent_s > limits.silent_s:
                socket.end(Close.SILENT, "silent", bye=Bye(code="silent", retry_after_s=0))
            elif silent_s > limits.ping_after_s and not socket.is_pinged:
                socket.ping()
        for user_id in self.presence.expire():
            visible = self.presence.visible.pop(user_id, frozenset())
            self._tell(visible, user_id)
        await self._refresh_all()
