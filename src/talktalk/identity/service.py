"""What identity does, one use case a function. The edge opens and commits the transaction.

Where a refusal must leave a trace (a wrong code uses up a try), it is returned as a value, so that
the edge commits before it raises.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NoReturn
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity import queries, rules, texts
from talktalk.identity.errors import (
    ChallengeNotFound,
    CodeExpired,
    CodeSpent,
    CodeUsed,
    NameInvalid,
    PhoneInvalid,
    PictureRefused,
    PictureTooLarge,
    SessionNotFound,
)
from talktalk.identity.ports import Acquaintances, Newcomers
from talktalk.identity.schemas import Caller, PreparedCode, SignedInDevice, StoredPicture, WrongCode
from talktalk.identity.tables import ChallengeRow, Device, Picture, SessionRow, User
from talktalk.platform import audit, feed
from talktalk.platform.clock import Clock
from talktalk.platform.ids import uuid7
from talktalk.platform.problems import NotFound
from talktalk.platform.wake import Wake, notify
from talktalk_wire.common import Person
from talktalk_wire.identity import Me, ProfileAsk, Session, SignInAsk

SESSION_WAKE = "session"
"""Kind of the wake-up that says: this session has ended, close its sockets."""


# Sign-in.


def read_phone(typed: str, region: str) -> str:
    """A typed number in E.164.

    Raises:
        PhoneInvalid: It cannot be a number.
    """
    phone = rules.parse_phone(typed, region)
    if phone is None:
        raise PhoneInvalid
    return phone


async def known_device_id(db: AsyncSession, phone: str, device_token: str | None) -> UUID | None:
    """The device of this token, if it has signed in to this number before."""
    if not device_token:
        return None
    known = await queries.known_device(db, phone, rules.token_hash(device_token))
    return known.id if known else None


async def prepare_code(
    db: AsyncSession, clock: Clock, *, server_key: bytes, phone: str, device_id: UUID | None, network: str
) -> PreparedCode:
    """Make a challenge; its code is known to nobody but the returned value. Voids no other challenge."""
    now = clock.now()
    challenge_id, secret, code = uuid7(), rules.new_token(), rules.new_code()
    secret_hash = rules.token_hash(secret)
    db.add(
        ChallengeRow(
            id=challenge_id,
            phone=phone,
            secret_hash=secret_hash,
            code_mac=rules.code_mac(server_key, challenge_id, phone, code, secret_hash),
            device_id=device_id,
            network=network,
            tries=0,
            created_at=now,
            expires_at=now + rules.CODE_LIFE,
        )
    )
    await db.flush()
    await audit.record(
        db,
        clock,
        "challenge.sent",
        subject_id=challenge_id,
        phone=audit.covered_phone(phone),
        known=bool(device_id),
    )
    return PreparedCode(challenge_id, secret, phone, code, now + rules.CODE_LIFE)


async def void_code(db: AsyncSession, clock: Clock, challenge_id: UUID) -> None:
    """The message with this code certainly did not go out."""
    await queries.void_challenge(db, challenge_id, clock.now())
    await audit.record(db, clock, "challenge.unsent", subject_id=challenge_id)


async def challenge_owner(db: AsyncSession, challenge_id: UUID, secret: str) -> tuple[str, UUID | None]:
    """The number and known device of a challenge, for the holder of its secret.

    Raises:
        ChallengeNotFound: No such challenge, or not this secret.
    """
    row = await queries.challenge(db, challenge_id, rules.token_hash(secret))
    if row is None:
        raise ChallengeNotFound
    return row.phone, row.device_id


async def sign_in(
    db: AsyncSession,
    clock: Clock,
    ask: SignInAsk,
    *,
    server_key: bytes,
    address: str,
    replaced_token: str | None,
    newcomers: Newcomers,
) -> SignedInDevice | WrongCode:
    """Exchange a code for a session with a new token.

    Sessions the same device had, and the one whose cookie is replaced, end.

    Returns:
        `WrongCode` where a try was used up: commit, then tell.

    Raises:
        ChallengeNotFound: No such challenge, or not this secret.
        CodeUsed: It worked once.
        CodeExpired: Older than three minutes, or its message never went out.
        CodeSpent: Five wrong codes.
    """
    now = clock.now()
    secret_hash = rules.token_hash(ask.secret)
    row = await queries.count_try(db, ask.challenge_id, secret_hash, now)
    if row is None:
        await _raise_why_dead(db, ask.challenge_id, secret_hash)
    given = rules.code_mac(server_key, row.id, row.phone, ask.code, secret_hash)
    if not rules.is_same(given, row.code_mac):
        await audit.record(
            db,
            clock,
            "sign_in.refused",
            subject_id=row.id,
            phone=audit.covered_phone(row.phone),
            tries=row.tries,
        )
        return WrongCode(rules.TRIES_MAX - row.tries)
    if not await queries.use_challenge(db, row.id, now):
        raise CodeUsed
    return await _admit(
        db, clock, row, ask, address=address, replaced_token=replaced_token, newcomers=newcomers
    )


async def _raise_why_dead(db: AsyncSession, challenge_id: UUID, secret_hash: bytes) -> NoReturn:
    row = await queries.challenge(db, challenge_id, secret_hash)
    if row is None:
        raise ChallengeNotFound
    if row.used_at is not None:
        raise CodeUsed
    if row.tries >= rules.TRIES_MAX:
        raise CodeSpent
    raise CodeExpired


async def _admit(
    db: AsyncSession,
    clock: Clock,
    row: ChallengeRow,
    ask: SignInAsk,
    *,
    address: str,
    replaced_token: str | None,
    newcomers: Newcomers,
) -> SignedInDevice:
    now = clock.now()
    fresh = User(id=uuid7(), phone=row.phone, name="", locale=texts.locale_for(row.phone), created_at=now)
    is_new = await queries.insert_user(db, fresh)
    user_id = fresh.id if is_new else await queries.user_id_by_phone(db, row.phone)
    assert user_id is not None, "people are never removed while a sign-in holds their number"
    user = await queries.user(db, user_id)

    device, device_token, is_new_device = await _device_for(db, clock, user, ask)
    await _end(db, clock, "replaced", device_id=device.id)
    if replaced_token:
        await _end(db, clock, "replaced", token_hash=rules.token_hash(replaced_token))

    token = rules.new_token()
    session = SessionRow(
        id=uuid7(),
        user_id=user.id,
        device_id=device.id,
        token_hash=rules.token_hash(token),
        address=address,
        created_at=now,
        last_seen_at=now,
    )
    db.add(session)
    await db.flush()
    if is_new:
        await audit.record(db, clock, "user.joined", actor_id=user.id, subject_id=user.id)
        await newcomers(db, user_id=user.id, device_id=device.id)
    await audit.record(
        db,
        clock,
        "session.started",
        actor_id=user.id,
        subject_id=session.id,
        device_id=device.id,
        new=is_new_device,
    )
    return SignedInDevice(
        me=me_of(user),
        session=_session_of(session, device, current_id=session.id),
        is_new_user=is_new,
        device_token=device_token,
        token=token,
    )


async def _device_for(db: AsyncSession, clock: Clock, user: User, ask: SignInAsk) -> tuple[Device, str, bool]:
    """The device that signs in: known by its token, or new with a token of ours. It never chooses one."""
    now = clock.now()
    if ask.device_token:
        known = await queries.known_device(db, user.phone, rules.token_hash(ask.device_token))
        if known is not None:
            await queries.touch_device(db, known.id, ask.device_name, now)
            known.name = ask.device_name or known.name
            return known, ask.device_token, False
    token = rules.new_token()
    device = Device(
        id=uuid7(),
        user_id=user.id,
        token_hash=rules.token_hash(token),
        name=ask.device_name,
        created_at=now,
        last_seen_at=now,
    )
    db.add(device)
    await db.flush()
    await audit.record(db, clock, "device.added", actor_id=user.id, subject_id=device.id)
    return device, token, True


# Sessions.


async def authenticate(db: AsyncSession, token: str) -> Caller | None:
    """Who holds this session token; None if nobody does any more."""
    row = await queries.session_by_token(db, rules.token_hash(token))
    return Caller(row.user_id, row.id, row.device_id) if row else None


async def note_seen(db: AsyncSession, caller: Caller, *, address: str, now: datetime) -> None:
    """A session was used from `address`; callers coalesce (once a minute is enough)."""
    await queries.note_seen(db, caller.session_id, address, now)


async def list_sessions(db: AsyncSession, caller: Caller) -> list[Session]:
    """The caller's live sessions, newest use first."""
    found = await queries.sessions_with_devices(db, caller.user_id)
    return [_session_of(row, device, current_id=caller.session_id) for row, device in found]


