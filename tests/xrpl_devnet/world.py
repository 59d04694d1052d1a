"""A ledger to try things on: transactions of unmodified xrpl-py, signed by it, submitted and closed one by one."""

from types import TracebackType
from typing import Any

from xrpl.models import Transaction
from xrpl.transaction import sign
from xrpl.wallet import Wallet

from xrpl_devnet import Devnet, ManualClock, RpcError

START_S = 800_000_000
FUNDS_DROPS = 1_000_000_000


class World:
    """A node closed by hand; every `do` is a ledger of its own."""

    def __init__(self, **options: Any) -> None:
        self.clock = ManualClock(START_S)
        self.net = Devnet(manual=True, clock=self.clock, **options)

    async def __aenter__(self) -> "World":
        await self.net.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.net.stop()

    async def people(self, count: int) -> list[Wallet]:
        """Funded wallets, Ed25519 and always the same."""
        wallets = [Wallet.from_entropy(bytes([number + 1] * 16).hex()) for number in range(count)]
        for wallet in wallets:
            await self.net.fund(wallet.address, drops=FUNDS_DROPS)
        await self.net.accept()
        return wallets

    async def signed(self, wallet: Wallet, tx: Transaction, **fields: Any) -> Transaction:
        """The transaction with its Sequence, a Fee that suffices and a signature."""
        full = {"sequence": await self.sequence(wallet.address), "fee": "1000000"} | tx.to_dict()
        full = {name: value for name, value in (full | fields).items() if value is not None}
        return sign(Transaction.from_dict(full), wallet)

    async def submit(self, tx: Transaction) -> str:
        """The preliminary result of a signed transaction."""
        answer = await self.net.request("submit", tx_blob=tx.blob())
        result: str = answer["engine_result"]
        return result

    async def do(self, wallet: Wallet, tx: Transaction, **fields: Any) -> str:
        """Sign, submit, close; the final result, or the preliminary one of what never got into a ledger."""
        signed = await self.signed(wallet, tx, **fields)
        preliminary = await self.submit(signed)
        await self.net.accept()
        meta = await self.meta(signed.get_hash())
        return preliminary if meta is None else str(meta["TransactionResult"])

    async def meta(self, transaction_hash: str) -> dict[str, Any] | None:
        """The metadata of a validated transaction; None where there is none."""
        try:
            answer = await self.net.request("tx", transaction=transaction_hash)
        except RpcError:
            return None
        found: dict[str, Any] | None = answer.get("meta") if answer.get("validated") else None
        return found

    async def last_meta(self) -> dict[str, Any]:
        """The metadata of the first transaction in the last closed ledger."""
        answer = await self.net.request("ledger", ledger_index="validated", transactions=True, expand=True)
        meta: dict[str, Any] = answer["ledger"]["transactions"][0]["meta"]
        return meta

    async def root(self, address: str) -> dict[str, Any]:
        """An account as it stands in the last validated ledger."""
        answer = await self.net.request("account_info", account=address, ledger_index="validated")
        root: dict[str, Any] = answer["account_data"]
        return root

    async def sequence(self, address: str) -> int:
        """The next Sequence of an account, in the open ledger."""
        answer = await self.net.request("account_info", account=address)
        return int(answer["account_data"]["Sequence"])

    async def owned(self, address: str, kind: str) -> list[dict[str, Any]]:
        """An account's entries of one type."""
        answer = await self.net.request(
            "account_objects", account=address, type=kind, ledger_index="validated"
        )
        found: list[dict[str, Any]] = answer["account_objects"]
        return found

    async def entry(self, **selector: Any) -> dict[str, Any]:
        """One entry of the last validated ledger."""
        answer = await self.net.request("ledger_entry", ledger_index="validated", **selector)
        node: dict[str, Any] = answer["node"]
        return node

    async def pass_time(self, seconds: int) -> None:
        """Close twice, so much later: transactions see the parent's close time."""
        later = self.net.node.closed.close_time + seconds
        await self.net.accept(later)
