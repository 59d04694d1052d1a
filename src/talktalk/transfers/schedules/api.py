"""HTTP routes of schedules, thin. Making one keeps its key for ever on its own row."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, Parameter
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity.schemas import Caller
from talktalk.ledger import errors as ledger_errors
from talktalk.platform.database import Database
from talktalk.platform.idempotency import IdempotencyKeyInvalid, IdempotencyKeyReused
from talktalk.platform.once import make_once
from talktalk.platform.web.created import created
from talktalk.transfers import errors as transfer_errors
from talktalk.transfers.schedules import errors
from talktalk.transfers.schedules.service import ScheduleDesk
from talktalk.transfers.service import checked_key
from talktalk.wallet.errors import CursorMalformed
from talktalk.wallet.pages import read_cursor, write_cursor
from talktalk_wire.common import Page
from talktalk_wire.schedules import Schedule, ScheduleAsk

PAGE_MAX = 100

Asked = Request[Caller, str, State]
Desk = NamedDependency[ScheduleDesk]
Rows = NamedDependency[Database]

MAKING = (
    ledger_errors.BadAmount,
    ledger_errors.NegativeAmount,
    ledger_errors.AmountNotANumber,
    ledger_errors.AmountWithExponent,
    ledger_errors.AmountTooPrecise,
    ledger_errors.AmountTooLarge,
    ledger_errors.ZeroAmount,
    ledger_errors.BadAsset,
    ledger_errors.BadAddress,
    ledger_errors.AddressOfOtherNetwork,
    ledger_errors.BlackHoleAddress,
    transfer_errors.AssetUnsupported,
    transfer_errors.NoteRefused,
    transfer_errors.RecipientAmbiguous,
    transfer_errors.RecipientNotFound,
    transfer_errors.ToSelf,
    transfer_errors.Blocked,
    errors.ZoneUnknown,
    errors.ScheduleRefused,
    errors.TooManySchedules,
    transfer_errors.IdempotencyKeyMissing,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
)
CHANGING = (errors.ScheduleNotFound, errors.ScheduleOver)


class Schedules(Controller):
    """Payments the caller wants to be asked for again."""

    path = "/api/v1/schedules"
    tags = ("Schedules",)

    @post(opt={"problems": MAKING, "idempotency": "own"})
    async def create(
        self,
        data: ScheduleAsk,
        request: Asked,
        database: Rows,
        schedule_desk: Desk,
        idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
    ) -> Response[Schedule]:
        """Schedule a payment. `Idempotency-Key` is needed, and is yours for ever."""
        key, owner_id = checked_key(idempotency_key), request.user.user_id

        async def known(db: AsyncSession) -> Schedule | None:
            return await schedule_desk.known(db, owner_id, key, data)

        async def make() -> Schedule | None:
            async with database.transaction() as db:
                return await schedule_desk.create(db, owner_id, key, data)

        return created(await make_once(database, known, make))

    @get(opt={"problems": (CursorMalformed,)})
    async def page(
        self,
        request: Asked,
        db: AsyncSession,
        schedule_desk: Desk,
        cursor: Annotated[str | None, Parameter(max_length=64)] = None,
        limit: Annotated[int, Parameter(ge=1, le=PAGE_MAX)] = 50,
    ) -> Page[Schedule]:
        """My schedules, newest first."""
        items, following = await schedule_desk.page(
            db, request.user.user_id, before=read_cursor(cursor), limit=limit
        )
        return Page(items=items, next=write_cursor(following))

    @get("/{schedule_id:uuid}", opt={"problems": (errors.ScheduleNotFound,)})
    async def read(
        self, schedule_id: UUID, request: Asked, db: AsyncSession, schedule_desk: Desk
    ) -> Schedule:
        """One schedule of mine."""
        return await schedule_desk.read(db, request.user.user_id, schedule_id)

    @post("/{schedule_id:uuid}/pause", status_code=200, opt={"problems": CHANGING})
    async def pause(
        self, schedule_id: UUID, request: Asked, db: AsyncSession, schedule_desk: Desk
    ) -> Schedule:
        """Ask for nothing until it is resumed."""
        return await schedule_desk.pause(db, request.user.user_id, schedule_id)

    @post("/{schedule_id:uuid}/resume", status_code=200, opt={"problems": CHANGING})
    async def resume(
        self, schedule_id: UUID, request: Asked, db: AsyncSession, schedule_desk: Desk
    ) -> Schedule:
        """Go on with the next payment; what was due meanwhile is left out."""
        return await schedule_desk.resume(db, request.user.user_id, schedule_id)

    @post("/{schedule_id:uuid}/skip", status_code=200, opt={"problems": (*CHANGING, errors.NothingToSkip)})
    async def skip(
        self, schedule_id: UUID, request: Asked, db: AsyncSession, schedule_desk: Desk
    ) -> Schedule:
        """Leave out the payment that is due, else the one that was announced."""
        return await schedule_desk.skip(db, request.user.user_id, schedule_id)

    @post("/{schedule_id:uuid}/cancel", status_code=200, opt={"problems": CHANGING})
    async def cancel(
        self, schedule_id: UUID, request: Asked, db: AsyncSession, schedule_desk: Desk
    ) -> Schedule:
        """Ask for nothing any more."""
        return await schedule_desk.cancel(db, request.user.user_id, schedule_id)


routes = [Schedules]
