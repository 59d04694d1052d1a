"""What invitations do, one use case a method. The edge opens and commits the transaction.

The row is committed before its message is handed over, so that nobody is written to twice: who repeats the
request is answered by the row. Where the process dies in between, the message stays `unknown`, and is not
sent again.
"""

import hashlib
import logging
from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity import service as identity
from talktalk.identity.ports import SmsRefused, SmsSender, SmsUnconfirmed
from talktalk.identity.schemas import Caller
from talktalk.ledger.amounts import Xrp, format_drops, parse_asset, parse_drops, xrp
from talktalk.platform import audit
from talktalk.platform.clock import Clock
from talktalk.platform.idempotency import IdempotencyKeyReused
from talktalk.platform.ids import uuid7
from talktalk.social import service as social
from talktalk.transfers import rules as transfer_rules
from talktalk.transfers.errors import AssetUnsupported, ToSelf
from talktalk.transfers.invitations import queries, rules
from talktalk.transfers.invitations.errors import (
    AlreadyHere,
    InvitationClosed,
    InvitationNotFound,
    InvitationNotReady,
    InvitedAlready,
    TooManyInvitations,
)
from talktalk.transfers.invitations.tables import InvitationRow
from talktalk.transfers.service import Examined, TransferDesk
from talktalk.wallet.announcements import Announcements
from talktalk.wallet.service import WalletDesk
from talktalk_wire.invitations import (
    Invitation,
    InvitationAsk,
    InvitationPayAsk,
    InvitationState,
    MessageFate,
)
from talktalk_wire.social import Relation
from talktalk_wire.transfers import AmountAsk, Transfer, TransferAsk, TransferState

BATCH = 100
log = logging.getLogger(__name__)


class Made(msgspec.Struct, frozen=True):
    """A new invitation, and the message that is to be handed over now, if any."""

    invitation: Invitation
    message: str | None


