"""Who did what: security events, each written in the transaction of its fact.

A kind is `subject.past_action`, such as `session.revoked`. Rows are only ever added. They carry no
secret, no message and no full phone number. Linking them into a chain that shows tampering is the
sealer's work, done later in batches, so that no lock is held across commits here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Index, insert
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.clock import Clock
from talktalk.platform.context import current
from talktalk.platform.database import Base, Id
from talktalk.platform.ids import uuid7


class AuditEvent(Base):
    """One thing that happened."""

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "actor_id", "at"), Index(None, "subject_id", "at"))

    id: Mapped[Id]
    at: Mapped[datetime]
    kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    """The user who acted, if known."""
    subject_id: Mapped[UUID | None]
    """What it was done to: a user, session, device, transfer."""
    address: Mapped[str]
    request_id: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One event that is to be recorded."""

    kind: str
    """`subject.past_action`."""
    actor_id: UUID | None = None
    """The user who acted."""
    subject_id: UUID | None = None
    """What it was done to."""
    data: dict[str, object] = {}
    """Further fields, as msgspec writes them; never secrets."""


async def record(
    db: AsyncSession,
    clock: Clock,
    kind: str,
    *,
    actor_id: UUID | None = None,
    subject_id: UUID | None = None,
    **data: object,
) -> None:
    """Add an event to the transaction of its fact.

    Args:
        db: The transaction of the fact.
        clock: Where the time comes from.
        kind: `subject.past_action`.
        actor_id: The user who acted.
        subject_id: What it was done to.
        data: Further fields, as msgspec writes them; never secrets.
    """
    happening = Happening(kind=kind, actor_id=actor_id, subject_id=subject_id, data=data)
    await record_all(db, clock, [happening])


async def record_all(db: AsyncSession, clock: Clock, happenings: Sequence[Happening]) -> None:
    """Add events to the transaction of their facts, in one statement."""
    if not happenings:
        return
    context, now = current.get(), clock.now()
    rows = [
        {
            "id": uuid7(),
            "at": now,
            "kind": each.kind,
            "actor_id": each.actor_id,
            "subject_id": each.subject_id,
            "address": context.address,
            "request_id": context.request_id,
            "data": msgspec.to_builtins(each.data, str_keys=True),
        }
        for each in happenings
    ]
    await db.execute(insert(AuditEvent), rows)


def covered_phone(phone: str) -> str:
    """A number as the log may hold it: country and last two digits."""
    return f"{phone[:3]}…{phone[-2:]}"
