"""What tests of requests add to the world of money."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from talktalk.platform.ids import uuid7
from tests.fixtures_app import become_friends
from tests.transfers.world import WAIT_S, Person, World


async def friends(one: Person, *others: Person) -> None:
    """Make one person friends with each of the others."""
    for other in others:
        await become_friends(one.client, other.client, other.id)


async def group(world: World, *people: Person) -> str:
    """A group room with these people in it."""
    room_id = uuid7()
    async with world.rows() as db:
        await db.execute(
            text("INSERT INTO rooms (id, kind, title, created_by) VALUES (:id, 'group', 'Trip', :by)"),
            {"id": room_id, "by": people[0].id},
        )
        for person in people:
            await db.execute(
                text("INSERT INTO room_members (room_id, user_id) VALUES (:room, :user)"),
                {"room": room_id, "user": person.id},
            )
    return str(room_id)


def ask_of(*people: Person, **fields: Any) -> dict[str, Any]:
    """The body of a request among these people."""
    return {"people": [{"user_id": str(person.id)} for person in people], **fields}


async def ask(
    requester: Person, *people: Person, key: str | None = None, status: int = 201, **fields: Any
) -> Any:
    """Ask people for money."""
    headers = {"Idempotency-Key": key or secrets.token_urlsafe(16)}
    return await requester.post("/requests", ask_of(*people, **fields), status, **headers)


async def read(person: Person, request: Mapping[str, Any]) -> dict[str, Any]:
    """The request as a person sees it now."""
    return dict(await person.get(f"/requests/{request['id']}"))


def share_of(request: Mapping[str, Any], person: Person) -> dict[str, Any]:
    """One person's part."""
    (share,) = [each for each in request["shares"] if each["person"]["id"] == str(person.id)]
    return dict(share)


async def until_share(
    viewer: Person, request: Mapping[str, Any], person: Person, state: str
) -> dict[str, Any]:
    """The request once that person's part is in a state."""
    async with asyncio.timeout(WAIT_S):
        while True:
            now = await read(viewer, request)
            if share_of(now, person)["state"] == state:
                return now
            await asyncio.sleep(0.03)


async def cards(world: World, room_id: str | UUID) -> list[dict[str, Any]]:
    """The cards of requests in a room, as they stand now."""
    async with world.rows() as db:
        found = await db.execute(
            text(
                "SELECT card FROM room_events"
                " WHERE room_id = :room AND kind = 'posted' AND message_kind = 'request' ORDER BY seq"
            ),
            {"room": UUID(str(room_id))},
        )
        return list(found.scalars())
