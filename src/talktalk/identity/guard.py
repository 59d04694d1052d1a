"""Who is calling: the session cookie or bearer token of a connection becomes `request.user`.

Runs for every route that does not opt out with `opt={"public": True}`. An access token is heard only on
routes that name the scope it needs, `opt={"scope": Scope.READ}`, and on no WebSocket. A cookie also needs proof that
a page of ours sent the request where it changes something (see `platform.web.origin`); a bearer token
needs none, for no browser attaches it by itself.
"""

from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity import access_tokens, service
from talktalk.identity.schemas import Caller
from talktalk.platform.clock import Clock
from talktalk.platform.database import Database
from talktalk.platform.problems import NotSignedIn, ScopeMissing, Trouble
from talktalk.platform.web.origin import SAFE_METHODS, ForeignPage, from_our_page, peer_address
from talktalk.platform.web.problems import refuse_handshake

SEEN_EVERY_S = 60.0
SEEN_KEPT_MAX = 10_000
Connection = ASGIConnection[Any, Any, Any, Any]


def cookie_name(*, secure: bool) -> str:
    """The session cookie's name. `__Host-` pins it to this host and HTTPS where there is HTTPS."""
    return "__Host-talktalk_session" if secure else "talktalk_session"


class Guard:
    """Litestar middleware that knows callers by their sessions."""

    def __init__(self, app: ASGIApp, database: Database, clock: Clock, *, secure: bool) -> None:
        self._app = app
        self._clock = clock
        self._seen: dict[UUID, float] = {}
        self._cookie = cookie_name(secure=secure)
        # One statement a request needs no transaction around it.
        self._engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            await self._check(scope)
        except Trouble as trouble:
            if scope["type"] == ScopeType.HTTP:
                raise
            await refuse_handshake(scope, receive, send, trouble)
            return
        await self._app(scope, receive, send)

    async def _check(self, scope: Scope) -> None:
        connection: Connection = ASGIConnection(scope)
        is_change = scope["type"] != ScopeType.HTTP or scope["method"] not in SAFE_METHODS
        ours = from_our_page(connection.headers)
        if is_change and ours is False:
            raise ForeignPage
        if scope["route_handler"].opt.get("public"):
            return
        token, by_cookie = presented_token(connection, self._cookie)
        if token is None:
            raise NotSignedIn
        if by_cookie and is_change and not ours:
            raise ForeignPage("A cookie counts only with Origin or Sec-Fetch-Site of this site")
        if not by_cookie and access_tokens.is_access_token(token):
            caller = await self._program(scope, token)
        else:
            caller = await self._person(connection, token)
        scope["user"] = caller
        scope["auth"] = token

    async def _person(self, connection: Connection, token: str) -> Caller:
        async with AsyncSession(self._engine) as db:
            caller = await service.authenticate(db, token)
            if caller is None:
                raise NotSignedIn
            if self._is_news(caller.session_id):
                await service.note_seen(db, caller, address=peer_address(connection), now=self._clock.now())
        return caller

    async def _program(self, scope: Scope, token: str) -> Caller:
        async with AsyncSession(self._engine) as db:
            now = self._clock.now()
            caller = await access_tokens.authenticate(db, token, now)
            if caller is None:
                raise NotSignedIn
            needed = scope["route_handler"].opt.get("scope")
            if scope["type"] != ScopeType.HTTP or needed is None or needed not in (caller.scopes or ()):
                raise ScopeMissing
            if self._is_news(caller.session_id):
                await access_tokens.note_used(db, caller, now)
        return caller

    def _is_news(self, session_id: UUID) -> bool:
        """Whether "last seen" should be written again; true once in `SEEN_EVERY_S` for a session."""
        now = self._clock.monotonic()
        if now - self._seen.get(session_id, -SEEN_EVERY_S) < SEEN_EVERY_S:
            return False
        self._seen.pop(session_id, None)
        self._seen[session_id] = now
        if len(self._seen) > SEEN_KEPT_MAX:
            del self._seen[next(iter(self._seen))]
        return True


def presented_token(connection: Connection, cookie: str) -> tuple[str | None, bool]:
    """The token a connection carries, and whether it came by cookie. A bearer token goes first."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip(), False
    return connection.cookies.get(cookie), True