class InvitationDesk:
    """What needs wallets, the address of this service, and the time."""

    def __init__(self, *, wallets: WalletDesk, clock: Clock, public_url: str) -> None:
        self._wallets = wallets
        self._clock = clock
        self._link = public_url

    async def known(
        self, db: AsyncSession, sender_id: UUID, key: str, ask: InvitationAsk
    ) -> Invitation | None:
        """The invitation this key made before.

        Raises:
            IdempotencyKeyReused: It was made from another input.
        """
        row = await queries.by_key(db, sender_id, key)
        if row is None:
            return None
        if row.input_hash != _input_hash(ask):
            raise IdempotencyKeyReused
        return await self._one(db, row)

    async def create(
        self, db: AsyncSession, sender_id: UUID, key: str, ask: InvitationAsk, phone: str
    ) -> Made | None:
        """Store an invitation; None if the same key made one at this very moment.

        Raises:
            BadAmount, BadAsset, AssetUnsupported, NoteRefused: Of what was asked.
            ToSelf, AlreadyHere, InvitedAlready, TooManyInvitations: As named.
        """
        if not isinstance(parse_asset(ask.amount.asset), Xrp):
            raise AssetUnsupported
        amount_drops, note = parse_drops(ask.amount.value), transfer_rules.clean_note(ask.note)
        found = (await social.search(db, sender_id, phone)).found
        if found is not None:
            raise ToSelf if found.relation is Relation.SELF else AlreadyHere
        if await queries.count_open(db, sender_id) >= rules.OPEN_MAX:
            raise TooManyInvitations
        # Who blocks the sender is not written to, and the sender is not told.
        is_hidden = await identity.find_by_phone(db, phone) is not None
        now = self._clock.now()
        row = await queries.insert_new(
            db,
            {
                "id": uuid7(),
                "sender_id": sender_id,
                "idempotency_key": key,
                "input_hash": _input_hash(ask),
                "state": InvitationState.WAITING,
                "version": 1,
                "phone": phone,
                "amount_drops": amount_drops,
                "note": note,
                "message": MessageFate.HANDED_OVER if is_hidden else MessageFate.UNKNOWN,
                "expires_at": now + rules.LIFE,
                "created_at": now,
                "updated_at": now,
            },
        )
        if row is None:
            if await queries.by_key(db, sender_id, key) is None:
                raise InvitedAlready
            return None
        await audit.record(
            db,
            self._clock,
            "invitation.made",
            actor_id=sender_id,
            subject_id=row.id,
            phone=audit.covered_phone(phone),
            amount=format_drops(amount_drops),
        )
        name = (await identity.people(db, [sender_id]))[sender_id].name
        text = rules.message(phone, name, format_drops(amount_drops), self._link)
        return Made(await self._one(db, row), None if is_hidden else text)

    async def hand_over(self, sms: SmsSender, made: Made) -> MessageFate:
        """Send the message of a committed invitation, once. Holds no transaction."""
        if made.message is None:
            return made.invitation.message
        try:
            await sms.send(made.invitation.phone, made.message)
        except SmsRefused as refusal:
            log.warning("invitation message refused: %s", refusal)
            return MessageFate.NOT_SENT
        except SmsUnconfirmed as doubt:
            log.warning("invitation message in doubt: %s", doubt)
            return MessageFate.UNKNOWN
        return MessageFate.HANDED_OVER

    async def note_message(
        self, db: AsyncSession, sender_id: UUID, invitation_id: UUID, fate: MessageFate
    ) -> Invitation:
        """Write down what became of the message."""
        await queries.note_message(db, invitation_id, fate)
        return await self.read(db, sender_id, invitation_id)

    async def read(self, db: AsyncSession, sender_id: UUID, invitation_id: UUID) -> Invitation:
        """One invitation of the caller's.

        Raises:
            InvitationNotFound: None such.
        """
        row = await queries.one(db, invitation_id, sender_id)
        if row is None:
            raise InvitationNotFound
        return await self._one(db, row)

    async def page(
        self, db: AsyncSession, sender_id: UUID, *, before: UUID | None, limit: int
    ) -> tuple[list[Invitation], UUID | None]:
        """A person's invitations, newest first, and where the next page begins."""
        rows = await queries.page(db, sender_id, before=before, limit=limit + 1)
        shown = rows[:limit]
        return await self._shown(db, shown), shown[-1].id if len(rows) > limit else None

    async def cancel(self, db: AsyncSession, sender_id: UUID, invitation_id: UUID) -> Invitation:
        """Take an invitation back; cancelling again changes nothing.

        Raises:
            InvitationNotFound: None such.
            InvitationClosed: It is being paid, or has ended otherwise.
        """
        row = await queries.one(db, invitation_id, sender_id, lock=True)
        if row is None:
            raise InvitationNotFound
        if row.state == InvitationState.CANCELLED:
            return await self._one(db, row)
        if row.state not in queries.LAPSING:
            raise InvitationClosed
        self._turn(row, InvitationState.CANCELLED)
        await db.flush()
        await audit.record(db, self._clock, "invitation.cancelled", actor_id=sender_id, subject_id=row.id)
        return (await self._announce(db, [row]))[0]

    async def transfer_ask(
        self, db: AsyncSession, sender_id: UUID, invitation_id: UUID, ask: InvitationPayAsk
    ) -> TransferAsk:
        """The ordinary transfer that pays an invitation.

        Raises:
            InvitationNotFound: None such.
            InvitationNotReady: Nobody here to be paid yet.
        """
        row = await queries.one(db, invitation_id, sender_id)
        if row is None:
            raise InvitationNotFound
        if row.person_id is None or row.state in (InvitationState.WAITING, rules.JOINED):
            raise InvitationNotReady
        return TransferAsk(
            amount=AmountAsk(value=format_drops(row.amount_drops)),
            user_id=row.person_id,
            note=row.note,
            accepted_warnings=ask.accepted_warnings,
        )

    async def pay(
        self,
        db: AsyncSession,
        transfers: TransferDesk,
        caller: Caller,
        invitation_id: UUID,
        key: str,
        ask: TransferAsk,
        examined: Examined,
    ) -> Transfer | None:
        """Draw up the transfer, for its sender to approve; None if the key made one at this very moment.

        While a transfer of the invitation may still settle there can be no other.

        Raises:
            InvitationNotFound, InvitationClosed: As named.
            WarningsNotAccepted: As for any transfer.
        """
        row = await queries.one(db, invitation_id, caller.user_id, lock=True)
        if row is None:
            raise InvitationNotFound
        if row.state != InvitationState.READY:
            raise InvitationClosed
        made = await transfers.create(db, caller, key, ask, examined)
        if made is None:
            return None
        row.transfer_id = made.id
        self._turn(row, InvitationState.PAYING)
        await db.flush()
        await self._announce(db, [row])
        return made

    async def note_joined(self, db: AsyncSession, *, user_id: UUID) -> None:
        """Somebody has signed up: whoever invited the number will hear once they can be paid."""
        me = await identity.me(db, user_id)
        await queries.note_joined(db, me.phone, user_id, self._clock.now())

    async def advance(self, db: AsyncSession) -> int:
        """Ask where somebody can be paid now, end what was paid or has expired; how many turned."""
        turned: list[InvitationRow] = []
        ends = await queries.ended_transfers(db, transfer_rules.TERMINAL, BATCH)
        for row in await queries.locked(db, ends, InvitationState.PAYING):
            is_paid = ends[row.id] == TransferState.SETTLED
            self._turn(row, InvitationState.PAID if is_paid else InvitationState.READY)
            turned.append(row)
        waiting = await queries.joined(db, BATCH)
        ready = await self._wallets.ready_among(db, {person_id for _, person_id in waiting})
        wanted = [invitation_id for invitation_id, person_id in waiting if person_id in ready]
        for row in await queries.locked(db, wanted, rules.JOINED):
            self._turn(row, InvitationState.READY)
            turned.append(row)
        for row in await queries.lapsed(db, self._clock.now(), BATCH):
            self._turn(row, InvitationState.EXPIRED)
            turned.append(row)
        if turned:
            await db.flush()
            await self._announce(db, turned)
        return len(turned)

    def _turn(self, row: InvitationRow, state: InvitationState) -> None:
        row.state = state
        row.version += 1
        row.updated_at = self._clock.now()

    async def _announce(self, db: AsyncSession, rows: Sequence[InvitationRow]) -> list[Invitation]:
        shown = await self._shown(db, rows)
        announcements = Announcements()
        for row, invitation in zip(rows, shown, strict=True):
            announcements.add(row.sender_id, "invitation.turned", {"invitation": invitation})
        await announcements.flush(db)
        return shown

    async def _one(self, db: AsyncSession, row: InvitationRow) -> Invitation:
        (invitation,) = await self._shown(db, [row])
        return invitation

    async def _shown(self, db: AsyncSession, rows: Sequence[InvitationRow]) -> list[Invitation]:
        people = await identity.people(db, {row.person_id for row in rows if row.person_id is not None})
        return [
            Invitation(
                id=row.id,
                state=_state(row),
                version=row.version,
                phone=row.phone,
                person=None
                if _state(row) is InvitationState.WAITING or row.person_id is None
                else people.get(row.person_id),
                amount=xrp(row.amount_drops),
                note=row.note,
                message=MessageFate(row.message),
                link=self._link,
                transfer_id=row.transfer_id,
                expires_at=row.expires_at,
                created_at=row.created_at,
                updated_at=row.updated_at,
            )
            for row in rows
        ]


def _state(row: InvitationRow) -> InvitationState:
    return InvitationState.WAITING if row.state == rules.JOINED else InvitationState(row.state)


def _input_hash(ask: InvitationAsk) -> bytes:
    return hashlib.sha256(msgspec.json.encode(ask, order="deterministic")).digest()
