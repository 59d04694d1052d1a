"""HTTP routes of the wallet, thin.

What only the worker can decide opens its own transactions: the ask must be committed before the
worker can see it, and no transaction is held while waiting for the answer.
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, Request, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import Parameter, QueryParameter
from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody import asks
from talktalk.custody import service as custody
from talktalk.custody.errors import (
    DeviceNotTrusted,
    PinLocked,
    PinMalformed,
    PinNeeded,
    PinWrong,
    RecoveryCodeMalformed,
    SealedUnreadable,
    WorkerKeyOld,
    WorkerSilent,
)
from talktalk.custody.schemas import AskPurpose
from talktalk.identity.schemas import Caller
from talktalk.ledger import errors as ledger_errors
from talktalk.ledger.errors import BadAsset, LedgerUnavailable
from talktalk.ledger.payment_links import TAG_MAX
from talktalk.ledger.service import Ledger
from talktalk.platform.database import Database
from talktalk.platform.problems import NotFound
from talktalk.platform.web.origin import peer_address
from talktalk.wallet import activities, assets, recovery
from talktalk.wallet.errors import (
    AssetUnknown,
    CursorMalformed,
    DeviceAlreadyTrusted,
    NoRecoveryCode,
    NoTrustedDevice,
    RecoveryClosed,
    RecoveryNotFound,
    SealedMissing,
    TokenNotHeld,
    WalletNotReady,
)
from talktalk.wallet.pages import read_cursor, write_cursor
from talktalk.wallet.schemas import ActivityFilter
from talktalk.wallet.service import WalletDesk
from talktalk_wire.assets import Assets, ShownAsk, TokenTerms
from talktalk_wire.common import Page
from talktalk_wire.identity import Scope
from talktalk_wire.transfers import AMOUNT_LENGTH_MAX, MEMO_LENGTH_MAX, TransferState
from talktalk_wire.wallet import (
    Activity,
    ConsentAsk,
    Direction,
    PaymentLink,
    PinAsk,
    Recovery,
    RecoveryAsk,
    RecoveryCodeAsk,
    Wallet,
    WorkerKey,
)

ASSET_LENGTH_MAX = 100

Asked = Request[Caller, str, State]
Desk = NamedDependency[WalletDesk]
Rows = NamedDependency[Database]
LINK_PROBLEMS = (
    ledger_errors.BadAmount,
    ledger_errors.NegativeAmount,
    ledger_errors.AmountNotANumber,
    ledger_errors.AmountWithExponent,
    ledger_errors.AmountTooPrecise,
    ledger_errors.AmountTooLarge,
    ledger_errors.ZeroAmount,
    ledger_errors.BadMemo,
    ledger_errors.MemoTooLong,
)
PIN_PROBLEMS = (
    DeviceNotTrusted,
    PinLocked,
    PinNeeded,
    PinWrong,
    SealedUnreadable,
    WorkerKeyOld,
    WorkerSilent,
)


class WalletPages(Controller):
    """The wallet of the caller."""

    path = "/api/v1/wallet"
    tags = ("Wallet",)

    @get(opt={"scope": Scope.READ, "problems": (WalletNotReady,)})
    async def look(self, request: Asked, db: AsyncSession, wallet_desk: Desk) -> Wallet:
        """My wallet, as this device may see and use it; an access token only sees."""
        if request.user.is_program:
            return await wallet_desk.look_without_device(db, request.user.user_id)
        return await wallet_desk.look(db, request.user, address=peer_address(request))

    @get("/activity", opt={"problems": (CursorMalformed,), "scope": Scope.READ})
    async def activity(
        self,
        request: Asked,
        db: AsyncSession,
        cursor: Annotated[str | None, Parameter(max_length=64)] = None,
        limit: Annotated[int, Parameter(ge=1, le=activities.PAGE_MAX)] = 50,
        direction: Direction | None = None,
        outcome: Annotated[TransferState | None, QueryParameter(name="state")] = None,
        asset: Annotated[str | None, Parameter(max_length=100)] = None,
        person: UUID | None = None,
        q: Annotated[str | None, Parameter(max_length=activities.SEARCH_LENGTH_MAX)] = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Page[Activity]:
        """What moved, newest first. `q` looks in notes, names, addresses, hashes and amounts."""
        wanted = _wanted(direction, outcome, asset, person, q, since, until)
        items, following = await activities.page(
            db, request.user.user_id, wanted, before=read_cursor(cursor), limit=limit
        )
        return Page(items=items, next=write_cursor(following))

    @get("/activity/{activity_id:uuid}", opt={"problems": (NotFound,), "scope": Scope.READ})
    async def one_activity(self, activity_id: UUID, request: Asked, db: AsyncSession) -> Activity:
        """One movement of mine."""
        return await activities.one(db, request.user.user_id, activity_id)

    @get("/activity.csv", media_type="text/csv", opt={"scope": Scope.READ})
    async def activity_table(
        self,
        request: Asked,
        database: Rows,
        direction: Direction | None = None,
        outcome: Annotated[TransferState | None, QueryParameter(name="state")] = None,
        asset: Annotated[str | None, Parameter(max_length=100)] = None,
        person: UUID | None = None,
        q: Annotated[str | None, Parameter(max_length=activities.SEARCH_LENGTH_MAX)] = None,
        since: datetime | None = None,
        until: datetime | None = None,
        excel: bool = False,
    ) -> Stream:
        """What moved, newest first, as CSV (RFC 4180) with the filters of the list.

        `excel=true` begins with a byte order mark, which some spreadsheets need to read UTF-8.
        """
        wanted = _wanted(direction, outcome, asset, person, q, since, until)
        return Stream(
            await activities.table(database, request.user.user_id, wanted, excel=excel),
            media_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": 'attachment; filename="talktalk-activity.csv"',
                "Cache-Control": "no-store",
            },
        )

    @get("/payment-link", opt={"problems": (WalletNotReady, *LINK_PROBLEMS)})
    async def payment_link(
        self,
        request: Asked,
        db: AsyncSession,
        wallet_desk: Desk,
        amount: Annotated[str | None, Parameter(max_length=AMOUNT_LENGTH_MAX)] = None,
        destination_tag: Annotated[int | None, Parameter(ge=0, le=TAG_MAX)] = None,
        memo: Annotated[str, Parameter(max_length=MEMO_LENGTH_MAX)] = "",
    ) -> PaymentLink:
        """How others pay me: as a link for QR codes, and as an X-address. XRP; an amount is a proposal."""
        return await wallet_desk.payment_link(
            db, request.user.user_id, amount=amount, tag=destination_tag, memo=memo
        )

    @get("/worker-key", opt={"problems": (WorkerSilent,)})
    async def worker_key(self, db: AsyncSession) -> WorkerKey:
        """The key to seal PINs and codes to."""
        key_id, public_key = await custody.worker_key(db)
        return WorkerKey(id=key_id, public_key=public_key)

    @put("/pin", opt={"problems": (*PIN_PROBLEMS, PinMalformed), "idempotency": "none"})
    async def set_pin(self, data: PinAsk, request: Asked, database: Rows, wallet_desk: Desk) -> Wallet:
        """Set the payment PIN, or change it with the old one."""
        sealed = {"pin": data.sealed_pin}
        if data.sealed_old_pin is not None:
            sealed["old_pin"] = data.sealed_old_pin
        await _decided(request, database, wallet_desk, AskPurpose.PIN_SET, data.worker_key_id, sealed)
        async with database.transaction() as db:
            return await wallet_desk.look(db, request.user, address=peer_address(request))

    @post(
        "/recovery-code",
        status_code=200,
        opt={"problems": (*PIN_PROBLEMS, RecoveryCodeMalformed), "idempotency": "none"},
    )
    async def set_recovery_code(
        self, data: RecoveryCodeAsk, request: Asked, database: Rows, wallet_desk: Desk
    ) -> Wallet:
        """Set the recovery code; it voids the old one."""
        sealed = {"code": data.sealed_code, "pin": data.sealed_pin}
        await _decided(request, database, wallet_desk, AskPurpose.RECOVERY_SET, data.worker_key_id, sealed)
        async with database.transaction() as db:
            return await wallet_desk.look(db, request.user, address=peer_address(request))

    @get("/recoveries")
    async def recoveries(self, request: Asked, db: AsyncSession) -> list[Recovery]:
        """Tries to bring my wallet to a new device, newest first."""
        return await recovery.read_all(db, request.user.user_id)

    @post(
        "/recoveries",
        opt={
            "problems": (
                DeviceAlreadyTrusted,
                NoRecoveryCode,
                NoTrustedDevice,
                SealedMissing,
                SealedUnreadable,
                WorkerKeyOld,
                WorkerSilent,
                PinMalformed,
            ),
            "idempotency": "none",
        },
    )
    async def recover(self, data: RecoveryAsk, request: Asked, database: Rows, wallet_desk: Desk) -> Recovery:
        """Begin to bring the wallet to this device. A wrong code is told by the recovery's state."""
        async with database.transaction() as db:
            recovery_id, ask_id = await recovery.start(db, wallet_desk.clock, request.user, data)
        if ask_id is not None:
            await custody.answer_or_leave(database, ask_id)
        async with database.transaction() as db:
            return await recovery.read(db, request.user.user_id, recovery_id)

    @post(
        "/recoveries/{recovery_id:uuid}/consent",
        status_code=200,
        opt={"problems": (*PIN_PROBLEMS, RecoveryNotFound, RecoveryClosed), "idempotency": "none"},
    )
    async def consent(
        self, recovery_id: UUID, data: ConsentAsk, request: Asked, database: Rows, wallet_desk: Desk
    ) -> Recovery:
        """Let another device of mine have the wallet; from a trusted device, with the PIN."""
        async with database.transaction() as db:
            ask_id = await recovery.ask_consent(db, wallet_desk, request.user, recovery_id, data)
        ask = await custody.answer(database, ask_id)
        custody.raise_if_refused(ask, wallet_desk.clock.now(), RecoveryClosed)
        async with database.transaction() as db:
            return await recovery.read(db, request.user.user_id, recovery_id)

    @post(
        "/recoveries/{recovery_id:uuid}/veto",
        status_code=200,
        opt={"problems": (DeviceNotTrusted, RecoveryNotFound, RecoveryClosed)},
    )
    async def veto(self, recovery_id: UUID, request: Asked, db: AsyncSession, wallet_desk: Desk) -> Recovery:
        """Forbid it; from a trusted device."""
        return await recovery.veto(db, wallet_desk, request.user, recovery_id)


