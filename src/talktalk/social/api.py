"""HTTP routes of social, thin."""

from uuid import UUID

from litestar import Controller, Request, delete, get, post, put
from litestar.datastructures import State
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.config import Settings
from talktalk.identity import service as identity
from talktalk.identity.errors import PhoneInvalid
from talktalk.identity.schemas import Caller
from talktalk.platform.clock import Clock
from talktalk.platform.limits import Limiter
from talktalk.social import service
from talktalk.social.errors import (
    AlreadyFriends,
    NotFriends,
    NotWithYourself,
    PersonNotFound,
    RequestClosed,
    RequestNotFound,
    TooManyFriends,
    YouBlocked,
)
from talktalk.social.ports import PresencePort
from talktalk.social.quotas import SocialQuotas
from talktalk_wire.social import (
    Blocked,
    Friend,
    FriendRequest,
    FriendRequestAsk,
    FriendSearchAsk,
    FriendSearchResult,
    RemovalSide,
)

Asked = Request[Caller, str, State]
ANSWER_PROBLEMS = (RequestNotFound, RequestClosed, TooManyFriends)
ASK_PROBLEMS = (PersonNotFound, YouBlocked, AlreadyFriends, NotWithYourself, TooManyFriends)
OF_ITSELF = {"idempotency": "none"}
"""Repeating the request changes nothing by itself, so no answer needs to be stored."""


class Friends(Controller):
    """Friends and finding them."""

    path = "/api/v1/friends"
    tags = ("Friends",)

    @get("/")
    async def list_friends(self, request: Asked, db: AsyncSession, presence: PresencePort) -> list[Friend]:
        """My friends, by name."""
        return await service.list_friends(db, request.user.user_id, presence)

    @post("/search", status_code=200, opt=OF_ITSELF | {"problems": (PhoneInvalid,)})
    async def search(
        self,
        data: FriendSearchAsk,
        request: Asked,
        db: AsyncSession,
        settings: Settings,
        limiter: Limiter,
        social_quotas: SocialQuotas,
    ) -> FriendSearchResult:
        """Find a person by exact phone number."""
        phone = identity.read_phone(data.phone, data.region or settings.default_region)
        await limiter.take(social_quotas.for_search(request.user.user_id))
        return await service.search(db, request.user.user_id, phone)

    @delete("/{user_id:uuid}", status_code=204, opt={"problems": (NotFriends,)})
    async def remove(
        self,
        user_id: UUID,
        request: Asked,
        db: AsyncSession,
        clock: Clock,
        side: RemovalSide = RemovalSide.BOTH,
    ) -> None:
        """Remove a friend from my list (`one`), or us from each other's (`both`)."""
        await service.remove(db, clock, request.user.user_id, user_id, side)


class FriendRequests(Controller):
    """Requests to be friends."""

    path = "/api/v1/friend-requests"
    tags = ("Friends",)

    @get("/")
    async def list_requests(self, request: Asked, db: AsyncSession) -> list[FriendRequest]:
        """Open requests from and to me, newest first."""
        return await service.list_requests(db, request.user.user_id)

    @post("/", opt=OF_ITSELF | {"problems": ASK_PROBLEMS})
    async def ask(
        self,
        data: FriendRequestAsk,
        request: Asked,
        db: AsyncSession,
        clock: Clock,
        presence: PresencePort,
        limiter: Limiter,
        social_quotas: SocialQuotas,
    ) -> FriendRequest:
        """Ask someone to be friends; answers `accepted` where they had asked me."""
        await limiter.take(social_quotas.for_request(request.user.user_id))
        return await service.ask(db, clock, request.user.user_id, data.user_id, presence)

    @post("/{request_id:uuid}/accept", status_code=200, opt={"problems": ANSWER_PROBLEMS})
    async def accept(
        self, request_id: UUID, request: Asked, db: AsyncSession, clock: Clock, presence: PresencePort
    ) -> FriendRequest:
        """Become friends."""
        return await service.accept(db, clock, request.user.user_id, request_id, presence)

    @post("/{request_id:uuid}/decline", status_code=200, opt={"problems": ANSWER_PROBLEMS})
    async def decline(
        self, request_id: UUID, request: Asked, db: AsyncSession, clock: Clock
    ) -> FriendRequest:
        """Say no."""
        return await service.decline(db, clock, request.user.user_id, request_id)

    @post("/{request_id:uuid}/cancel", status_code=200, opt={"problems": ANSWER_PROBLEMS})
    async def cancel(self, request_id: UUID, request: Asked, db: AsyncSession, clock: Clock) -> FriendRequest:
        """Take my request back."""
        return await service.cancel(db, clock, request.user.user_id, request_id)


class Blocks(Controller):
    """People I do not want to hear from."""

    path = "/api/v1/blocks"
    tags = ("Friends",)

    @get("/")
    async def list_blocks(self, request: Asked, db: AsyncSession) -> list[Blocked]:
        """Whom I block, newest first."""
        return await service.list_blocks(db, request.user.user_id)

    @put("/{user_id:uuid}", opt={"problems": (PersonNotFound, NotWithYourself)})
    async def block(self, user_id: UUID, request: Asked, db: AsyncSession, clock: Clock) -> Blocked:
        """Block someone: the friendship ends, neither hears from the other."""
        return await service.block(db, clock, request.user.user_id, user_id)

    @delete("/{user_id:uuid}", status_code=204)
    async def unblock(self, user_id: UUID, request: Asked, db: AsyncSession, clock: Clock) -> None:
        """Take a block back."""
        await service.unblock(db, clock, request.user.user_id, user_id)


routes = [Friends, FriendRequests, Blocks]
