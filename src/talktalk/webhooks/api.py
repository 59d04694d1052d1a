"""HTTP routes of webhooks, thin."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import Parameter, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity.schemas import Caller
from talktalk.platform.limits import Limiter
from talktalk.wallet.errors import CursorMalformed
from talktalk.wallet.pages import read_cursor, write_cursor
from talktalk.webhooks import catalogue, errors, quotas
from talktalk.webhooks.service import PAGE_MAX, WebhookDesk
from talktalk_wire.common import Page
from talktalk_wire.identity import Scope
from talktalk_wire.webhooks import (
    Delivery,
    DeliveryDetail,
    DeliveryState,
    ReplayAsk,
    Replayed,
    SecretRotateAsk,
    Webhook,
    WebhookAsk,
    WebhookChangeAsk,
    WebhookEventType,
    WebhookMade,
)

Asked = Request[Caller, str, State]
Desk = NamedDependency[WebhookDesk]
Limits = NamedDependency[Limiter]
INPUT = (errors.WebhookUrlRefused, errors.EventTypeUnknown)
SECRET_INSIDE = {"Cache-Control": "no-store"}


class Webhooks(Controller):
    """Addresses that are told what happens to the caller."""

    path = "/api/v1/webhooks"
    tags = ("Webhooks",)
    opt = {"scope": Scope.WEBHOOKS}  # noqa: RUF012 - Litestar's form

    @get()
    async def page(self, request: Asked, db: AsyncSession, webhook_desk: Desk) -> list[Webhook]:
        """My webhooks, newest first; at most 10."""
        return await webhook_desk.all_of(db, request.user.user_id)

    @get("/event-types")
    async def event_types(self) -> list[WebhookEventType]:
        """Everything that can be told."""
        return catalogue.event_types()

    @post(opt={"problems": (*INPUT, errors.TooManyWebhooks), "idempotency": "none"})
    async def register(
        self, data: WebhookAsk, request: Asked, db: AsyncSession, webhook_desk: Desk
    ) -> Response[WebhookMade]:
        """Register an address; the answer is the only one that holds its secret."""
        made = await webhook_desk.register(db, request.user.user_id, data)
        return Response(made, status_code=201, headers=SECRET_INSIDE)

    @get("/{webhook_id:uuid}", opt={"problems": (errors.WebhookNotFound,)})
    async def read(self, webhook_id: UUID, request: Asked, db: AsyncSession, webhook_desk: Desk) -> Webhook:
        """One webhook."""
        return await webhook_desk.one(db, request.user.user_id, webhook_id)

    @patch("/{webhook_id:uuid}", opt={"problems": (errors.WebhookNotFound, *INPUT)})
    async def change(
        self,
        webhook_id: UUID,
        data: WebhookChangeAsk,
        request: Asked,
        db: AsyncSession,
        webhook_desk: Desk,
    ) -> Webhook:
        """Change address, types or description; disable, or enable for what happens from now on."""
        return await webhook_desk.change(db, request.user.user_id, webhook_id, data)

    @delete("/{webhook_id:uuid}", status_code=204, opt={"problems": (errors.WebhookNotFound,)})
    async def remove(self, webhook_id: UUID, request: Asked, db: AsyncSession, webhook_desk: Desk) -> None:
        """Remove it with its log."""
        await webhook_desk.remove(db, request.user.user_id, webhook_id)

    @post(
        "/{webhook_id:uuid}/secret",
        status_code=200,
        opt={"problems": (errors.WebhookNotFound,), "idempotency": "none"},
    )
    async def rotate(
        self,
        webhook_id: UUID,
        data: SecretRotateAsk,
        request: Asked,
        db: AsyncSession,
        webhook_desk: Desk,
    ) -> Response[WebhookMade]:
        """A new secret; the old one signs beside it for the overlap."""
        made = await webhook_desk.rotate(db, request.user.user_id, webhook_id, data)
        return Response(made, status_code=200, headers=SECRET_INSIDE)

    @post(
        "/{webhook_id:uuid}/test",
        status_code=202,
        opt={"problems": (errors.WebhookNotFound, errors.WebhookDisabled)},
    )
    async def test(
        self, webhook_id: UUID, request: Asked, db: AsyncSession, limiter: Limits, webhook_desk: Desk
    ) -> Delivery:
        """Send a `webhook.test` event now."""
        await limiter.take(quotas.for_sending(request.user.user_id))
        return await webhook_desk.test(db, request.user.user_id, webhook_id)

    @get(
        "/{webhook_id:uuid}/deliveries",
        opt={"problems": (errors.WebhookNotFound, CursorMalformed)},
    )
    async def deliveries(
        self,
        webhook_id: UUID,
        request: Asked,
        db: AsyncSession,
        webhook_desk: Desk,
        cursor: Annotated[str | None, Parameter(max_length=64)] = None,
        limit: Annotated[int, Parameter(ge=1, le=PAGE_MAX)] = 50,
        outcome: Annotated[DeliveryState | None, QueryParameter(name="state")] = None,
        event_type: Annotated[str | None, Parameter(max_length=60)] = None,
    ) -> Page[Delivery]:
        """What was told to it, newest first; kept for 30 days."""
        items, following = await webhook_desk.deliveries(
            db,
            request.user.user_id,
            webhook_id,
            state=outcome,
            event_type=None if event_type is None else event_type.replace("\0", ""),
            before=read_cursor(cursor),
            limit=limit,
        )
        return Page(items=items, next=write_cursor(following))

    @get(
        "/{webhook_id:uuid}/deliveries/{delivery_id:uuid}",
        opt={"problems": (errors.WebhookNotFound, errors.DeliveryNotFound)},
    )
    async def delivery(
        self, webhook_id: UUID, delivery_id: UUID, request: Asked, db: AsyncSession, webhook_desk: Desk
    ) -> DeliveryDetail:
        """One delivery: what was sent, and every try."""
        return await webhook_desk.delivery(db, request.user.user_id, webhook_id, delivery_id)

    @post(
        "/{webhook_id:uuid}/deliveries/{delivery_id:uuid}/replay",
        status_code=202,
        opt={"problems": (errors.WebhookNotFound, errors.DeliveryNotFound, errors.WebhookDisabled)},
    )
    async def replay(
        self,
        webhook_id: UUID,
        delivery_id: UUID,
        request: Asked,
        db: AsyncSession,
        limiter: Limits,
        webhook_desk: Desk,
    ) -> Delivery:
        """Send it again, under the same id."""
        await limiter.take(quotas.for_sending(request.user.user_id))
        return await webhook_desk.replay(db, request.user.user_id, webhook_id, delivery_id)

    @post(
        "/{webhook_id:uuid}/replay",
        status_code=202,
        opt={"problems": (errors.WebhookNotFound, errors.WebhookDisabled)},
    )
    async def replay_range(
        self,
        webhook_id: UUID,
        data: ReplayAsk,
        request: Asked,
        db: AsyncSession,
        limiter: Limits,
        webhook_desk: Desk,
    ) -> Replayed:
        """Send again what happened in a time range, at most 500, oldest first."""
        await limiter.take(quotas.for_sending(request.user.user_id))
        return await webhook_desk.replay_range(db, request.user.user_id, webhook_id, data)


routes = [Webhooks]
