"""The worker's side of PIN, recovery code, recovery and consent: what each ask means.

Worker only. Each opens its secrets for its own purpose and context, taken from rows web could not
choose freely, and writes what follows in the transaction that decides the ask.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody.deciding import Decision, Secrets
from talktalk.custody.schemas import Ask, AskPurpose, Verdict, VerifierKind
from talktalk.custody.verifiers import Verifiers, is_set, put_hash
from talktalk.platform import audit
from talktalk.platform.problems import Trouble
from talktalk.wallet import queries, recovery
from talktalk.wallet.announcements import Announcements
from talktalk.wallet.rules import clean_pin, clean_recovery_code
from talktalk.wallet.service import WalletDesk
from talktalk_wire.wallet import RecoveryState

GRANTED = Decision(granted=True)


async def check_pin(
    db: AsyncSession, desk: WalletDesk, verifiers: Verifiers, ask: Ask, pin: bytes
) -> Decision:
    """Judge a trusted device's PIN, whatever it is given for."""
    return (await check_pins(db, desk, verifiers, [(ask, pin)]))[ask.id]


async def check_pins(
    db: AsyncSession, desk: WalletDesk, verifiers: Verifiers, asked: Sequence[tuple[Ask, bytes]]
) -> dict[UUID, Decision]:
    """Judge the PINs of several people, one ask each, as `check_pin` does; by ask."""
    if not asked:
        return {}
    trusted = await queries.trusted_among(db, [(ask.user_id, ask.device_id) for ask, _ in asked])
    heard = [(ask, pin) for ask, pin in asked if (ask.user_id, ask.device_id) in trusted]
    verdicts = {}
    if heard:
        verdicts = await verifiers.check_all(VerifierKind.PIN, {ask.user_id: pin for ask, pin in heard})
    decisions = {ask.id: Decision(granted=False, reason="device_not_trusted") for ask, _ in asked}
    refused = []
    for ask, _ in heard:
        verdict = verdicts[ask.user_id]
        decisions[ask.id] = GRANTED if verdict.right else _refusal(verdict)
        if not verdict.right:
            refused.append(
                audit.Happening(
                    kind="pin.refused",
                    actor_id=ask.user_id,
                    subject_id=ask.id,
                    data={"purpose": ask.purpose},
                )
            )
    await audit.record_all(db, desk.clock, refused)
    return decisions


def _refusal(verdict: Verdict) -> Decision:
    reasons = {"wrong": "pin_wrong", "locked": "pin_locked", "missing": "pin_needed"}
    locked = verdict.reason == "locked"
    return Decision(
        granted=False,
        reason=reasons[verdict.reason or "wrong"],
        tries_left=None if locked else verdict.tries_left,
        retry_at=verdict.retry_at,
    )


class _WalletDecider:
    """What the wallet's deciders share."""

    def __init__(self, desk: WalletDesk, verifiers: Verifiers) -> None:
        self._desk = desk
        self._verifiers = verifiers

    async def granted(self, db: AsyncSession, ask: Ask) -> None:
        """Tell every device how the wallet stands now."""
        announcements = Announcements()
        await self._desk.announce_wallets(db, [ask.user_id], announcements)
        await announcements.flush(db)

    async def refused(self, db: AsyncSession, ask: Ask) -> None:
        """Nothing follows: the answer goes to who asked."""


class PinSetDecider(_WalletDecider):
    """`pin.set`: the first PIN needs a trusted device, a new one the old PIN as well."""

    async def decide(self, db: AsyncSession, ask: Ask, secrets: Secrets) -> Decision:
        """Check the old PIN where there is one, then store the new."""
        context = ask.user_id.bytes
        pin = secrets.open("pin", AskPurpose.PIN_SET, context)
        await self._desk.access_as_trusted(db, ask.user_id, ask.device_id)
        if await is_set(db, VerifierKind.PIN, ask.user_id):
            if not secrets.has("old_pin"):
                return Decision(granted=False, reason="pin_needed")
            old = secrets.open("old_pin", AskPurpose.PIN_SET, context)
            decision = await check_pin(db, self._desk, self._verifiers, ask, old)
            if not decision.granted:
                return decision
        hashed = await self._verifiers.hash(VerifierKind.PIN, ask.user_id, clean_pin(pin))
        await put_hash(db, VerifierKind.PIN, ask.user_id, hashed, self._desk.clock.now())
        await audit.record(db, self._desk.clock, "pin.set", actor_id=ask.user_id, subject_id=ask.device_id)
        return GRANTED


