"""HTTP routes of orders, thin.

Making one opens its own transactions: no transaction is held while a ledger node is asked about
addresses.
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
from talktalk.platform.database import Database
from talktalk.platform.idempotency import IdempotencyKeyInvalid, IdempotencyKeyReused
from talktalk.platform.once import make_once
from talktalk.platform.web.created import created
from talktalk.transfers import errors as transfer_errors
from talktalk.transfers.orders import errors
from talktalk.transfers.orders.service import OrderDesk, Prepared
from talktalk.transfers.problems import STOPPERS as TRANSFER_STOPPERS
from talktalk.transfers.service import checked_key
from talktalk.wallet.errors import AssetUnknown, CursorMalformed, TokenNotHeld, WalletNotReady
from talktalk.wallet.pages import read_cursor, write_cursor
from talktalk_wire.common import Page
from talktalk_wire.identity import Scope
from talktalk_wire.orders import ApproveOrderAsk, Order, OrderAsk, OrderCheck, OrderSummary

PAGE_MAX = 100

Asked = Request[Caller, str, State]
Desk = NamedDependency[OrderDesk]
Rows = NamedDependency[Database]

STOPPERS = (
    *TRANSFER_STOPPERS,
    errors.OrderMalformed,
    errors.LineNotEmpty,
    errors.LineUnchanged,
    errors.NoNewLines,
    AssetUnknown,
    TokenNotHeld,
    errors.DuplicateRecipient,
    errors.ReserveTooSmall,
    errors.PlanTooLong,
    errors.AtomicUnavailable,
)
MAKING = (
    *STOPPERS,
    transfer_errors.IdempotencyKeyMissing,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    transfer_errors.WarningsNotAccepted,
    transfer_errors.RoomMismatch,
)


class Orders(Controller):
    """Intents of several transactions the caller makes."""

    path = "/api/v1/orders"
    tags = ("Orders",)

    @post(
        "/checks", status_code=200, opt={"problems": STOPPERS, "idempotency": "none", "scope": Scope.DRAFTS}
    )
    async def check(self, data: OrderAsk, request: Asked, database: Rows, order_desk: Desk) -> OrderCheck:
        """A dry run: what an order would cost, and what would stop it or warn of it; makes nothing."""
        return order_desk.check(data.kind, await _prepare(data, request, database, order_desk))

    @post(opt={"problems": MAKING, "idempotency": "own", "scope": Scope.DRAFTS})
    async def create(
        self,
        data: OrderAsk,
        request: Asked,
        database: Rows,
        order_desk: Desk,
        idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
    ) -> Response[Order]:
        """Store an order and draw up its transactions. `Idempotency-Key` is needed, and is yours for ever."""
        key, sender_id = checked_key(idempotency_key), request.user.user_id

        async def known(db: AsyncSession) -> Order | None:
            return await order_desk.known(db, sender_id, key, data)

        async def make() -> Order | None:
            prepared = await _prepare(data, request, database, order_desk)
            async with database.transaction() as db:
                return await order_desk.create(db, request.user, key, data, prepared)

        return created(await make_once(database, known, make))

    @get(opt={"problems": (CursorMalformed,), "scope": Scope.READ})
    async def page(
        self,
        request: Asked,
        db: AsyncSession,
        order_desk: Desk,
        cursor: Annotated[str | None, Parameter(max_length=64)] = None,
        limit: Annotated[int, Parameter(ge=1, le=PAGE_MAX)] = 50,
    ) -> Page[OrderSummary]:
        """My orders, newest first."""
        items, following = await order_desk.page(
            db, request.user.user_id, before=read_cursor(cursor), limit=limit
        )
        return Page(items=items, next=write_cursor(following))

    @get("/{order_id:uuid}", opt={"problems": (errors.OrderNotFound,), "scope": Scope.READ})
    async def read(self, order_id: UUID, request: Asked, db: AsyncSession, order_desk: Desk) -> Order:
        """One order, with its recipients and transactions."""
        return await order_desk.read(db, request.user.user_id, order_id)

    @post(
        "/{order_id:uuid}/approve",
        status_code=200,
        opt={
            "problems": (
                errors.OrderNotFound,
                transfer_errors.DraftChanged,
                transfer_errors.NotDrafted,
                DeviceNotTrusted,
                PinNeeded,
                PinLocked,
                WorkerKeyOld,
                WalletNotReady,
            )
        },
    )
    async def approve(
        self, order_id: UUID, data: ApproveOrderAsk, request: Asked, db: AsyncSession, order_desk: Desk
    ) -> Order:
        """Approve the whole set with this hash; what the worker says of the PIN comes as an event."""
        return await order_desk.approve(db, request.user, order_id, data)

    @post(
        "/{order_id:uuid}/cancel",
        status_code=200,
        opt={"problems": (errors.OrderNotFound, transfer_errors.TooLateToCancel), "scope": Scope.DRAFTS},
    )
    async def cancel(self, order_id: UUID, request: Asked, db: AsyncSession, order_desk: Desk) -> Order:
        """Take back what is not signed."""
        return await order_desk.cancel(db, request.user, order_id)


async def _prepare(data: OrderAsk, request: Asked, database: Database, desk: OrderDesk) -> Prepared:
    """Look at an ask from all sides; the network is asked between two transactions."""
    sender_id = request.user.user_id
    kind = desk.kind(data.kind)
    wanted = kind.want(data)
    async with database.transaction() as db:
        wallet = await desk.wallets.ready_wallet(db, sender_id)
    looked = await kind.look_at(wanted, wallet.address)
    async with database.transaction() as db:
        return await desk.prepare(db, sender_id, data, wanted, looked)


routes = [Orders]