async def revoke_session(db: AsyncSession, clock: Clock, caller: Caller, session_id: UUID) -> None:
    """End one of the caller's own sessions; its sockets close.

    Raises:
        SessionNotFound: None such, ended already, or another person's.
    """
    reason = "signed_out" if session_id == caller.session_id else "revoked"
    if not await _end(db, clock, reason, user_id=caller.user_id, session_id=session_id):
        raise SessionNotFound


async def revoke_others(db: AsyncSession, clock: Clock, caller: Caller) -> int:
    """End all of the caller's sessions but this one; returns how many."""
    return await _end(db, clock, "revoked", user_id=caller.user_id, keep=caller.session_id)


async def _end(
    db: AsyncSession,
    clock: Clock,
    reason: str,
    *,
    user_id: UUID | None = None,
    session_id: UUID | None = None,
    device_id: UUID | None = None,
    token_hash: bytes | None = None,
    keep: UUID | None = None,
) -> int:
    ended = await queries.end_sessions(
        db,
        clock.now(),
        user_id=user_id,
        session_id=session_id,
        device_id=device_id,
        token_hash=token_hash,
        keep=keep,
    )
    for row in ended:
        await notify(db, Wake(SESSION_WAKE, row.id, 0))
        await audit.record(db, clock, "session.ended", actor_id=row.user_id, subject_id=row.id, reason=reason)
    return len(ended)


