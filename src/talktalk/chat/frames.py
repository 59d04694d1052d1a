"""The frames of chat: `message.send`, `read.move`, `room.fetch`; and what the writer publishes.

`message.send` is the hot way: the frame goes to the group commit without a task or a future, and its
ack is written from the commit's callback, in the same turn of the event loop in which the room's
members get the event.
"""

from collections.abc import Callable
from functools import partial
from typing import Final
from uuid import UUID

from talktalk.chat import rules, service
from talktalk.chat.cursors import Cursors
from talktalk.chat.errors import Blocked, Busy, NotWritten, RoomNotFound
from talktalk.chat.events import text_event
from talktalk.chat.reader import Reader
from talktalk.chat.writer import Send, Writer
from talktalk.platform.database import Database
from talktalk.platform.problems import Trouble
from talktalk.realtime import protocol
from talktalk.realtime.gateway import Gateway
from talktalk.realtime.ports import FeedItem
from talktalk.realtime.sockets import Socket
from talktalk_wire.realtime import MessageAck, MessageSend, ReadMove, RoomEventsFrame, RoomFetch

REQUEST: Final = "request"
_REFUSALS: Final[dict[str, Callable[[], Trouble]]] = {
    "not_a_member": RoomNotFound,
    "blocked": Blocked,
    "busy": partial(Busy, retry_after_s=1),
    "unavailable": partial(NotWritten, retry_after_s=1),
}


def refusal_of(send: Send) -> Trouble:
    """Why a message was not written, as an error."""
    return _REFUSALS[send.refusal]()


class ChatFrames:
    """Answers the frames of chat on one gateway."""

    def __init__(
        self, gateway: Gateway, writer: Writer, reader: Reader, cursors: Cursors, database: Database
    ) -> None:
        self._gateway = gateway
        self._writer = writer
        self._reader = reader
        self._cursors = cursors
        self._database = database
        writer.on_posted = self._posted
        writer.on_seen = self._seen
        gateway.on("message.send", self._message_send)
        gateway.on("read.move", self._read_move)
        gateway.on("room.fetch", self._room_fetch)
        gateway.on_user_event(self._user_event)

    def _message_send(self, socket: Socket, frame_id: str | None, d: MessageSend) -> None:
        rules.check_body(d.body)
        if socket.sends >= self._gateway.limits.sends_max:
            raise Busy(retry_after_s=1)
        socket.sends += 1
        done = partial(self._sent, socket, frame_id)
        self._writer.send(Send(d.room_id, socket.user_id, d.client_id, d.body, done))

    def _sent(self, socket: Socket, frame_id: str | None, send: Send) -> None:
        if send.refusal == REQUEST:
            self._gateway.spawn(self._send_request(socket, frame_id, send))
            return
        socket.sends -= 1
        if send.refusal:
            socket.refuse_trouble(frame_id, refusal_of(send))
            return
        ack = MessageAck(
            client_id=send.client_id,
            room_id=send.room_id,
            message_id=send.message_id,
            seq=send.seq,
            created_at=send.created_at,
        )
        socket.answer(frame_id, "message.ack", ack)

    async def _send_request(self, socket: Socket, frame_id: str | None, send: Send) -> None:
        """Between strangers a message takes the slow way, which counts and announces."""
        try:
            async with self._database.transaction() as db:
                message = await service.post_request(
                    db,
                    room_id=send.room_id,
                    sender_id=send.sender_id,
                    client_id=send.client_id,
                    body=send.body,
                )
        except Trouble as trouble:
            socket.refuse_trouble(frame_id, trouble)
        except Exception:
            socket.refuse_trouble(frame_id, NotWritten(retry_after_s=1))
            raise
        else:
            ack = MessageAck(
                client_id=message.client_id,
                room_id=message.room_id,
                message_id=message.id,
                seq=message.seq,
                created_at=message.created_at,
            )
            socket.answer(frame_id, "message.ack", ack)
        finally:
            socket.sends -= 1

    async def _read_move(self, socket: Socket, frame_id: str | None, d: ReadMove) -> None:
        if d.room_id not in socket.rooms:
            raise RoomNotFound
        # A room's head fits, whatever number is claimed.
        await self._cursors.move(socket.user_id, d.room_id, min(d.seq, socket.rooms[d.room_id].head))
        socket.answer(frame_id, "ok", protocol.Ok())

    async def _room_fetch(self, socket: Socket, frame_id: str | None, d: RoomFetch) -> None:
        items, head = await self._reader.page(
            socket.user_id, d.room_id, after=d.after, before=d.before, limit=d.limit
        )
        page = RoomEventsFrame(room_id=d.room_id, items=items, head_seq=head)
        socket.answer(frame_id, "room.events", page)

    def _posted(self, room_id: UUID, sends: list[Send]) -> None:
        frames = [
            protocol.room_event(
                text_event(
                    room_id=room_id,
                    seq=send.seq,
                    message_id=send.message_id,
                    sender_id=send.sender_id,
                    client_id=send.client_id,
                    body=send.body,
                    created_at=send.created_at,
                )
            )
            for send in sends
        ]
        self._gateway.bus.room_moved(room_id, sends[0].seq, frames)

    def _seen(self, room_id: UUID, seq: int) -> None:
        channel = self._gateway.rooms.get(room_id)
        if channel is not None:
            channel.hear(seq)

    def _user_event(self, user_id: UUID, event: FeedItem) -> None:
        """A room that has come to someone's list is followed from where its announcement left off."""
        if event.kind == "room.opened":
            room = event.data["room"]
            self._gateway.join_room(user_id, UUID(room["id"]), room["head_seq"])
        elif event.kind == "friend.added":
            self._gateway.spawn(self._befriended(user_id, UUID(event.data["person"]["id"])))

    async def _befriended(self, user_id: UUID, friend_id: UUID) -> None:
        async with self._database.transaction() as db:
            await service.relation_changed(db, user_id, friend_id)
