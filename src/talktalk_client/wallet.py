"""The wallet: `TalkTalk.wallet`.

What a person types (PIN, recovery code) is sealed to the worker on this side and for one purpose
(`sealing`); web carries it without being able to read it. The worker's key is fetched when first
needed and again when the server says it is old.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote
from uuid import UUID

import msgspec

from talktalk_client import pages, recovery_code
from talktalk_client.errors import ApiError, RecoveryRefused, WalletNotReady
from talktalk_client.policy import Backoff, Policy
from talktalk_client.rest import Http, Query
from talktalk_client.sealing import Sealer, sealer_for
from talktalk_wire.assets import Assets, ShownAsk, TokenTerms
from talktalk_wire.common import Page, Person
from talktalk_wire.transfers import TransferState
from talktalk_wire.wallet import (
    Activity,
    ConsentAsk,
    DeviceTrust,
    Direction,
    PinAsk,
    Recovery,
    RecoveryAsk,
    RecoveryCodeAsk,
    RecoveryMethod,
    RecoveryState,
    Wallet,
    WalletState,
    WorkerKey,
)

T = TypeVar("T")

_PIN = re.compile("[0-9]{6}")
_KEY_OLD = "worker_key_old"


class Identified(msgspec.Struct, frozen=True):
    """Who is signed in, and on which device: what seals are bound to."""

    user_id: UUID
    device_id: UUID


class Sealers:
    """The worker's key, fetched once and again when it was changed."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._sealer: Sealer | None = None

    async def use(self, work: Callable[[Sealer], Awaitable[T]]) -> T:
        """Do `work` with the present key; once more with the new one if the server calls it old."""
        sealer = self._sealer or await self._fetch()
        try:
            return await work(sealer)
        except ApiError as error:
            if error.code != _KEY_OLD:
                raise
        return await work(await self._fetch())

    async def _fetch(self) -> Sealer:
        self._sealer = sealer_for(await self._http.get("/api/v1/wallet/worker-key", WorkerKey))
        return self._sealer


