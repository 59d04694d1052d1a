"""`TalkTalk`: one person's session with a TalkTalk server.

    async with TalkTalk("https://talk.example") as t:
        await t.sign_in("+82 10 1234 5678", read_code=ask_the_person)
        room = await t.rooms.open_direct(friend)
        await t.messages.send(room, "안녕")
        async for event in t.events():
            ...

Sign-in answers with `credentials`; a program that keeps them comes back with `resume` and needs no
code. Everything else hangs off `friends`, `rooms`, `messages`, `wallet`, `transfers`, `requests` and
`events`.
"""

import inspect
import ssl
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self
from uuid import UUID

import msgspec
from msgspec import UNSET

from talktalk_client.errors import TalkTalkError
from talktalk_client.invitations import Invitations
from talktalk_client.link import Link
from talktalk_client.messages import Messages
from talktalk_client.orders import Orders
from talktalk_client.people import Friends
from talktalk_client.policy import Policy
from talktalk_client.requests import Requests
from talktalk_client.rest import Http
from talktalk_client.rooms import Rooms
from talktalk_client.schedules import Schedules
from talktalk_client.stream import EventStream
from talktalk_client.transfers import Transfers
from talktalk_client.wallet import Identified, Sealers, WalletDoor
from talktalk_wire.about import About
from talktalk_wire.identity import (
    Challenge,
    ChallengeAsk,
    Me,
    ProfileAsk,
    Session,
    SessionTransport,
    SignedIn,
    SignInAsk,
)
from talktalk_wire.realtime import Position

ReadCode = Callable[[Challenge], str | Awaitable[str]]
"""Gets the six digits that were sent to `challenge.phone`; plain or async."""


class Credentials(msgspec.Struct, frozen=True):
    """What a program keeps to come back. Whoever holds them is this person: keep them secret."""

    token: str
    """Bearer token of the session."""
    device_token: str
    """Gives this device a quota of sign-in codes that strangers cannot spend."""

    def __repr__(self) -> str:
        return "Credentials(…)"


class NobodySignedIn(TalkTalkError):
    """Call `sign_in` or `resume` first."""


