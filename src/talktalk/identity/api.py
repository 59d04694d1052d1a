"""HTTP routes of identity, thin. Sign-in opens its own transactions: what an attempt costs must stay
spent when the attempt fails, and no transaction is held open while a message is being sent."""

import contextlib
import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, delete, get, patch, post, put
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.config import Settings
from talktalk.identity import rules, service
from talktalk.identity.errors import (
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
)
from talktalk.identity.guard import cookie_name, presented_token
from talktalk.identity.ports import Acquaintances, Newcomers, SmsRefused, SmsSender, SmsUnconfirmed
from talktalk.identity.quotas import Quotas
from talktalk.identity.schemas import Caller, WrongCode
from talktalk.identity.texts import code_message
from talktalk.platform.clock import Clock
from talktalk.platform.database import Database
from talktalk.platform.limits import Limiter
from talktalk.platform.problems import NotFound, TooMany
from talktalk.platform.web.origin import peer_address
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

PICTURE_CACHE = "private, max-age=31536000, immutable"
RESEND_AFTER = timedelta(seconds=30)
_log = logging.getLogger(__name__)

Asked = Request[Caller, str, State]
AnyAsked = Request[Any, Any, State]


class SignInDesk:
    """What sign-in needs, handed in by the composition."""

    def __init__(
        self,
        *,
        settings: Settings,
        server_key: bytes,
        database: Database,
        clock: Clock,
        sms: SmsSender,
        quotas: Quotas,
        newcomers: Newcomers,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.cookie = cookie_name(secure=settings.cookie_secure)
        self._server_key = server_key
        self._database = database
        self._limiter = Limiter(database, clock)
        self._sms = sms
        self._quotas = quotas
        self._newcomers = newcomers

    async def send_code(self, ask: ChallengeAsk, address: str) -> Challenge:
        """Take from the quotas, make a challenge, send its code once."""
        phone = service.read_phone(ask.phone, ask.region or self.settings.default_region)
        async with self._database.transaction() as db:
            device_id = await service.known_device_id(db, phone, ask.device_token)
        resend_at = await self._limiter.take(self._quotas.send(phone, address, device_id))
        async with self._database.transaction() as db:
            prepared = await service.prepare_code(
                db,
                self.clock,
                server_key=self._server_key,
                phone=phone,
                device_id=device_id,
                network=rules.network_of(address),
            )
        try:
            await self._sms.send(phone, code_message(phone, prepared.code))
        except SmsRefused as refusal:
            _log.warning("sms.refused", extra={"reason": str(refusal)})
            async with self._database.transaction() as db:
                await service.void_code(db, self.clock, prepared.challenge_id)
            raise SmsNotSent(retry_after_s=self._seconds_until(resend_at)) from refusal
        except SmsUnconfirmed as doubt:
            # It may still arrive, so the challenge stands; a person without a message asks again.
            _log.warning("sms.unconfirmed", extra={"reason": str(doubt)})
        return Challenge(
            id=prepared.challenge_id,
            secret=prepared.secret,
            phone=phone,
            expires_at=prepared.expires_at,
            resend_at=max(resend_at, self.clock.now()),
            tries_left=rules.TRIES_MAX,
        )

    async def sign_in(self, ask: SignInAsk, address: str, replaced_token: str | None) -> SignedIn:
        """Exchange a code for a session, counting what is wrong."""
        async with self._database.transaction() as db:
            phone, device_id = await service.challenge_owner(db, ask.challenge_id, ask.secret)
        failures = self._quotas.failure(phone, address, device_id)
        await self._limiter.look(failures)
        async with self._database.transaction() as db:
            outcome = await service.sign_in(
                db,
                self.clock,
                ask,
                server_key=self._server_key,
                address=address,
                replaced_token=replaced_token,
                newcomers=self._newcomers,
            )
        if isinstance(outcome, WrongCode):
            with contextlib.suppress(TooMany):  # spent already by another guess: the next look refuses
                await self._limiter.take(failures)
            if outcome.tries_left == 0:
                raise CodeSpent
            raise CodeWrong(outcome.tries_left)
        return SignedIn(
            me=outcome.me,
            session=outcome.session,
            is_new_user=outcome.is_new_user,
            device_token=outcome.device_token,
            token=outcome.token,
        )

    def _seconds_until(self, moment: datetime) -> int:
        return max(1, round((moment - self.clock.now()).total_seconds()))


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


class Profile(Controller):
    """The signed-in person, and pictures."""

    path = "/api/v1"
    tags = ("Profile",)

    @get("/me")
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


routes = [Auth, Profile]