class WalletDoor:
    """This person's wallet, as far as this device may see and use it."""

    def __init__(
        self, http: Http, sealers: Sealers, policy: Policy, identified: Callable[[], Identified]
    ) -> None:
        self._http = http
        self._sealers = sealers
        self._policy = policy
        self._identified = identified

    async def get(self) -> Wallet:
        """State, address, balances, reserve, and what this device may do."""
        return await self._http.get("/api/v1/wallet", Wallet)

    async def wait_ready(self, *, timeout_s: float = 60.0) -> Wallet:
        """Return once the account exists on the ledger.

        Raises:
            WalletNotReady: It does not after `timeout_s`, or no sponsor would fund it.
        """

        def is_ready(wallet: Wallet) -> bool:
            if wallet.state is WalletState.UNFUNDED:
                raise WalletNotReady("nobody would fund the account: send it the base reserve")
            return wallet.state is WalletState.READY

        try:
            return await self._wait(self.get, is_ready, timeout_s)
        except TimeoutError as error:
            raise WalletNotReady(f"the wallet was not ready within {timeout_s:g} s") from error

    async def wait_spendable(self, *, timeout_s: float = 60.0) -> Wallet:
        """Return once this device may spend.

        Raises:
            TimeoutError: It may not after `timeout_s`.
        """
        return await self._wait(self.get, lambda wallet: wallet.trust is DeviceTrust.TRUSTED, timeout_s)

    async def assets(self) -> Assets:
        """Tokens held, hidden ones included, and the verified ones that could be."""
        return await self._http.get("/api/v1/assets", Assets)

    async def token(self, asset: str) -> TokenTerms:
        """One token with its issuer's terms, as the ledger holds them now.

        Raises:
            ApiError: `asset_malformed`, `asset_unknown`, `ledger_unavailable`.
        """
        return await self._http.get(f"/api/v1/assets/{quote(asset, safe='')}", TokenTerms)

    async def show_token(self, asset: str, *, shown: bool = True) -> Assets:
        """Put a token that is held among the balances, or take it out.

        Raises:
            ApiError: `token_not_held`.
        """
        path = f"/api/v1/assets/{quote(asset, safe='')}/shown"
        return await self._http.put(path, ShownAsk(shown=shown), Assets)

    def activity(
        self,
        *,
        direction: Direction | None = None,
        state: TransferState | None = None,
        asset: str | None = None,
        person: Person | UUID | None = None,
        search: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> AsyncIterator[Activity]:
        """What moved, newest first, fetched as it is read; what is not named is not filtered by.

        Args:
            direction: In or out.
            state: Of the movement; income is always settled.
            asset: As in `Amount.asset`.
            person: The other side.
            search: Found in notes, names, addresses, hashes and amounts.
            since: Inclusive, with a time zone.
            until: Exclusive, with a time zone.
        """
        query: Query = {
            "direction": direction,
            "state": state,
            "asset": asset,
            "person": str(person.id if isinstance(person, Person) else person) if person else None,
            "q": search,
            "since": since.isoformat() if since else None,
            "until": until.isoformat() if until else None,
        }
        return pages.items(self._http, "/api/v1/wallet/activity", Page[Activity], query)

    async def set_pin(self, pin: str, *, old_pin: str | None = None) -> None:
        """Set the payment PIN; `old_pin` is needed where there is one.

        Raises:
            ValueError: Not six digits.
            ApiError: `pin_wrong`, `pin_locked`, `pin_needed`, `device_not_trusted`, `worker_silent`.
        """
        _check_pin(pin)
        context = self._identified().user_id.bytes

        async def ask(sealer: Sealer) -> None:
            sealed_old = None if old_pin is None else sealer.seal(old_pin, purpose="pin.set", context=context)
            sealed = sealer.seal(pin, purpose="pin.set", context=context)
            body = PinAsk(worker_key_id=sealer.key_id, sealed_pin=sealed, sealed_old_pin=sealed_old)
            await self._http.send("PUT", "/api/v1/wallet/pin", body=body, repeatable=False)

        await self._sealers.use(ask)

    async def new_recovery_code(self, *, pin: str, code: str | None = None) -> str:
        """Make a recovery code, which voids the former one; show it once and keep it nowhere.

        Args:
            pin: The payment PIN.
            code: One made elsewhere by `recovery_code.make`; None makes it here.

        Returns:
            26 characters in five groups.
        """
        shown = recovery_code.make() if code is None else recovery_code.show(recovery_code.read(code))
        context = self._identified().user_id.bytes

        async def ask(sealer: Sealer) -> None:
            code = recovery_code.read(shown)
            body = RecoveryCodeAsk(
                worker_key_id=sealer.key_id,
                sealed_code=sealer.seal(code, purpose="recovery.set", context=context),
                sealed_pin=sealer.seal(pin, purpose="recovery.pin", context=context),
            )
            await self._http.send("POST", "/api/v1/wallet/recovery-code", body=body, repeatable=False)

        await self._sealers.use(ask)
        return shown

    async def recover(self, code: str, *, new_pin: str | None = None, timeout_s: float = 30.0) -> Recovery:
        """Bring the wallet to this device with the recovery code.

        Args:
            code: As typed; case, spaces and dashes do not matter.
            new_pin: A new payment PIN, where the old one is forgotten.
            timeout_s: How long the worker may look at the code.

        Returns:
            `waiting` with `spend_after`, or `done`.

        Raises:
            ValueError: No recovery code looks like this, or the PIN is not six digits.
            RecoveryRefused: The code is wrong.
            TimeoutError: The worker has not answered.
        """
        typed = recovery_code.read(code)
        if new_pin is not None:
            _check_pin(new_pin)
        who = self._identified()

        async def ask(sealer: Sealer) -> Recovery:
            body = RecoveryAsk(
                method=RecoveryMethod.CODE,
                worker_key_id=sealer.key_id,
                sealed_code=sealer.seal(
                    typed, purpose="recovery.use", context=who.user_id.bytes + who.device_id.bytes
                ),
                sealed_new_pin=(
                    None
                    if new_pin is None
                    else sealer.seal(new_pin, purpose="pin.set", context=who.user_id.bytes)
                ),
            )
            return await self._http.post("/api/v1/wallet/recoveries", body, Recovery)

        recovery = await self._sealers.use(ask)
        if recovery.state is RecoveryState.CHECKING:
            recovery = await self._wait(
                lambda: self._recovery(recovery.id),
                lambda found: found.state is not RecoveryState.CHECKING,
                timeout_s,
            )
        if recovery.state is RecoveryState.REFUSED:
            raise RecoveryRefused(recovery)
        return recovery

    async def ask_consent(self) -> Recovery:
        """Ask this person's trusted devices to let this one have the wallet."""
        body = RecoveryAsk(method=RecoveryMethod.CONSENT)
        return await self._http.post("/api/v1/wallet/recoveries", body, Recovery)

    async def recoveries(self) -> Sequence[Recovery]:
        """Tries to bring the wallet to a new device."""
        return await self._http.get("/api/v1/wallet/recoveries", list[Recovery])

    async def consent(self, recovery: Recovery | UUID, *, pin: str) -> Recovery:
        """Let another device have the wallet, from a trusted one."""
        recovery_id = recovery if isinstance(recovery, UUID) else recovery.id
        context = self._identified().user_id.bytes + recovery_id.bytes

        async def ask(sealer: Sealer) -> Recovery:
            sealed = sealer.seal(pin, purpose="recovery.consent", context=context)
            body = ConsentAsk(worker_key_id=sealer.key_id, sealed_pin=sealed)
            return await self._http.post(f"/api/v1/wallet/recoveries/{recovery_id}/consent", body, Recovery)

        return await self._sealers.use(ask)

    async def veto(self, recovery: Recovery | UUID) -> Recovery:
        """Refuse a recovery, from a trusted device."""
        recovery_id = recovery if isinstance(recovery, UUID) else recovery.id
        return await self._http.post(f"/api/v1/wallet/recoveries/{recovery_id}/veto", None, Recovery)

    async def _recovery(self, recovery_id: UUID) -> Recovery:
        return next(each for each in await self.recoveries() if each.id == recovery_id)

    async def _wait(
        self, look: Callable[[], Awaitable[T]], is_done: Callable[[T], bool], timeout_s: float
    ) -> T:
        backoff = Backoff(self._policy.poll_first_s, self._policy.poll_last_s)
        async with asyncio.timeout(timeout_s):
            while True:
                found = await look()
                if is_done(found):
                    return found
                await asyncio.sleep(backoff.pause_s())


def _check_pin(pin: str) -> None:
    if _PIN.fullmatch(pin) is None:
        raise ValueError("a PIN is six digits")
