"""HTTP routes of requests, thin. Making one keeps its key for ever on its own row."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, Parameter, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity.schemas import Caller
from talktalk.ledger import errors as ledger_errors
from talktalk.platform.database import Database
from talktalk.platform.idempotency import IdempotencyKeyInvalid, IdempotencyKeyReused
from talktalk.platform.once import make_once
from talktalk.platform.web.created import created
from talktalk.transfers import errors as transfer_errors
from talktalk.transfers.requests import errors
from talktalk.transfers.requests.service import RequestDesk
from talktalk.transfers.service import checked_key
from talktalk.wallet.errors import CursorMalformed, WalletNotReady
from talktalk.wallet.pages import read_cursor, write_cursor
from talktalk_wire.common import Page
from talktalk_wire.requests import MoneyRequest, RequestAsk, SettleUp, SplitCheck

PAGE_MAX = 100

Asked = Request[Caller, str, State]
Desk = NamedDependency[RequestDesk]
Rows = NamedDependency[Database]

STOPPERS = (
    ledger_errors.BadAmount,
    ledger_errors.NegativeAmount,
    ledger_errors.AmountNotANumber,
    ledger_errors.AmountWithExponent,
    ledger_errors.AmountTooPrecise,
    ledger_errors.AmountTooLarge,
    ledger_errors.ZeroAmount,
    ledger_errors.BadAsset,
    transfer_errors.AssetUnsupported,
    transfer_errors.NoteRefused,
    transfer_errors.RecipientNotFound,
    transfer_errors.RoomMismatch,
    transfer_errors.Blocked,
    errors.SplitMalformed,
    errors.SplitTooSmall,
    errors.ExpiryRefused,
    errors.DebtorUnreachable,
)
MAKING = (
    *STOPPERS,
    transfer_errors.IdempotencyKeyMissing,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    WalletNotReady,
    errors.TooManyOpenRequests,
)


class Requests(Controller):
    """Money asked for, by the caller and of the caller."""

    path = "/api/v1/requests"
    tags = ("Requests",)

    @post("/checks", status_code=200, opt={"problems": STOPPERS})
    async def check(
        self, data: RequestAsk, request: Asked, db: AsyncSession, request_desk: Desk
    ) -> SplitCheck:
        """Everyone's part, exact to the smallest unit; makes nothing."""
        return await request_desk.check(db, request.user.user_id, data)

    @post(opt={"problems": MAKING, "idempotency": "own"})
    async def create(
        self,
        data: RequestAsk,
        request: Asked,
        database: Rows,
        request_desk: Desk,
        idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
    ) -> Response[MoneyRequest]:
        """Ask people for money. `Idempotency-Key` is needed, and is yours for ever."""
        key, requester_id = checked_key(idempotency_key), request.user.user_id

        async def known(db: AsyncSession) -> MoneyRequest | None:
            return await request_desk.known(db, requester_id, key, data)

        async def make() -> MoneyRequest | None:
            async with database.transaction() as db:
                return await request_desk.create(db, requester_id, key, data)

        return created(await make_once(database, known, make))

    @get(opt={"problems": (CursorMalformed,)})
    async def page(
        self,
        request: Asked,
        db: AsyncSession,
        request_desk: Desk,
        made: bool | None = None,
        is_open: Annotated[bool, QueryParameter(name="open")] = False,
        cursor: Annotated[str | None, Parameter(max_length=64)] = None,
        limit: Annotated[int, Parameter(ge=1, le=PAGE_MAX)] = 50,
    ) -> Page[MoneyRequest]:
        """Requests I made (`made=true`), that ask me (`made=false`), or both, newest first."""
        items, following = await request_desk.page(
            db,
            request.user.user_id,
            made=made,
            is_open=is_open,
            before=read_cursor(cursor),
            limit=limit,
        )
        return Page(items=items, next=write_cursor(following))

    @get("/settle-up", opt={"problems": (transfer_errors.RoomMismatch,)})
    async def settle_up(
        self, request: Asked, db: AsyncSession, request_desk: Desk, room_id: UUID
    ) -> SettleUp:
        """Who owes whom in a room by open requests, and the payments that would make it even."""
        return await request_desk.settle_up(db, request.user.user_id, room_id)

    @get("/{request_id:uuid}", opt={"problems": (errors.MoneyRequestNotFound,)})
    async def read(
        self, request_id: UUID, request: Asked, db: AsyncSession, request_desk: Desk
    ) -> MoneyRequest:
        """One request, for who made it and who is asked."""
        return await request_desk.read(db, request.user.user_id, request_id)

    @post(
        "/{request_id:uuid}/decline",
        status_code=200,
        opt={"problems": (errors.MoneyRequestNotFound, errors.MoneyRequestClosed)},
    )
    async def decline(
        self, request_id: UUID, request: Asked, db: AsyncSession, request_desk: Desk
    ) -> MoneyRequest:
        """Say no to my part."""
        return await request_desk.decline(db, request.user.user_id, request_id)

    @post(
        "/{request_id:uuid}/cancel",
        status_code=200,
        opt={"problems": (errors.MoneyRequestNotFound, errors.MoneyRequestClosed)},
    )
    async def cancel(
        self, request_id: UUID, request: Asked, db: AsyncSession, request_desk: Desk
    ) -> MoneyRequest:
        """Take my request back, as far as it is not paid."""
        return await request_desk.cancel(db, request.user.user_id, request_id)

    @post(
        "/{request_id:uuid}/remind",
        status_code=200,
        opt={"problems": (errors.MoneyRequestNotFound, errors.MoneyRequestClosed, errors.RemindTooSoon)},
    )
    async def remind(
        self, request_id: UUID, request: Asked, db: AsyncSession, request_desk: Desk
    ) -> MoneyRequest:
        """Remind who has something left to pay, each at most once in twelve hours."""
        return await request_desk.remind(db, request.user.user_id, request_id)


routes = [Requests]