class RecoverySetDecider(_WalletDecider):
    """`recovery.set`: a new recovery code, which voids the old one."""

    async def decide(self, db: AsyncSession, ask: Ask, secrets: Secrets) -> Decision:
        """Check the PIN, then store the code."""
        code = secrets.open("code", AskPurpose.RECOVERY_SET, ask.user_id.bytes)
        pin = secrets.open("pin", "recovery.pin", ask.user_id.bytes)
        decision = await check_pin(db, self._desk, self._verifiers, ask, pin)
        if not decision.granted:
            return decision
        hashed = await self._verifiers.hash(
            VerifierKind.RECOVERY_CODE, ask.user_id, clean_recovery_code(code)
        )
        await put_hash(db, VerifierKind.RECOVERY_CODE, ask.user_id, hashed, self._desk.clock.now())
        await audit.record(
            db, self._desk.clock, "recovery_code.set", actor_id=ask.user_id, subject_id=ask.device_id
        )
        return GRANTED


class _RecoveryDecider(_WalletDecider):
    """What both ways of recovery share: a grant lets the delay begin."""

    def __init__(self, desk: WalletDesk, verifiers: Verifiers, *, delay_s: int) -> None:
        super().__init__(desk, verifiers)
        self._delay_s = delay_s

    async def granted(self, db: AsyncSession, ask: Ask) -> None:
        """Let the delay begin."""
        row = await queries.recovery(db, _subject(ask), lock=True)
        assert row is not None
        await recovery.grant(db, self._desk, row, delay_s=self._delay_s)


class RecoveryUseDecider(_RecoveryDecider):
    """`recovery.use`: the code on a new device; right starts the delay, wrong ends the recovery."""

    async def decide(self, db: AsyncSession, ask: Ask, secrets: Secrets) -> Decision:
        """Check the code and keep the hash of a PIN set anew."""
        code = secrets.open("code", AskPurpose.RECOVERY_USE, ask.context)
        row = await queries.recovery(db, _subject(ask), lock=True)
        if row is None or row.state != RecoveryState.CHECKING:
            return Decision(granted=False, reason="recovery_closed")
        new_pin = None
        if secrets.has("new_pin"):
            new_pin = clean_pin(secrets.open("new_pin", AskPurpose.PIN_SET, ask.user_id.bytes))
        try:
            typed = clean_recovery_code(code)
        except Trouble:
            typed = b""
        verdict = await self._verifiers.check(VerifierKind.RECOVERY_CODE, ask.user_id, typed)
        if not verdict.right:
            reason = "too_many_tries" if verdict.reason == "locked" else "code_wrong"
            return Decision(
                granted=False, reason=reason, tries_left=verdict.tries_left, retry_at=verdict.retry_at
            )
        if new_pin is not None:
            row.new_pin_hash = await self._verifiers.hash(VerifierKind.PIN, ask.user_id, new_pin)
        return GRANTED

    async def refused(self, db: AsyncSession, ask: Ask) -> None:
        """End the recovery, unless it ended before."""
        row = await queries.recovery(db, _subject(ask), lock=True)
        if row is not None and row.state == RecoveryState.CHECKING:
            await recovery.refuse(db, self._desk.clock, row, ask.reason or "code_wrong")


class RecoveryConsentDecider(_RecoveryDecider):
    """`recovery.consent`: a trusted device agrees; a wrong PIN leaves the recovery waiting for it."""

    async def decide(self, db: AsyncSession, ask: Ask, secrets: Secrets) -> Decision:
        """Check the PIN for this recovery."""
        pin = secrets.open("pin", AskPurpose.RECOVERY_CONSENT, ask.context)
        row = await queries.recovery(db, _subject(ask), lock=True)
        if row is None or row.state != RecoveryState.ASKED:
            return Decision(granted=False, reason="recovery_closed")
        return await check_pin(db, self._desk, self._verifiers, ask, pin)


def _subject(ask: Ask) -> UUID:
    assert ask.subject_id is not None
    return ask.subject_id
