"""People for the tests of social."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx

from tests.fixtures_app import RunningApp, become_friends, sign_in


class Someone:
    """A signed-in person."""

    def __init__(self, client: httpx.AsyncClient, user_id: UUID, phone: str) -> None:
        self.client = client
        self.id = user_id
        self.phone = phone

    async def post(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """POST under /api/v1."""
        return (
            await self.client.post(f"/api/v1{path}", json=body)
            if body
            else await self.client.post(f"/api/v1{path}")
        )

    async def ask(self, other: "Someone") -> httpx.Response:
        """Ask someone to be friends."""
        return await self.post("/friend-requests", {"user_id": str(other.id)})

    async def answer(self, request_id: str, answer: str) -> httpx.Response:
        """accept, decline or cancel."""
        return await self.post(f"/friend-requests/{request_id}/{answer}")

    async def block(self, other: "Someone") -> httpx.Response:
        """Block someone."""
        return await self.client.put(f"/api/v1/blocks/{other.id}")

    async def befriend(self, other: "Someone") -> None:
        """Ask, and have it accepted."""
        await become_friends(self.client, other.client, other.id)

    async def friends(self) -> set[UUID]:
        """Whom this person lists."""
        answer = await self.client.get("/api/v1/friends")
        assert answer.status_code == 200, answer.text
        return {UUID(friend["person"]["id"]) for friend in answer.json()}

    async def requests(self) -> list[dict[str, Any]]:
        """Open requests."""
        answer = await self.client.get("/api/v1/friend-requests")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    async def search(self, phone: str) -> dict[str, Any] | None:
        """Whom a search finds."""
        answer = await self.post("/friends/search", {"phone": phone})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] | None = answer.json()["found"]
        return found


@contextlib.asynccontextmanager
async def people(app: RunningApp, count: int) -> AsyncIterator[list[Someone]]:
    """So many people, signed in."""
    async with contextlib.AsyncExitStack() as stack:
        made = []
        for number in range(count):
            client = await stack.enter_async_context(app.client())
            phone = f"+82101111{number:04d}"
            signed_in = await sign_in(client, phone)
            made.append(Someone(client, signed_in.me.id, phone))
        yield made