def _wanted(
    direction: Direction | None,
    outcome: TransferState | None,
    asset: str | None,
    person: UUID | None,
    text: str | None,
    since: datetime | None,
    until: datetime | None,
) -> ActivityFilter:
    return ActivityFilter(
        incoming=None if direction is None else direction is Direction.IN,
        state=outcome,
        asset=None if asset is None else asset.replace("\0", ""),
        person_id=person,
        text=None if text is None else text.strip().replace("\0", ""),
        since=_in_utc(since),
        until=_in_utc(until),
    )


def _in_utc(at: datetime | None) -> datetime | None:
    """A time without a zone is UTC's."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


class AssetPages(Controller):
    """Tokens of the caller."""

    path = "/api/v1/assets"
    tags = ("Assets",)

    @get(opt={"scope": Scope.READ})
    async def assets(self, request: Asked, db: AsyncSession, wallet_desk: Desk) -> Assets:
        """What I hold, and what somebody vouches for that I could hold."""
        return await assets.read_all(db, wallet_desk, request.user.user_id)

    @get("/{asset:str}", opt={"problems": (BadAsset, AssetUnknown, LedgerUnavailable), "scope": Scope.READ})
    async def asset(
        self,
        asset: Annotated[str, Parameter(max_length=ASSET_LENGTH_MAX)],
        request: Asked,
        database: Rows,
        wallet_desk: Desk,
        ledger: NamedDependency[Ledger],
    ) -> TokenTerms:
        """One token, with what its issuer has decided, as the ledger holds it now."""
        parsed, terms = await assets.look_up(ledger, asset)
        async with database.transaction() as db:
            return await assets.describe(db, wallet_desk, request.user.user_id, parsed, terms)

    @put("/{asset:str}/shown", opt={"problems": (TokenNotHeld,)})
    async def show(
        self,
        asset: Annotated[str, Parameter(max_length=ASSET_LENGTH_MAX)],
        data: ShownAsk,
        request: Asked,
        db: AsyncSession,
        wallet_desk: Desk,
    ) -> Assets:
        """Put a token I hold among my balances, or take it out."""
        return await assets.show(db, wallet_desk, request.user.user_id, asset, shown=data.shown)


async def _decided(
    request: Asked,
    database: Database,
    desk: WalletDesk,
    purpose: AskPurpose,
    worker_key_id: str,
    sealed: dict[str, str],
) -> None:
    """Ask the worker and wait for a grant; a refusal is raised."""
    caller = request.user
    async with database.transaction() as db:
        await desk.access_as_trusted(db, caller.user_id, caller.device_id)
        ask_id = await asks.write(
            db,
            purpose=purpose,
            user_id=caller.user_id,
            device_id=caller.device_id,
            session_id=caller.session_id,
            subject_id=None,
            context=caller.user_id.bytes,
            worker_key_id=worker_key_id,
            sealed=sealed,
            now=desk.clock.now(),
        )
    custody.raise_if_refused(await custody.answer(database, ask_id), desk.clock.now())


routes = [WalletPages, AssetPages]
