"""Access tokens: how a program acts for a person, within scopes, without a device.

A token is `tt_pat_` and 256 random bits; only its SHA-256 is stored, so it is shown once. It is never a
device: nothing it sends can approve a payment, recover a wallet or set a PIN.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity import queries, rules
from talktalk.identity.errors import AccessTokenNotFound, NameInvalid, TooManyAccessTokens
from talktalk.identity.schemas import Caller
from talktalk.identity.tables import AccessTokenRow
from talktalk.platform import audit
from talktalk.platform.clock import Clock
from talktalk.platform.ids import uuid7
from talktalk_wire.identity import AccessToken, AccessTokenAsk, AccessTokenMade, Scope

PREFIX: Final = "tt_pat_"
PER_PERSON_MAX: Final = 20
HINT_LENGTH: Final = 4


def is_access_token(token: str) -> bool:
    """Whether a bearer token is one of these, and not a session's."""
    return token.startswith(PREFIX)


async def make(db: AsyncSession, clock: Clock, user_id: UUID, ask: AccessTokenAsk) -> AccessTokenMade:
    """A new token, with its secret.

    Raises:
        NameInvalid: Nothing visible is left of the name.
        TooManyAccessTokens: The person has `PER_PERSON_MAX`.
    """
    name = rules.clean_name(ask.name)
    if not name:
        raise NameInvalid
    now = clock.now()
    await queries.lock_user(db, user_id)
    if len(await queries.access_tokens(db, user_id, now)) >= PER_PERSON_MAX:
        raise TooManyAccessTokens
    secret = PREFIX + rules.new_token()
    row = AccessTokenRow(
        id=uuid7(),
        user_id=user_id,
        name=name,
        scopes=[scope for scope in Scope if scope in ask.scopes],
        secret_hash=rules.token_hash(secret),
        hint=secret[-HINT_LENGTH:],
        created_at=now,
        expires_at=None if ask.expires_in_days is None else now + timedelta(days=ask.expires_in_days),
    )
    db.add(row)
    await db.flush()
    await audit.record(
        db, clock, "access_token.made", actor_id=user_id, subject_id=row.id, scopes=list(row.scopes)
    )
    return AccessTokenMade(token=_wire(row), secret=secret)


async def all_of(db: AsyncSession, clock: Clock, user_id: UUID) -> list[AccessToken]:
    """A person's living tokens, newest first."""
    return [_wire(row) for row in await queries.access_tokens(db, user_id, clock.now())]


async def revoke(db: AsyncSession, clock: Clock, user_id: UUID, token_id: UUID) -> None:
    """End a token at once.

    Raises:
        AccessTokenNotFound: None such that lives, or another person's.
    """
    if not await queries.revoke_access_token(db, user_id, token_id, clock.now()):
        raise AccessTokenNotFound
    await audit.record(db, clock, "access_token.revoked", actor_id=user_id, subject_id=token_id)


async def authenticate(db: AsyncSession, secret: str, now: datetime) -> Caller | None:
    """Who this token speaks for; None if it has ended."""
    row = await queries.access_token_by_secret(db, rules.token_hash(secret), now)
    if row is None:
        return None
    return Caller(row.user_id, row.id, row.id, frozenset(Scope(scope) for scope in row.scopes))


async def note_used(db: AsyncSession, caller: Caller, now: datetime) -> None:
    """A token was used; callers coalesce (once a minute is enough)."""
    await queries.note_token_used(db, caller.session_id, now)


def _wire(row: AccessTokenRow) -> AccessToken:
    return AccessToken(
        id=row.id,
        name=row.name,
        scopes=[Scope(scope) for scope in row.scopes],
        hint=row.hint,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )
