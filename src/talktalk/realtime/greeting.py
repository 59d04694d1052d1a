"""`hello`: how a socket begins, or begins again where it left off.

State and subscription are taken so that no event falls between:

1. the user's channel is entered (it takes note of what is offered from here on), then its head is read;
2. the rooms are read and their channels entered; what moves between the two is noted by the gateway;
3. `welcome` tells the heads. A socket without a position follows from exactly those heads on;
4. a socket with a position gets what it lacks from the database until it has reached the channel's
   head, and follows from there in the same turn of the event loop.

Too much to replay is not replayed: `stale` names it, and the client reads it afresh.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from talktalk.realtime import protocol
from talktalk.realtime.channels import OPENING, Channel
from talktalk.realtime.ports import RoomState
from talktalk.realtime.protocol import Close, Code
from talktalk.realtime.sockets import Socket, Stage
from talktalk_wire.realtime import HEARTBEAT_S, Bye, Heads, Hello, Stale, Welcome

if TYPE_CHECKING:
    from talktalk.realtime.gateway import Gateway


class Greeter:
    """Answers `hello` for one gateway."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway

    async def hello(self, socket: Socket, frame_id: str | None, hello: Hello) -> None:
        """Welcome a socket; a second `hello` starts it over."""
        if socket.is_greeting:
            socket.fault(frame_id, Code.HELLO_TWICE)
            return
        gateway = self._gateway
        socket.is_greeting = True
        gateway.leave_all(socket)
        user = gateway.hold_user(socket.user_id)
        held: dict[UUID, Channel] = {}
        try:
            await self._open_user(user)
            states = await self._open_rooms(socket.user_id, held)
            if socket.stage is Stage.CLOSED:
                return
            await self._welcome(socket, frame_id, hello, user, states)
        finally:
            socket.is_greeting = False
            for channel in held.values():
                gateway.release_room(channel, held=True)
            gateway.release_user(user, held=True)

    async def join(self, user_id: UUID, room_id: UUID, position: int) -> None:
        """Let the user's sockets follow a room from `position` + 1 on."""
        gateway = self._gateway
        channel = gateway.hold_room(room_id)
        try:
            if channel.head == OPENING:
                states = await gateway.source.states_of([room_id])
                if room_id not in states:
                    return
                if channel.head == OPENING:
                    gateway.open_room(channel, states[room_id])
            for socket in gateway.sockets_of(user_id):
                if room_id not in socket.rooms:
                    await self._replay_rooms(socket, {room_id: position})
        finally:
            gateway.release_room(channel, held=True)

    async def _open_user(self, user: Channel) -> None:
        if user.head == OPENING:
            heads = await self._gateway.feeds.heads_of([user.key])
            if user.head == OPENING:
                user.open(heads.get(user.key, 0))

    async def _open_rooms(self, user_id: UUID, held: dict[UUID, Channel]) -> dict[UUID, RoomState]:
        gateway = self._gateway
        with gateway.greeting():
            states = await gateway.source.rooms_of(user_id)
            for room_id, state in states.items():
                channel = held[room_id] = gateway.hold_room(room_id)
                if channel.head == OPENING:
                    gateway.open_room(channel, state)
        return states

    async def _welcome(
        self,
        socket: Socket,
        frame_id: str | None,
        hello: Hello,
        user: Channel,
        states: Mapping[UUID, RoomState],
    ) -> None:
        gateway = self._gateway
        heads = {room_id: max(state.head, gateway.rooms[room_id].head) for room_id, state in states.items()}
        socket.answer(
            frame_id,
            "welcome",
            Welcome(
                user_id=socket.user_id,
                session_id=socket.session_id,
                device_id=socket.device_id,
                heartbeat_s=HEARTBEAT_S,
                heads=Heads(user_seq=user.head, rooms=heads),
                server_time=gateway.clock.now(),
            ),
        )
        socket.stage = Stage.READY
        if hello.position is None:
            self._follow(socket, user, user.head)
            for room_id, head in heads.items():
                self._follow_room(socket, room_id, head)
        else:
            await self._resume(socket, hello.position.user_seq, hello.position.rooms, user, heads)
        self._make_room(socket)
        if socket.stage is Stage.READY:
            await gateway.greet_presence(socket)
        if hello.position is not None:
            for frame in await gateway.source.cursors_of(socket.user_id):
                socket.write(frame)

    async def _resume(
        self,
        socket: Socket,
        user_seq: int,
        rooms: Mapping[UUID, int],
        user: Channel,
        heads: Mapping[UUID, int],
    ) -> None:
        limits = self._gateway.limits
        behind: dict[UUID, int] = {}
        stale: list[UUID] = []
        total = 0
        for room_id, head in sorted(heads.items(), key=lambda each: each[1] - rooms.get(each[0], 0)):
            missed = head - rooms.get(room_id, -1)
            if (
                room_id not in rooms
                or not 0 <= missed <= limits.replay_room
                or total + missed > limits.replay_total
            ):
                stale.append(room_id)
            else:
                total += missed
                behind[room_id] = rooms[room_id]
        is_user_stale = not 0 <= user.head - user_seq <= limits.replay_user
        if stale or is_user_stale:
            socket.write(protocol.push("stale", Stale(rooms=stale, user=is_user_stale)))
        # The user's own events first: they announce rooms.
        await self._replay_user(socket, user, user.head if is_user_stale else user_seq)
        for room_id in stale:
            self._follow_room(socket, room_id, heads[room_id])
        await self._replay_rooms(socket, behind)

    async def _replay_user(self, socket: Socket, user: Channel, position: int) -> None:
        while position < user.head:
            events = await self._gateway.feeds.events_after(
                user.key, position, self._gateway.limits.replay_user
            )
            if not events or socket.stage is Stage.CLOSED:
                break
            socket.write(b"".join(event.frame for event in events))
            position = events[-1].seq
        self._follow(socket, user, max(position, user.head))

    async def _replay_rooms(self, socket: Socket, behind: dict[UUID, int]) -> None:
        """Bring rooms up to their channels' heads, then follow them."""
        gateway = self._gateway
        while behind:
            for room_id in [each for each in behind if behind[each] >= gateway.rooms[each].head]:
                self._follow_room(socket, room_id, behind.pop(room_id))
            if not behind:
                break
            events = await gateway.source.events_after(behind, gateway.limits.replay_room)
            if socket.stage is Stage.CLOSED:
                break
            socket.write(b"".join(event.frame for event in events))
            for event in events:
                behind[event.key] = event.seq

    def _follow_room(self, socket: Socket, room_id: UUID, position: int) -> None:
        channel = self._gateway.rooms[room_id]
        if socket.stage is not Stage.CLOSED:
            socket.rooms[room_id] = channel
            channel.join(socket, max(position, channel.head))

    def _follow(self, socket: Socket, user: Channel, position: int) -> None:
        if socket.stage is not Stage.CLOSED:
            user.join(socket, position)

    def _make_room(self, socket: Socket) -> None:
        """Close the oldest socket of somebody who has too many."""
        sockets = self._gateway.sockets_of(socket.user_id)
        if len(sockets) > self._gateway.limits.sockets_per_user:
            oldest = min(sockets, key=lambda each: each.opened_at)
            oldest.end(Close.TOO_MANY, "too many sockets", bye=Bye(code=Code.TOO_MANY, retry_after_s=60.0))
