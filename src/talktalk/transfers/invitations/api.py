"""HTTP routes of invitations, thin. No transaction is held while a message is handed over or a node asked."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, Parameter
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.config import Settings
from talktalk.identity import service as identity
from talktalk.identity.errors import PhoneInvalid
from talktalk.identity.ports import SmsSender
from talktalk.identity.schemas import Caller
from talktalk.ledger import errors as ledger_errors
from talktalk.ledger.preflight import WOULD_FAIL
from talktalk.platform.database import Database
from talktalk.platform.idempotency import IdempotencyKeyInvalid, IdempotencyKeyReused
from talktalk.platform.limits import Limiter
from talktalk.platform.once import make_once
from talktalk.platform.web.created import created
from talktalk.social.quotas import SocialQuotas
from talktalk.transfers.creating import examine_all
from talktalk.transfers.errors import (
    AssetUnsupported,
    IdempotencyKeyMissing,
    NoteRefused,
    ToSelf,
    WarningsNotAccepted,
)
from talktalk.transfers.invitations import errors
from talktalk.transfers.invitations.rules import InvitationQuotas
from talktalk.transfers.invitations.service import InvitationDesk
from talktalk.transfers.problems import STOPPERS
from talktalk.transfers.service import TransferDesk, checked_key
from talktalk.wallet.errors import CursorMalformed
from talktalk.wallet.pages import read_cursor, write_cursor
from talktalk_wire.common import Page
from talktalk_wire.invitations import Invitation, InvitationAsk, InvitationPayAsk
from talktalk_wire.transfers import Transfer

PAGE_MAX = 100

Asked = Request[Caller, str, State]
Desk = NamedDependency[InvitationDesk]
Rows = NamedDependency[Database]
Key = Annotated[str | None, HeaderParameter(name="Idempotency-Key")]
KEYED = (IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeyReused)
MAKING = (
    *KEYED,
    PhoneInvalid,
    ledger_errors.BadAmount,
    ledger_errors.NegativeAmount,
    ledger_errors.AmountNotANumber,
    ledger_errors.AmountWithExponent,
    ledger_errors.AmountTooPrecise,
    ledger_errors.AmountTooLarge,
    ledger_errors.ZeroAmount,
    ledger_errors.BadAsset,
    AssetUnsupported,
    NoteRefused,
    ToSelf,
    errors.AlreadyHere,
    errors.InvitedAlready,
    errors.TooManyInvitations,
)
PAYING = (
    *KEYED,
    *STOPPERS,
    *WOULD_FAIL,
    WarningsNotAccepted,
    errors.InvitationNotFound,
    errors.InvitationNotReady,
    errors.InvitationClosed,
)


class Invitations(Controller):
    """Money for people who are not here yet."""

    path = "/api/v1/invitations"
    tags = ("Invitations",)

    @post(opt={"problems": MAKING, "idempotency": "own"})
    async def create(
        self,
        data: InvitationAsk,
        request: Asked,
        database: Rows,
        invitation_desk: Desk,
        settings: Settings,
        limiter: Limiter,
        social_quotas: SocialQuotas,
        invitation_quotas: InvitationQuotas,
        sms: SmsSender,
        idempotency_key: Key = None,
    ) -> Response[Invitation]:
        """Invite a number. `Idempotency-Key` is needed, and is yours for ever: nobody is written to twice."""
        key, sender_id = checked_key(idempotency_key), request.user.user_id

        async def known(db: AsyncSession) -> Invitation | None:
            return await invitation_desk.known(db, sender_id, key, data)

        async def make() -> Invitation | None:
            phone = identity.read_phone(data.phone, data.region or settings.default_region)
            await limiter.take(
                {**social_quotas.for_search(sender_id), **invitation_quotas.of(sender_id, phone)}
            )
            async with database.transaction() as db:
                made = await invitation_desk.create(db, sender_id, key, data, phone)
            if made is None:
                return None
            fate = await invitation_desk.hand_over(sms, made)
            async with database.transaction() as db:
                return await invitation_desk.note_message(db, sender_id, made.invitation.id, fate)

        return created(await make_once(database, known, make))

    @get(opt={"problems": (CursorMalformed,)})
    async def page(
        self,
        request: Asked,
        db: AsyncSession,
        invitation_desk: Desk,
        cursor: Annotated[str | None, Parameter(max_length=64)] = None,
        limit: Annotated[int, Parameter(ge=1, le=PAGE_MAX)] = 50,
    ) -> Page[Invitation]:
        """My invitations, newest first."""
        items, following = await invitation_desk.page(
            db, request.user.user_id, before=read_cursor(cursor), limit=limit
        )
        return Page(items=items, next=write_cursor(following))

    @get("/{invitation_id:uuid}", opt={"problems": (errors.InvitationNotFound,)})
    async def read(
        self, invitation_id: UUID, request: Asked, db: AsyncSession, invitation_desk: Desk
    ) -> Invitation:
        """One invitation of mine."""
        return await invitation_desk.read(db, request.user.user_id, invitation_id)

    @post(
        "/{invitation_id:uuid}/cancel",
        status_code=200,
        opt={"problems": (errors.InvitationNotFound, errors.InvitationClosed)},
    )
    async def cancel(
        self, invitation_id: UUID, request: Asked, db: AsyncSession, invitation_desk: Desk
    ) -> Invitation:
        """Take it back, as long as it is not being paid."""
        return await invitation_desk.cancel(db, request.user.user_id, invitation_id)

    @post("/{invitation_id:uuid}/pay", opt={"problems": PAYING, "idempotency": "own"})
    async def pay(
        self,
        invitation_id: UUID,
        data: InvitationPayAsk,
        request: Asked,
        database: Rows,
        invitation_desk: Desk,
        transfer_desk: NamedDependency[TransferDesk],
        idempotency_key: Key = None,
    ) -> Response[Transfer]:
        """Draw up the ordinary transfer that pays it; approve that as any other."""
        key, sender_id = checked_key(idempotency_key), request.user.user_id
        async with database.transaction() as db:
            ask = await invitation_desk.transfer_ask(db, sender_id, invitation_id, data)

        async def known(db: AsyncSession) -> Transfer | None:
            return await transfer_desk.known(db, sender_id, key, ask)

        async def make() -> Transfer | None:
            examined = await examine_all(database, transfer_desk, sender_id, ask)
            async with database.transaction() as db:
                return await invitation_desk.pay(
                    db, transfer_desk, request.user, invitation_id, key, ask, examined
                )

        return created(await make_once(database, known, make))


routes = [Invitations]
