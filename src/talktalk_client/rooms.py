"""Rooms and their history: `TalkTalk.rooms`."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import msgspec

from talktalk_client import frames, pages
from talktalk_client.frames import RoomPage
from talktalk_client.people import SomePerson, person_id
from talktalk_client.rest import Http
from talktalk_wire.chat import EVENTS_PAGE_MAX, CursorAsk, DirectRoomAsk, Message, Room, RoomEvent
from talktalk_wire.common import Page

SomeRoom = UUID | Room | Message
"""Whatever tells which room is meant; a message means the room it stands in."""


def room_id_of(room: SomeRoom) -> UUID:
    """The id of the room that is meant."""
    if isinstance(room, UUID):
        return room
    return room.room_id if isinstance(room, Message) else room.id


class Rooms:
    """The rooms of this person."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def list(self) -> Sequence[Room]:
        """All rooms, the newest message first; the request folder too (`Room.folder`)."""
        return [room async for room in pages.items(self._http, "/api/v1/rooms", Page[Room])]

    async def get(self, room: SomeRoom) -> Room:
        """One room as it is now."""
        return await self._http.get(f"/api/v1/rooms/{room_id_of(room)}", Room)

    async def open_direct(self, person: SomePerson) -> Room:
        """The one-to-one room with someone; made if there is none, the same one ever after."""
        ask = DirectRoomAsk(user_id=person_id(person))
        return await self._http.post("/api/v1/rooms/direct", ask, Room, repeatable=True)

    async def events(
        self,
        room: SomeRoom,
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int = EVENTS_PAGE_MAX,
    ) -> RoomPage:
        """A run of events in ascending order: those after a position, or the last ones before it."""
        query = {"after": after, "before": before, "limit": limit}
        path = f"/api/v1/rooms/{room_id_of(room)}/events"
        response = await self._http.send("GET", path, query=query, repeatable=True)
        return frames.read_room_page(response.content)

    async def history(self, room: SomeRoom) -> AsyncIterator[Message]:
        """Every message of a room from the newest back, each with its card as it is now.

        A card that turned later is shown in its last state, whichever page tells of it.
        """
        head = (await self.get(room)).head_seq
        before: int | None = head + 1
        cards: dict[UUID, dict[str, object]] = {}
        while before is not None and before > 1:
            page = await self.events(room, before=before)
            for event in reversed(page.items):
                before = event.seq
                if not isinstance(event, RoomEvent):
                    continue
                if event.target_id is not None and event.data is not None and event.kind == "card":
                    cards.setdefault(event.target_id, event.data)  # the newest is met first
                if event.message is not None:
                    yield _with_card(event.message, cards)
            if not page.items:
                return

    async def read(self, room: SomeRoom, seq: int) -> None:
        """Say that everything up to and including `seq` was read; never moves back."""
        await self._http.send(
            "PUT", f"/api/v1/rooms/{room_id_of(room)}/cursor", body=CursorAsk(seq=seq), repeatable=True
        )

    async def accept(self, room: SomeRoom) -> Room:
        """Take a stranger's room out of the request folder."""
        return await self._http.post(f"/api/v1/rooms/{room_id_of(room)}/accept", None, Room, repeatable=True)

    async def decline(self, room: SomeRoom) -> None:
        """Take a stranger's room out of sight."""
        await self._http.send("DELETE", f"/api/v1/rooms/{room_id_of(room)}/request", repeatable=True)


def _with_card(message: Message, cards: dict[UUID, dict[str, object]]) -> Message:
    card = cards.get(message.id)
    return message if card is None else msgspec.structs.replace(message, card=card)
