"""The sign-in desk: asking for a code and exchanging it, each over several short transactions.

What an attempt costs must stay spent when the attempt fails, and no transaction is held open while a
message is being sent; so this opens its own transactions where other use cases run in the request's.
"""

import contextlib
import logging
from datetime import datetime

from talktalk.config import Settings
from talktalk.identity import rules, service
from talktalk.identity.errors import CodeSpent, CodeWrong, SmsNotSent
from talktalk.identity.guard import cookie_name
from talktalk.identity.ports import Newcomers, SmsRefused, SmsSender, SmsUnconfirmed
from talktalk.identity.quotas import Quotas
from talktalk.identity.schemas import WrongCode
from talktalk.identity.texts import code_message
from talktalk.platform.clock import Clock
from talktalk.platform.database import Database
from talktalk.platform.limits import Limiter
from talktalk.platform.problems import TooMany
from talktalk_wire.identity import Challenge, ChallengeAsk, SignedIn, SignInAsk

_log = logging.getLogger(__name__)


class SignInDesk:
    """What sign-in needs, handed in by the composition."""

    def __init__(
        self,
        *,
        settings: Settings,
        server_key: bytes,
        database: Database,
        clock: Clock,
        sms: SmsSender,
        quotas: Quotas,
        newcomers: Newcomers,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.cookie = cookie_name(secure=settings.cookie_secure)
        self._server_key = server_key
        self._database = database
        self._limiter = Limiter(database, clock)
        self._sms = sms
        self._quotas = quotas
        self._newcomers = newcomers

    async def send_code(self, ask: ChallengeAsk, address: str) -> Challenge:
        """Take from the quotas, make a challenge, send its code once."""
        phone = service.read_phone(ask.phone, ask.region or self.settings.default_region)
        async with self._database.transaction() as db:
            device_id = await service.known_device_id(db, phone, ask.device_token)
        resend_at = await self._limiter.take(self._quotas.send(phone, address, device_id))
        async with self._database.transaction() as db:
            prepared = await service.prepare_code(
                db,
                self.clock,
                server_key=self._server_key,
                phone=phone,
                device_id=device_id,
                network=rules.network_of(address),
            )
        try:
            await self._sms.send(phone, code_message(phone, prepared.code))
        except SmsRefused as refusal:
            _log.warning("sms.refused", extra={"reason": str(refusal)})
            async with self._database.transaction() as db:
                await service.void_code(db, self.clock, prepared.challenge_id)
            raise SmsNotSent(retry_after_s=self._seconds_until(resend_at)) from refusal
        except SmsUnconfirmed as doubt:
            # It may still arrive, so the challenge stands; a person without a message asks again.
            _log.warning("sms.unconfirmed", extra={"reason": str(doubt)})
        return Challenge(
            id=prepared.challenge_id,
            secret=prepared.secret,
            phone=phone,
            expires_at=prepared.expires_at,
            resend_at=max(resend_at, self.clock.now()),
            tries_left=rules.TRIES_MAX,
        )

    async def sign_in(self, ask: SignInAsk, address: str, replaced_token: str | None) -> SignedIn:
        """Exchange a code for a session, counting what is wrong."""
        async with self._database.transaction() as db:
            phone, device_id = await service.challenge_owner(db, ask.challenge_id, ask.secret)
        failures = self._quotas.failure(phone, address, device_id)
        await self._limiter.look(failures)
        async with self._database.transaction() as db:
            outcome = await service.sign_in(
                db,
                self.clock,
                ask,
                server_key=self._server_key,
                address=address,
                replaced_token=replaced_token,
                newcomers=self._newcomers,
            )
        if isinstance(outcome, WrongCode):
            with contextlib.suppress(TooMany):  # spent already by another guess: the next look refuses
                await self._limiter.take(failures)
            if outcome.tries_left == 0:
                raise CodeSpent
            raise CodeWrong(outcome.tries_left)
        return SignedIn(
            me=outcome.me,
            session=outcome.session,
            is_new_user=outcome.is_new_user,
            device_token=outcome.device_token,
            token=outcome.token,
        )

    def _seconds_until(self, moment: datetime) -> int:
        return max(1, round((moment - self.clock.now()).total_seconds()))
