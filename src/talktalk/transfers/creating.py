"""Making an intent: looked at from all sides, then stored under its key, once.

Each step opens its own transaction: none is held while the network is asked about an address.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity.schemas import Caller
from talktalk.platform.database import Database
from talktalk.platform.once import Made, make_once
from talktalk.transfers.service import Examined, TransferDesk
from talktalk_wire.transfers import Transfer, TransferAsk


async def examine_all(database: Database, desk: TransferDesk, sender_id: UUID, ask: TransferAsk) -> Examined:
    """Everything that would stop a payment or warn of it.

    Raises:
        Trouble: What stops it (`problems.STOPPERS`, `preflight.WOULD_FAIL`).
    """
    wanted = desk.want(ask)
    async with database.transaction() as db:
        wallet = await desk.wallets.ready_wallet(db, sender_id)
        payee_address = await desk.payee_address(db, wanted)
    looked = await desk.look_at(wanted, wallet.address)
    tokens = await desk.look_at_tokens(wanted, wallet.address, payee_address)
    async with database.transaction() as db:
        examined = await desk.examine(db, sender_id, wanted, looked, tokens)
    await desk.preflight(examined)
    return examined


async def create_once(
    database: Database, desk: TransferDesk, caller: Caller, key: str, ask: TransferAsk
) -> Made[Transfer]:
    """The transfer this key made, or a new one with its draft.

    Raises:
        Trouble: What stops it, or the key was used for another ask.
    """
    examined: Examined | None = None

    async def known(db: AsyncSession) -> Transfer | None:
        nonlocal examined
        found = await desk.known(db, caller.user_id, key, ask)
        if found is None and (wanted := desk.want(ask)).is_known_here:
            # Most payments ask nothing of the network: one transaction less for each of them.
            examined = await desk.examine(db, caller.user_id, wanted, None)
        return found

    async def make() -> Transfer | None:
        seen = examined
        if seen is None:
            seen = await examine_all(database, desk, caller.user_id, ask)
        else:
            await desk.preflight(seen)
        async with database.transaction() as db:
            return await desk.create(db, caller, key, ask, seen)

    return await make_once(database, known, make)