class TalkTalk:
    """A session. Use it as an async context manager, in one event loop."""

    def __init__(
        self, url: str, *, policy: Policy | None = None, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            url: The server's address, `https://…`.
            policy: Timeouts, retries and bounds.
            ssl_context: Trusts a private certificate authority; None: the usual ones.
        """
        base_url = url.rstrip("/")
        self._policy = policy or Policy()
        self._http = Http(base_url, self._policy, ssl_context)
        self._link = Link(base_url, lambda: self._http.token, self._policy, ssl_context)
        self._me: Me | None = None
        self._session: Session | None = None
        self._device_token = ""
        sealers = Sealers(self._http)
        self.friends = Friends(self._http)
        self.rooms = Rooms(self._http)
        self.messages = Messages(self._http, self._link, self._policy)
        self.wallet = WalletDoor(self._http, sealers, self._policy, self._identified)
        self.transfers = Transfers(self._http, self._link, sealers, self._policy)
        self.requests = Requests(self._http)
        self.schedules = Schedules(self._http)
        self.invitations = Invitations(self._http)
        self.orders = Orders(self._http, self._link, sealers, self._policy)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the socket and all connections. The session goes on: `credentials` still count."""
        await self._link.stop()
        await self._http.close()

    @property
    def me(self) -> Me:
        """Who is signed in.

        Raises:
            NobodySignedIn: Nobody is.
        """
        if self._me is None:
            raise NobodySignedIn("nobody is signed in")
        return self._me

    @property
    def session(self) -> Session:
        """The session and its device.

        Raises:
            NobodySignedIn: Nobody is.
        """
        if self._session is None:
            raise NobodySignedIn("nobody is signed in")
        return self._session

    @property
    def credentials(self) -> Credentials:
        """What `resume` takes.

        Raises:
            NobodySignedIn: Nobody is.
        """
        if self._http.token is None:
            raise NobodySignedIn("nobody is signed in")
        return Credentials(self._http.token, self._device_token)

    @property
    def is_connected(self) -> bool:
        """Whether the socket is up."""
        return self._link.is_up

    async def sign_in(
        self,
        phone: str,
        *,
        read_code: ReadCode,
        region: str | None = None,
        device_name: str = "SDK",
        device_token: str | None = None,
    ) -> SignedIn:
        """Sign in with a phone number; a number never seen makes a new person.

        Args:
            phone: As typed, or E.164.
            read_code: Called once the code is on its way.
            region: ISO 3166 country of a national number; None: the server's default.
            device_name: Shown in the person's list of devices.
            device_token: From an earlier sign-in on this device.

        Raises:
            Malformed: Not a number, or a wrong or expired code.
            TooMany: `retry_after_s` says when another code can be had.
        """
        ask = ChallengeAsk(phone=phone, region=region, device_token=device_token)
        challenge = await self._http.post("/api/v1/auth/challenges", ask, Challenge)
        read = read_code(challenge)
        code = await read if inspect.isawaitable(read) else read
        signing_in = SignInAsk(
            challenge_id=challenge.id,
            secret=challenge.secret,
            code=code,
            transport=SessionTransport.BEARER,
            device_name=device_name,
            device_token=device_token,
        )
        signed_in = await self._http.post("/api/v1/auth/sessions", signing_in, SignedIn)
        self._http.token = signed_in.token
        self._device_token = signed_in.device_token
        self._me = signed_in.me
        self._session = signed_in.session
        return signed_in

    async def resume(self, credentials: Credentials) -> Me:
        """Go on with a session that was kept.

        Raises:
            NotSignedIn: It has ended.
        """
        self._http.token = credentials.token
        self._device_token = credentials.device_token
        try:
            self._me = await self._http.get("/api/v1/me", Me)
            self._session = next(each for each in await self.sessions() if each.current)
        except TalkTalkError:
            self._http.token = None
            raise
        return self._me

    def authenticate(self, token: str) -> None:
        """Use a session's bearer token without asking the server who that is.

        For programs that only send and listen; `me` and `session` stay unknown, and with them
        what seals secrets for this person.
        """
        self._http.token = token

    async def sign_out(self) -> None:
        """End this session."""
        await self._link.stop()
        await self._http.send("DELETE", "/api/v1/auth/sessions/current", repeatable=True)
        self._http.token = self._me = self._session = None

    async def sessions(self) -> Sequence[Session]:
        """Where this person is signed in."""
        return await self._http.get("/api/v1/auth/sessions", list[Session])

    async def revoke(self, session: Session | UUID) -> None:
        """End a session on another device."""
        session_id = session if isinstance(session, UUID) else session.id
        await self._http.send("DELETE", f"/api/v1/auth/sessions/{session_id}", repeatable=True)

    async def update_profile(self, *, name: str | None = None, locale: str | None = None) -> Me:
        """Change what is given; the rest stays."""
        ask = ProfileAsk(name=UNSET if name is None else name, locale=UNSET if locale is None else locale)
        self._me = await self._http.patch("/api/v1/me", ask, Me)
        return self._me

    async def set_picture(self, image: bytes) -> Me:
        """Show this PNG, JPEG or WebP, at most 512 kB, as one's picture."""
        response = await self._http.send("PUT", "/api/v1/me/picture", body=image, repeatable=True)
        self._me = self._http.decode(response, Me)
        return self._me

    async def about(self) -> About:
        """The server's version, network and health; needs no session."""
        return await self._http.get("/api/v1/about", About)

    async def connect(self) -> None:
        """Open the socket now, and keep it open; `events()` does so by itself.

        Raises:
            NotSignedIn: The session has ended.
        """
        self._link.start()
        await self._link.wait_up()

    def events(self, *, since: Position | None = None) -> EventStream:
        """Everything that happens from now on, or since a position, in order and once each.

        Args:
            since: `EventStream.done` of an earlier stream, perhaps of an earlier run.
        """
        return EventStream(self._link, self._policy, since)

    def _identified(self) -> Identified:
        return Identified(self.me.id, self.session.device_id)