# People.


async def me(db: AsyncSession, user_id: UUID) -> Me:
    """The signed-in person, as they see themselves."""
    return me_of(await queries.user(db, user_id))


async def people(db: AsyncSession, user_ids: Iterable[UUID]) -> dict[UUID, Person]:
    """Those of the ids that exist, as others may see them."""
    return {user.id: person_of(user) for user in await queries.users(db, user_ids)}


async def find_by_phone(db: AsyncSession, phone: str) -> UUID | None:
    """Who has this E.164 number. Callers limit how often anyone may ask."""
    return await queries.user_id_by_phone(db, phone)


async def device_name(db: AsyncSession, device_id: UUID) -> str:
    """What a device calls itself; empty if unknown."""
    found = await queries.device(db, device_id)
    return found.name if found else ""


async def change_profile(
    db: AsyncSession, user_id: UUID, ask: ProfileAsk, acquaintances: Acquaintances
) -> Me:
    """Change name or locale; absent fields stay.

    Raises:
        NameInvalid: Nothing visible is left of the name.
    """
    values: dict[str, object] = {}
    if ask.name is not msgspec.UNSET:
        name = rules.clean_name(ask.name)
        if not name:
            raise NameInvalid
        values["name"] = name
    if ask.locale is not msgspec.UNSET:
        values["locale"] = ask.locale
    if not values:
        return await me(db, user_id)
    user = await queries.update_user(db, user_id, **values)
    await _tell_profile(db, user, acquaintances, visible="name" in values)
    return me_of(user)


async def change_picture(
    db: AsyncSession, clock: Clock, user_id: UUID, data: bytes, acquaintances: Acquaintances
) -> Me:
    """Take a picture after looking at its own bytes.

    Raises:
        PictureTooLarge: More than 512 kB.
        PictureRefused: Not a PNG, JPEG or WebP of 16 to 2048 pixels a side.
    """
    if len(data) > rules.PICTURE_BYTES_MAX:
        raise PictureTooLarge(f"At most {rules.PICTURE_BYTES_MAX // 1024} kB")
    image = rules.sniff_image(data)
    if image is None:
        raise PictureRefused
    sides = (image.width, image.height)
    if min(sides) < rules.PICTURE_SIDE_MIN or max(sides) > rules.PICTURE_SIDE_MAX:
        raise PictureRefused(
            f"Each side must have {rules.PICTURE_SIDE_MIN} to {rules.PICTURE_SIDE_MAX} pixels"
        )
    fresh = Picture(
        user_id=user_id, id=uuid7(), media_type=image.media_type, data=data, created_at=clock.now()
    )
    await queries.put_picture(db, fresh)
    user = await queries.update_user(db, user_id, picture_id=fresh.id)
    await _tell_profile(db, user, acquaintances, visible=True)
    return me_of(user)


async def remove_picture(db: AsyncSession, user_id: UUID, acquaintances: Acquaintances) -> Me:
    """Have no picture; does nothing where there is none."""
    await queries.delete_picture(db, user_id)
    user = await queries.update_user(db, user_id, picture_id=None)
    await _tell_profile(db, user, acquaintances, visible=True)
    return me_of(user)


async def read_picture(db: AsyncSession, user_id: UUID, picture_id: UUID) -> StoredPicture:
    """A person's current picture.

    Raises:
        NotFound: There is none under this id (any more).
    """
    row = await queries.picture(db, user_id, picture_id)
    if row is None:
        raise NotFound
    return StoredPicture(row.media_type, row.data)


async def _tell_profile(db: AsyncSession, user: User, acquaintances: Acquaintances, *, visible: bool) -> None:
    events: list[tuple[UUID, str, object]] = [(user.id, "profile.changed", {"me": me_of(user)})]
    if visible:
        told = await acquaintances(db, user.id)
        events += [(other, "person.changed", {"person": person_of(user)}) for other in told]
    await feed.append_all(db, events)


def me_of(user: User) -> Me:
    """The wire form of oneself."""
    return Me(
        id=user.id,
        phone=user.phone,
        name=user.name,
        picture_url=_picture_url(user),
        locale=user.locale,
        created_at=user.created_at,
    )


def person_of(user: User) -> Person:
    """The wire form others see; never a number."""
    return Person(id=user.id, name=user.name, picture_url=_picture_url(user))


def _picture_url(user: User) -> str | None:
    return f"/api/v1/people/{user.id}/pictures/{user.picture_id}" if user.picture_id else None


def _session_of(row: SessionRow, device: Device, *, current_id: UUID) -> Session:
    return Session(
        id=row.id,
        device_id=row.device_id,
        device_name=device.name,
        current=row.id == current_id,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        address=row.address,
    )
