"""HTTP routes of chat, thin. What is sent over HTTP takes the same group commit as over the socket."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Request, Response, delete, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import Parameter
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.chat import rules, service, views
from talktalk.chat.cursors import Cursors
from talktalk.chat.errors import (
    Blocked,
    BodyRefused,
    Busy,
    CursorRefused,
    NotWritten,
    PersonNotFound,
    RequestNotFound,
    RequestPending,
    RoomNotFound,
    RoomWithSelf,
    TooManyRequests,
)
from talktalk.chat.frames import REQUEST, refusal_of
from talktalk.chat.reader import Reader
from talktalk.chat.writer import Writer
from talktalk.identity.schemas import Caller
from talktalk.platform.database import Database
from talktalk_wire.chat import (
    EVENTS_PAGE_MAX,
    CursorAsk,
    DirectRoomAsk,
    Message,
    MessageAsk,
    MessageKind,
    Room,
    RoomEvents,
)
from talktalk_wire.common import Page

POSITION_MAX = 2**62
Asked = Request[Caller, str, State]
Position = Annotated[int | None, Parameter(ge=0, le=POSITION_MAX)]


class Rooms(Controller):
    """Rooms and their messages."""

    path = "/api/v1/rooms"
    tags = ("Rooms",)

    @get("/", opt={"problems": (CursorRefused,)})
    async def list_rooms(self, request: Asked, db: AsyncSession, cursor: str | None = None) -> Page[Room]:
        """My rooms, the most recently active first."""
        return await views.page(db, request.user.user_id, cursor)

    @post(
        "/direct", status_code=200, opt={"problems": (RoomWithSelf, PersonNotFound, Blocked, TooManyRequests)}
    )
    async def open_direct(self, data: DirectRoomAsk, request: Asked, db: AsyncSession) -> Room:
        """The room with this person, made if there is none."""
        room_id = await service.open_direct(db, request.user.user_id, data.user_id)
        return await views.one(db, request.user.user_id, room_id)

    @get("/{room_id:uuid}", opt={"problems": (RoomNotFound,)})
    async def read_room(self, room_id: UUID, request: Asked, db: AsyncSession) -> Room:
        """A room of mine."""
        return await views.one(db, request.user.user_id, room_id)

    @get("/{room_id:uuid}/events", opt={"problems": (RoomNotFound,)})
    async def list_events(
        self,
        room_id: UUID,
        request: Asked,
        chat_reader: NamedDependency[Reader],
        after: Position = None,
        before: Position = None,
        limit: Annotated[int, Parameter(ge=1, le=EVENTS_PAGE_MAX)] = 100,
    ) -> RoomEvents:
        """A run of events: those that follow `after`, or the newest before `before`."""
        items, head = await chat_reader.page(
            request.user.user_id, room_id, after=after, before=before, limit=limit
        )
        return RoomEvents(items=items, head_seq=head)

    @post(
        "/{room_id:uuid}/messages",
        opt={
            "problems": (RoomNotFound, Blocked, BodyRefused, RequestPending, Busy, NotWritten),
            "idempotency": "none",  # `client_id` in the body is the key, for ever
        },
    )
    async def post_message(
        self,
        room_id: UUID,
        data: MessageAsk,
        request: Asked,
        database: NamedDependency[Database],
        chat_writer: NamedDependency[Writer],
    ) -> Message:
        """Send a text; a repeated `client_id` answers the message it made."""
        rules.check_body(data.body)
        sender_id = request.user.user_id
        sent = await chat_writer.post(room_id, sender_id, data.client_id, data.body)
        if sent.refusal == REQUEST:
            async with database.transaction() as db:
                return await service.post_request(
                    db, room_id=room_id, sender_id=sender_id, client_id=data.client_id, body=data.body
                )
        if sent.refusal:
            raise refusal_of(sent)
        if sent.is_repeat:
            async with database.transaction() as db:
                return await views.message_at(db, sent.room_id, sent.seq)
        return Message(
            id=sent.message_id,
            room_id=sent.room_id,
            seq=sent.seq,
            sender_id=sender_id,
            client_id=sent.client_id,
            kind=MessageKind.TEXT,
            body=sent.body,
            created_at=sent.created_at,
        )

    @put("/{room_id:uuid}/cursor", status_code=204, opt={"problems": (RoomNotFound, Busy)})
    async def move_cursor(
        self,
        room_id: UUID,
        data: CursorAsk,
        request: Asked,
        db: AsyncSession,
        chat_cursors: NamedDependency[Cursors],
    ) -> None:
        """I have read up to and including this position."""
        if not await service.is_member(db, room_id, request.user.user_id):
            raise RoomNotFound
        await chat_cursors.move(request.user.user_id, room_id, min(data.seq, POSITION_MAX))

    @post("/{room_id:uuid}/accept", status_code=200, opt={"problems": (RoomNotFound, RequestNotFound)})
    async def accept(self, room_id: UUID, request: Asked, db: AsyncSession) -> Room:
        """Take a stranger's room out of the request folder."""
        await service.accept(db, request.user.user_id, room_id)
        return await views.one(db, request.user.user_id, room_id)

    @delete("/{room_id:uuid}/request", status_code=204, opt={"problems": (RoomNotFound, RequestNotFound)})
    async def decline(self, room_id: UUID, request: Asked, db: AsyncSession) -> Response[None]:
        """Decline a stranger's room."""
        await service.decline(db, request.user.user_id, room_id)
        return Response(None, status_code=204)


routes = [Rooms]
