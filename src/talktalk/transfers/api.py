"""HTTP routes of transfers, thin.

Making one opens its own transactions: no transaction is held while a ledger node is asked about an
address.
"""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, Parameter
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody.errors import DeviceNotTrusted, PinLocked, PinNeeded, WorkerKeyOld
from talktalk.identity.schemas import Caller
from talktalk.ledger import errors as ledger_errors
from talktalk.ledger.preflight import WOULD_FAIL
from talktalk.platform.database import Database
from talktalk.platform.idempotency import IdempotencyKeyInvalid, IdempotencyKeyReused
from talktalk.platform.web.created import created
from talktalk.transfers import errors
from talktalk.transfers.creating import create_once, examine_all
from talktalk.transfers.problems import STOPPERS as BASE_STOPPERS
from talktalk.transfers.requests import errors as request_errors
from talktalk.transfers.schedules import errors as schedule_errors
from talktalk.transfers.service import TransferDesk, checked_key
from talktalk.wallet.errors import AssetUnknown, CursorMalformed, WalletNotReady
from talktalk.wallet.pages import read_cursor, write_cursor
from talktalk_wire.common import Page
from talktalk_wire.identity import Scope
from talktalk_wire.transfers import (
    ApproveAsk,
    PaymentTarget,
    PaymentTextAsk,
    Transfer,
    TransferAsk,
    TransferCheck,
)

PAGE_MAX = 100

Asked = Request[Caller, str, State]
Desk = NamedDependency[TransferDesk]
Rows = NamedDependency[Database]

PAYING = (
    request_errors.MoneyRequestClosed,
    request_errors.MoneyRequestOverpaid,
    request_errors.MoneyRequestBeingPaid,
    request_errors.SettleUpChanged,
    schedule_errors.RunNotDue,
)
STOPPERS = (
    *BASE_STOPPERS,
    *WOULD_FAIL,
    errors.AssetNotHeld,
    errors.AssetFrozen,
    errors.AssetUnauthorized,
    errors.AssetNotTransferable,
    errors.DestinationMissing,
    errors.DestinationWithoutLine,
    errors.DestinationLineFull,
    errors.DestinationUnauthorized,
    errors.DestinationFrozen,
    errors.NoPath,
    AssetUnknown,
    errors.PaysAmbiguous,
    *PAYING,
    request_errors.MoneyRequestNotFound,
    request_errors.MoneyRequestMismatch,
    schedule_errors.RunNotFound,
    schedule_errors.RunMismatch,
)
MAKING = (
    *STOPPERS,
    errors.IdempotencyKeyMissing,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    errors.WarningsNotAccepted,
    errors.RoomMismatch,
)


class Transfers(Controller):
    """Payments the caller makes."""

    path = "/api/v1/transfers"
    tags = ("Transfers",)

    @post(
        "/checks", status_code=200, opt={"problems": STOPPERS, "idempotency": "none", "scope": Scope.DRAFTS}
    )
    async def check(
        self, data: TransferAsk, request: Asked, database: Rows, transfer_desk: Desk
    ) -> TransferCheck:
        """What a payment would cost, and what would stop it or warn of it; makes nothing."""
        examined = await examine_all(database, transfer_desk, request.user.user_id, data)
        async with database.transaction() as db:
            return await transfer_desk.check(db, examined)

    @post(
        "/targets",
        status_code=200,
        opt={
            "problems": (
                ledger_errors.PaymentLinkMalformed,
                ledger_errors.BadAddress,
                ledger_errors.AddressOfOtherNetwork,
                ledger_errors.BlackHoleAddress,
            ),
            "idempotency": "none",
        },
    )
    async def target(self, data: PaymentTextAsk, db: AsyncSession, transfer_desk: Desk) -> PaymentTarget:
        """What a scanned, pasted or followed text proposes: an address, a link, an X-address."""
        return await transfer_desk.target(db, data.text)

    @post(opt={"problems": MAKING, "idempotency": "own", "scope": Scope.DRAFTS})
    async def create(
        self,
        data: TransferAsk,
        request: Asked,
        database: Rows,
        transfer_desk: Desk,
        idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
    ) -> Response[Transfer]:
        """Store an intent and draw up its transaction. `Idempotency-Key` is needed, and is yours for ever."""
        key = checked_key(idempotency_key)
        return created(await create_once(database, transfer_desk, request.user, key, data))

    @get(opt={"problems": (CursorMalformed,), "scope": Scope.READ})
    async def page(
        self,
        request: Asked,
        db: AsyncSession,
        transfer_desk: Desk,
        cursor: Annotated[str | None, Parameter(max_length=64)] = None,
        limit: Annotated[int, Parameter(ge=1, le=PAGE_MAX)] = 50,
    ) -> Page[Transfer]:
        """My transfers, newest first."""
        items, following = await transfer_desk.page(
            db, request.user.user_id, before=read_cursor(cursor), limit=limit
        )
        return Page(items=items, next=write_cursor(following))

    @get("/{transfer_id:uuid}", opt={"problems": (errors.TransferNotFound,), "scope": Scope.READ})
    async def read(
        self, transfer_id: UUID, request: Asked, db: AsyncSession, transfer_desk: Desk
    ) -> Transfer:
        """One transfer, for its sender, or for its recipient once it was approved."""
        return await transfer_desk.read(db, request.user.user_id, transfer_id)

    @post(
        "/{transfer_id:uuid}/approve",
        status_code=200,
        opt={
            "problems": (
                errors.TransferNotFound,
                errors.DraftChanged,
                errors.NotDrafted,
                errors.QuoteExpired,
                DeviceNotTrusted,
                PinNeeded,
                PinLocked,
                WorkerKeyOld,
                WalletNotReady,
                *PAYING,
            )
        },
    )
    async def approve(
        self, transfer_id: UUID, data: ApproveAsk, request: Asked, db: AsyncSession, transfer_desk: Desk
    ) -> Transfer:
        """Approve the draft with this hash; what the worker says of the PIN comes as an event."""
        return await transfer_desk.approve(db, request.user, transfer_id, data)

    @post(
        "/{transfer_id:uuid}/cancel",
        status_code=200,
        opt={"problems": (errors.TransferNotFound, errors.TooLateToCancel), "scope": Scope.DRAFTS},
    )
    async def cancel(
        self, transfer_id: UUID, request: Asked, db: AsyncSession, transfer_desk: Desk
    ) -> Transfer:
        """Take back what is not signed."""
        return await transfer_desk.cancel(db, request.user, transfer_id)


routes = [Transfers]
