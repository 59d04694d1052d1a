"""HTTP routes of identity, thin."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, delete, get, patch, post, put
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity import access_tokens, rules, service
from talktalk.identity.desk import SignInDesk
from talktalk.identity.errors import (
    AccessTokenNotFound,
    ChallengeNotFound,
    CodeExpired,
    CodeSpent,
    CodeUsed,
    CodeWrong,
    NameInvalid,
    PhoneInvalid,
    PictureRefused,
    PictureTooLarge,
    SessionNotFound,
    SmsNotSent,
    TooManyAccessTokens,
)
from talktalk.identity.guard import presented_token
from talktalk.identity.ports import Acquaintances
from talktalk.identity.schemas import Caller
from talktalk.platform.clock import Clock
from talktalk.platform.problems import NotFound
from talktalk.platform.web.origin import peer_address
from talktalk_wire.identity import (
    AccessToken,
    AccessTokenAsk,
    AccessTokenMade,
    Challenge,
    ChallengeAsk,
    Me,
    ProfileAsk,
    Scope,
    Session,
    SessionTransport,
    SignedIn,
    SignInAsk,
)

PICTURE_CACHE = "private, max-age=31536000, immutable"

Asked = Request[Caller, str, State]
AnyAsked = Request[Any, Any, State]


Desk = NamedDependency[SignInDesk]
Known = NamedDependency[Acquaintances]


class Auth(Controller):
    """Sign-in and sessions."""

    path = "/api/v1/auth"
    tags = ("Sign-in",)

    @post("/challenges", opt={"public": True, "problems": (PhoneInvalid, SmsNotSent)})
    async def send_code(self, data: ChallengeAsk, request: AnyAsked, sign_in_desk: Desk) -> Challenge:
        """Send a six-digit code to a phone number."""
        return await sign_in_desk.send_code(data, peer_address(request))

    @post(
        "/sessions",
        opt={"public": True, "problems": (ChallengeNotFound, CodeWrong, CodeSpent, CodeExpired, CodeUsed)},
    )
    async def sign_in(self, data: SignInAsk, request: AnyAsked, sign_in_desk: Desk) -> Response[SignedIn]:
        """Exchange a code for a session: a cookie, or a bearer token."""
        replaced, _ = presented_token(request, sign_in_desk.cookie)
        signed_in = await sign_in_desk.sign_in(data, peer_address(request), replaced)
        cookies = []
        if data.transport is SessionTransport.COOKIE:
            assert signed_in.token is not None
            cookies.append(_session_cookie(sign_in_desk, signed_in.token))
            signed_in = _without_token(signed_in)
        return Response(signed_in, status_code=201, cookies=cookies, headers={"Cache-Control": "no-store"})

    @get("/sessions")
    async def list_sessions(self, request: Asked, db: AsyncSession) -> list[Session]:
        """My live sessions, newest use first."""
        return await service.list_sessions(db, request.user)

    @delete("/sessions", status_code=204)
    async def revoke_others(self, request: Asked, db: AsyncSession, clock: Clock) -> None:
        """Sign out everywhere else."""
        await service.revoke_others(db, clock, request.user)

    @delete("/sessions/current", status_code=204)
    async def sign_out(
        self, request: Asked, db: AsyncSession, clock: Clock, sign_in_desk: Desk
    ) -> Response[None]:
        """Sign out here."""
        await service.revoke_session(db, clock, request.user, request.user.session_id)
        gone = _session_cookie(sign_in_desk, "")
        gone.max_age = 0
        return Response(None, status_code=204, cookies=[gone])

    @delete("/sessions/{session_id:uuid}", status_code=204, opt={"problems": (SessionNotFound,)})
    async def revoke(self, session_id: UUID, request: Asked, db: AsyncSession, clock: Clock) -> None:
        """Sign a device of mine out; its sockets close."""
        await service.revoke_session(db, clock, request.user, session_id)


class AccessTokens(Controller):
    """Keys for programs, made and revoked by a signed-in person."""

    path = "/api/v1/access-tokens"
    tags = ("Access tokens",)

    @get()
    async def page(self, request: Asked, db: AsyncSession, clock: Clock) -> list[AccessToken]:
        """My living access tokens, newest first; at most 20."""
        return await access_tokens.all_of(db, clock, request.user.user_id)

    @post(opt={"problems": (NameInvalid, TooManyAccessTokens), "idempotency": "none"})
    async def create(
        self, data: AccessTokenAsk, request: Asked, db: AsyncSession, clock: Clock
    ) -> Response[AccessTokenMade]:
        """Make one; the answer is the only one that holds its secret."""
        made = await access_tokens.make(db, clock, request.user.user_id, data)
        return Response(made, status_code=201, headers={"Cache-Control": "no-store"})

    @delete("/{token_id:uuid}", status_code=204, opt={"problems": (AccessTokenNotFound,)})
    async def revoke(self, token_id: UUID, request: Asked, db: AsyncSession, clock: Clock) -> None:
        """End one; its next request is refused."""
        await access_tokens.revoke(db, clock, request.user.user_id, token_id)


class Profile(Controller):
    """The signed-in person, and pictures."""

    path = "/api/v1"
    tags = ("Profile",)

    @get("/me", opt={"scope": Scope.READ})
    async def me(self, request: Asked, db: AsyncSession) -> Me:
        """Who I am."""
        return await service.me(db, request.user.user_id)

    @patch("/me", opt={"problems": (NameInvalid,)})
    async def change(self, data: ProfileAsk, request: Asked, db: AsyncSession, acquaintances: Known) -> Me:
        """Change my name or locale."""
        return await service.change_profile(db, request.user.user_id, data, acquaintances)

    @put(
        "/me/picture",
        request_max_body_size=rules.PICTURE_BYTES_MAX + 1,
        opt={
            "accepts": ("image/png", "image/jpeg", "image/webp", "application/octet-stream"),
            "problems": (PictureRefused, PictureTooLarge),
        },
    )
    async def put_picture(
        self,
        request: Asked,
        body: bytes,
        db: AsyncSession,
        clock: Clock,
        acquaintances: Known,
    ) -> Me:
        """Set my picture: the PNG, JPEG or WebP file itself as the body, at most 512 kB."""
        return await service.change_picture(db, clock, request.user.user_id, body, acquaintances)

    @delete("/me/picture", status_code=200)
    async def remove_picture(self, request: Asked, db: AsyncSession, acquaintances: Known) -> Me:
        """Have no picture."""
        return await service.remove_picture(db, request.user.user_id, acquaintances)

    @get("/people/{user_id:uuid}/pictures/{picture_id:uuid}", opt={"problems": (NotFound,)})
    async def picture(self, user_id: UUID, picture_id: UUID, db: AsyncSession) -> Response[bytes]:
        """A person's picture. The address changes with the picture, so it may be kept for ever."""
        found = await service.read_picture(db, user_id, picture_id)
        return Response(
            found.data,
            media_type=found.media_type,
            headers={"Cache-Control": PICTURE_CACHE, "Content-Disposition": "inline"},
        )


def _session_cookie(desk: SignInDesk, token: str) -> Cookie:
    return Cookie(
        key=desk.cookie,
        value=token,
        max_age=int(rules.SESSION_IDLE_MAX.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=desk.settings.cookie_secure,
    )


def _without_token(signed_in: SignedIn) -> SignedIn:
    return SignedIn(
        me=signed_in.me,
        session=signed_in.session,
        is_new_user=signed_in.is_new_user,
        device_token=signed_in.device_token,
    )


routes = [Auth, AccessTokens, Profile]
