"""Every statement over identity's tables."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity.rules import SESSION_IDLE_MAX, TRIES_MAX
from talktalk.identity.tables import AccessTokenRow, ChallengeRow, Device, Picture, SessionRow, User

CHALLENGES_SWEPT_MAX = 1_000


async def user(db: AsyncSession, user_id: UUID) -> User:
    """A person who is known to exist."""
    found = await db.execute(select(User).where(User.id == user_id))
    return found.scalar_one()


async def users(db: AsyncSession, user_ids: Iterable[UUID]) -> list[User]:
    """Those of the ids that exist."""
    found = await db.execute(select(User).where(User.id.in_(set(user_ids))))
    return list(found.scalars())


async def user_id_by_phone(db: AsyncSession, phone: str) -> UUID | None:
    """Who has this number."""
    found = await db.execute(select(User.id).where(User.phone == phone))
    return found.scalar_one_or_none()


async def insert_user(db: AsyncSession, fresh: User) -> bool:
    """Add a person unless the number has one already, even if another sign-in adds it just now."""
    values = {"id": fresh.id, "phone": fresh.phone, "name": fresh.name, "locale": fresh.locale}
    made = await db.execute(
        insert(User)
        .values(**values, created_at=fresh.created_at)
        .on_conflict_do_nothing(index_elements=[User.phone])
        .returning(User.id)
    )
    return made.scalar_one_or_none() is not None


async def known_device(db: AsyncSession, phone: str, token_hash: bytes) -> Device | None:
    """The device with this token, if it has signed in to this number before."""
    found = await db.execute(
        select(Device)
        .join(User, User.id == Device.user_id)
        .where(User.phone == phone, Device.token_hash == token_hash)
    )
    return found.scalar_one_or_none()


async def device(db: AsyncSession, device_id: UUID) -> Device | None:
    """A device by its id."""
    return await db.get(Device, device_id)


async def touch_device(db: AsyncSession, device_id: UUID, name: str, now: datetime) -> None:
    """A device signed in again; an empty name keeps the old one."""
    values: dict[str, object] = {"last_seen_at": now}
    if name:
        values["name"] = name
    await db.execute(update(Device).where(Device.id == device_id).values(values))


async def count_try(
    db: AsyncSession, challenge_id: UUID, secret_hash: bytes, now: datetime
) -> ChallengeRow | None:
    """Use up one try of a live challenge, before anything is compared; None if there is none to use.

    One statement, so that any number of guesses at once share the same few tries.
    """
    found = await db.execute(
        update(ChallengeRow)
        .where(
            ChallengeRow.id == challenge_id,
            ChallengeRow.secret_hash == secret_hash,
            ChallengeRow.tries < TRIES_MAX,
            ChallengeRow.used_at.is_(None),
            ChallengeRow.voided_at.is_(None),
            ChallengeRow.expires_at > now,
        )
        .values(tries=ChallengeRow.tries + 1)
        .returning(ChallengeRow)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def challenge(db: AsyncSession, challenge_id: UUID, secret_hash: bytes) -> ChallengeRow | None:
    """A challenge, for the holder of its secret."""
    found = await db.execute(
        select(ChallengeRow).where(ChallengeRow.id == challenge_id, ChallengeRow.secret_hash == secret_hash)
    )
    return found.scalar_one_or_none()


async def use_challenge(db: AsyncSession, challenge_id: UUID, now: datetime) -> bool:
    """Spend a challenge; true for exactly one caller ever."""
    found = await db.execute(
        update(ChallengeRow)
        .where(ChallengeRow.id == challenge_id, ChallengeRow.used_at.is_(None))
        .values(used_at=now)
        .returning(ChallengeRow.id)
    )
    return found.scalar_one_or_none() is not None


async def void_challenge(db: AsyncSession, challenge_id: UUID, now: datetime) -> None:
    """The message did not go out: nobody can have this code."""
    await db.execute(update(ChallengeRow).where(ChallengeRow.id == challenge_id).values(voided_at=now))


async def sweep_challenges(db: AsyncSession, before: datetime) -> int:
    """Remove challenges that expired before a moment; returns how many."""
    old = select(ChallengeRow.id).where(ChallengeRow.expires_at < before).limit(CHALLENGES_SWEPT_MAX)
    removed = await db.execute(
        delete(ChallengeRow).where(ChallengeRow.id.in_(old)).returning(ChallengeRow.id)
    )
    return len(removed.all())


async def session_by_token(db: AsyncSession, token_hash: bytes) -> SessionRow | None:
    """The live session of a token."""
    found = await db.execute(
        select(SessionRow).where(
            SessionRow.token_hash == token_hash,
            SessionRow.ended_at.is_(None),
            SessionRow.last_seen_at > func.now() - SESSION_IDLE_MAX,
        )
    )
    return found.scalar_one_or_none()


async def note_seen(db: AsyncSession, session_id: UUID, address: str, now: datetime) -> None:
    """A session was used."""
    seen = (
        update(SessionRow)
        .where(SessionRow.id == session_id, SessionRow.ended_at.is_(None))
        .values(last_seen_at=func.greatest(SessionRow.last_seen_at, now), address=address)
    )
    await db.execute(seen)


async def sessions_with_devices(db: AsyncSession, user_id: UUID) -> list[tuple[SessionRow, Device]]:
    """A person's live sessions, newest use first."""
    found = await db.execute(
        select(SessionRow, Device)
        .join(Device, Device.id == SessionRow.device_id)
        .where(
            SessionRow.user_id == user_id,
            SessionRow.ended_at.is_(None),
            SessionRow.last_seen_at > func.now() - SESSION_IDLE_MAX,
        )
        .order_by(SessionRow.last_seen_at.desc(), SessionRow.id)
    )
    return [(row[0], row[1]) for row in found]


