"""Friends, requests and blocks: `TalkTalk.friends`."""

from collections.abc import Sequence
from uuid import UUID

from talktalk_client.rest import Http
from talktalk_wire.common import Person
from talktalk_wire.identity import Me
from talktalk_wire.social import (
    Blocked,
    FoundPerson,
    Friend,
    FriendRequest,
    FriendRequestAsk,
    FriendSearchAsk,
    FriendSearchResult,
    RemovalSide,
)

SomePerson = UUID | Person | Me | Friend | FoundPerson | Blocked
"""Whatever tells who is meant."""


def person_id(person: SomePerson) -> UUID:
    """The id of whoever is meant."""
    if isinstance(person, UUID):
        return person
    return person.id if isinstance(person, Person | Me) else person.person.id


class Friends:
    """Whom this person knows."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def list(self) -> Sequence[Friend]:
        """All friends, with who is online."""
        return await self._http.get("/api/v1/friends", list[Friend])

    async def search(self, phone: str, *, region: str | None = None) -> FoundPerson | None:
        """Who has exactly this number; None where nobody can be found.

        Args:
            phone: As typed, or E.164.
            region: ISO 3166 country of a national number; None: the server's default.

        Raises:
            Malformed: Not a number.
            TooMany: Too many searches.
        """
        ask = FriendSearchAsk(phone=phone, region=region)
        found = await self._http.post("/api/v1/friends/search", ask, FriendSearchResult, repeatable=True)
        return found.found

    async def request(self, person: SomePerson) -> FriendRequest:
        """Ask someone to be friends."""
        ask = FriendRequestAsk(user_id=person_id(person))
        return await self._http.post("/api/v1/friend-requests", ask, FriendRequest)

    async def requests(self) -> Sequence[FriendRequest]:
        """Open requests, to and from this person."""
        return await self._http.get("/api/v1/friend-requests", list[FriendRequest])

    async def accept(self, request: FriendRequest | UUID) -> FriendRequest:
        """Become friends."""
        return await self._answer(request, "accept")

    async def decline(self, request: FriendRequest | UUID) -> FriendRequest:
        """Say no."""
        return await self._answer(request, "decline")

    async def cancel(self, request: FriendRequest | UUID) -> FriendRequest:
        """Take one's own request back."""
        return await self._answer(request, "cancel")

    async def remove(self, person: SomePerson, *, side: RemovalSide = RemovalSide.BOTH) -> None:
        """Be friends no more."""
        path = f"/api/v1/friends/{person_id(person)}"
        await self._http.send("DELETE", path, query={"side": side}, repeatable=True)

    async def blocks(self) -> Sequence[Blocked]:
        """Whom this person blocked."""
        return await self._http.get("/api/v1/blocks", list[Blocked])

    async def block(self, person: SomePerson) -> Blocked:
        """Hear nothing from someone any more, and be hidden from them."""
        return await self._http.put(f"/api/v1/blocks/{person_id(person)}", None, Blocked)

    async def unblock(self, person: SomePerson) -> None:
        """Take a block back."""
        await self._http.send("DELETE", f"/api/v1/blocks/{person_id(person)}", repeatable=True)

    async def _answer(self, request: FriendRequest | UUID, verb: str) -> FriendRequest:
        request_id = request if isinstance(request, UUID) else request.id
        return await self._http.post(f"/api/v1/friend-requests/{request_id}/{verb}", None, FriendRequest)
