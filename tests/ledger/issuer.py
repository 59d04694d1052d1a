"""An issuer of tokens on the embedded ledger, for tests: opens lines to people and pays them.

People's own signatures come from their wallets; an outsider signs here, by hand.
"""

from typing import Any

from nacl.signing import SigningKey
from sqlalchemy import select
from xrpl.core.addresscodec import decode_classic_address

from talktalk.custody.envelope import KeyEncryptionKey
from talktalk.custody.key_files import read_key
from talktalk.custody.sealed import SealedCustody
from talktalk.custody.tables import SealedKeyRow
from talktalk.ledger.amounts import Issued, Mpt
from talktalk.platform.clock import SystemClock
from tests.transfers.world import Outsider, Person, World

DEFAULT_RIPPLE = 8
NO_RIPPLE = 0x00020000


async def submit_as(world: World, person: Person, **fields: object) -> str:
    """Sign with a person's own key, as only the worker can, and wait for a validated ledger; the result."""
    assert world.settings.kek_file is not None
    custody = SealedCustody(KeyEncryptionKey(read_key(world.settings.kek_file)), SystemClock())
    async with world.rows() as db:
        found = await db.execute(select(SealedKeyRow).where(SealedKeyRow.address == person.address))
        key = custody._open(found.scalar_one())
    account = Outsider(world)
    account.key = SigningKey(key)
    account.public_key = "ED" + bytes(account.key.verify_key).hex().upper()
    account.address = person.address
    return await account.submit(fields)


class Issuer:
    """An outsider that issues a currency and may issue MPTs."""

    def __init__(self, account: Outsider, code: str) -> None:
        self.account = account
        self.code = code
        self.asset = Issued(code, account.address)

    @classmethod
    async def on(cls, world: World, code: str = "USD", **settings: object) -> "Issuer":
        """A funded issuer with DefaultRipple on, and further AccountSet fields."""
        account = await world.outsider(drops=500_000_000)
        for fields in ({"SetFlag": DEFAULT_RIPPLE}, settings):
            if fields:
                result = await account.submit({"TransactionType": "AccountSet", **fields})
                assert result == "tesSUCCESS", result
        return cls(account, code)

    def amount(self, value: str, code: str | None = None) -> dict[str, str]:
        """The ledger's JSON of so much."""
        return {"currency": code or self.code, "issuer": self.account.address, "value": value}

    async def trusted_by(self, holder: Outsider, limit: str = "1000000") -> None:
        """Let an outsider hold it."""
        fields = {"TransactionType": "TrustSet", "LimitAmount": self.amount(limit), "Flags": NO_RIPPLE}
        assert await holder.submit(fields) == "tesSUCCESS"

    async def pay(self, address: str, value: str) -> str:
        """Issue so much; the result."""
        return await self.account.submit(
            {"TransactionType": "Payment", "Destination": address, "Amount": self.amount(value)}
        )

    async def line(self, address: str, flags: int, value: str = "0") -> str:
        """Set the issuer's side of the line to `address` (freeze, authorise, open one unasked)."""
        limit = {"currency": self.code, "issuer": address, "value": value}
        return await self.account.submit(
            {"TransactionType": "TrustSet", "LimitAmount": limit, "Flags": flags}
        )

    async def mpt(self, **fields: Any) -> Mpt:
        """Issue an MPT."""
        sequence = await self.account.sequence()
        result = await self.account.submit({"TransactionType": "MPTokenIssuanceCreate", **fields})
        assert result == "tesSUCCESS", result
        return Mpt((sequence.to_bytes(4) + decode_classic_address(self.account.address)).hex().upper())