async def end_sessions(
    db: AsyncSession,
    now: datetime,
    *,
    user_id: UUID | None = None,
    session_id: UUID | None = None,
    device_id: UUID | None = None,
    token_hash: bytes | None = None,
    keep: UUID | None = None,
) -> list[SessionRow]:
    """End the live sessions that match everything given; returns those this call ended."""
    asked = (
        (SessionRow.user_id, user_id),
        (SessionRow.id, session_id),
        (SessionRow.device_id, device_id),
        (SessionRow.token_hash, token_hash),
    )
    conditions = [column == value for column, value in asked if value is not None]
    assert conditions, "never all sessions of everyone"
    if keep is not None:
        conditions.append(SessionRow.id != keep)
    found = await db.execute(
        update(SessionRow)
        .where(SessionRow.ended_at.is_(None), *conditions)
        .values(ended_at=now)
        .returning(SessionRow)
        .execution_options(populate_existing=True)
    )
    return list(found.scalars())


async def access_tokens(db: AsyncSession, user_id: UUID, now: datetime) -> list[AccessTokenRow]:
    """A person's living tokens, newest first."""
    found = await db.execute(
        select(AccessTokenRow)
        .where(AccessTokenRow.user_id == user_id, *_token_lives(now))
        .order_by(AccessTokenRow.id.desc())
    )
    return list(found.scalars())


async def access_token_by_secret(
    db: AsyncSession, secret_hash: bytes, now: datetime
) -> AccessTokenRow | None:
    """The living token of a secret."""
    found = await db.execute(
        select(AccessTokenRow).where(AccessTokenRow.secret_hash == secret_hash, *_token_lives(now))
    )
    return found.scalar_one_or_none()


async def note_token_used(db: AsyncSession, token_id: UUID, now: datetime) -> None:
    """A token was used."""
    used = func.greatest(func.coalesce(AccessTokenRow.last_used_at, now), now)
    await db.execute(update(AccessTokenRow).where(AccessTokenRow.id == token_id).values(last_used_at=used))


async def revoke_access_token(db: AsyncSession, user_id: UUID, token_id: UUID, now: datetime) -> bool:
    """End a person's token; False if there is none such that lives."""
    found = await db.execute(
        update(AccessTokenRow)
        .where(
            AccessTokenRow.id == token_id,
            AccessTokenRow.user_id == user_id,
            AccessTokenRow.revoked_at.is_(None),
        )
        .values(revoked_at=now)
        .returning(AccessTokenRow.id)
    )
    return found.scalar_one_or_none() is not None


def _token_lives(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        AccessTokenRow.revoked_at.is_(None),
        or_(AccessTokenRow.expires_at.is_(None), AccessTokenRow.expires_at > now),
    )


async def lock_user(db: AsyncSession, user_id: UUID) -> None:
    """Hold the person's row until commit: what is counted for them meanwhile stays counted."""
    await db.execute(select(User.id).where(User.id == user_id).with_for_update())


async def picture(db: AsyncSession, user_id: UUID, picture_id: UUID) -> Picture | None:
    """A picture, as long as it is the current one."""
    found = await db.execute(select(Picture).where(Picture.user_id == user_id, Picture.id == picture_id))
    return found.scalar_one_or_none()


async def put_picture(db: AsyncSession, fresh: Picture) -> None:
    """Replace a person's picture."""
    values = {
        "id": fresh.id,
        "media_type": fresh.media_type,
        "data": fresh.data,
        "created_at": fresh.created_at,
    }
    await db.execute(
        insert(Picture)
        .values(user_id=fresh.user_id, **values)
        .on_conflict_do_update(index_elements=[Picture.user_id], set_=values)
    )


async def delete_picture(db: AsyncSession, user_id: UUID) -> None:
    """Remove a person's picture."""
    await db.execute(delete(Picture).where(Picture.user_id == user_id))


async def update_user(db: AsyncSession, user_id: UUID, **values: object) -> User:
    """Change a person's own fields; returns the row as it is then."""
    found = await db.execute(
        update(User)
        .where(User.id == user_id)
        .values(**values)
        .returning(User)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one()
