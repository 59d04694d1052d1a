"""`./talktalk bench transfers [--quick]`: what a payment costs, from the request to the settled event.

Real web, worker, ledger node and PostgreSQL (durable) on this machine, ledgers closing every second, and
hundreds of friends who pay each other a drop. Measured in one run:

- *closed loop*: everybody pays again as soon as their last payment has settled: the most there is
- *open loop*: payments begin at a fixed rate whatever the answers; latencies are counted from the moment
  each was due, so that a stall is not hidden
- *signing*: what encoding, checking and signing one payment costs us, and what xrpl-py's own `sign` does

Answers: time of the two requests (make, approve); from the close of its ledger, as the node told it, to the
settled event on the payer's device; CPU seconds of each process for each payment; transactions of the
database for each payment. Afterwards every intent is compared with the ledger. The table goes to the
terminal, the numbers to `bench/results/transfers.json`.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

import uvloop
from nacl.signing import SigningKey
from rich.console import Console
from rich.table import Table
from xrpl.constants import CryptoAlgorithm
from xrpl.core.binarycodec import encode
from xrpl.models.transactions import Payment
from xrpl.transaction import sign
from xrpl.wallet import Wallet

from bench.lib.cores import cpu_s
from bench.lib.money import FUNDING_DROPS, MoneySite, Payer, money_site
from bench.lib.paying import Closes, Device, Paid
from talktalk.ledger import transactions
from talktalk.ledger.addresses import address_of

RATE: Final = 150.0
CLOSE_INTERVAL_S: Final = 1.0
END_S: Final = 60.0

Figures = dict[str, Any]


async def closed_loop(devices: Sequence[Device], seconds: float) -> list[Paid]:
    """Everybody pays without a pause for so long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    done: list[Paid] = []

    async def keep_paying(device: Device) -> None:
        while (now := loop.time()) < until:
            done.append(await device.pay(now))

    async with asyncio.timeout(seconds + END_S):
        await asyncio.gather(*(keep_paying(device) for device in devices))
    return done


async def open_loop(devices: Sequence[Device], rate: float, seconds: float) -> list[Paid]:
    """Begin payments at a rate; who still waits for the last one is passed over for the next idle one."""
    loop = asyncio.get_running_loop()
    idle: asyncio.Queue[Device] = asyncio.Queue()
    for device in devices:
        idle.put_nowait(device)
    began = loop.time()
    done: list[Paid] = []
    paying: set[asyncio.Task[None]] = set()

    async def pay(device: Device, due_at: float) -> None:
        done.append(await device.pay(due_at))
        idle.put_nowait(device)

    for number in range(int(rate * seconds)):
        due_at = began + number / rate
        if (pause_s := due_at - loop.time()) > 0:
            await asyncio.sleep(pause_s)
        task = asyncio.create_task(pay(await idle.get(), due_at))
        paying.add(task)
        task.add_done_callback(paying.discard)
    async with asyncio.timeout(END_S):
        await asyncio.gather(*paying)
    return done


class Meter:
    """CPU of each process and transactions of the database, over a while."""

    def __init__(self, site: MoneySite) -> None:
        self._site = site
        self._pids = {**site.pids, "load": os.getpid()}
        self._before: dict[str, float] = {}
        self._began = 0.0

    def begin(self) -> None:
        """Start counting."""
        self._before = self._now()
        self._began = time.perf_counter()

    def end(self, payments: int) -> Figures:
        """What each payment took since `begin`."""
        after, took_s = self._now(), time.perf_counter() - self._began
        spent = {name: after[name] - before for name, before in self._before.items()}
        cpu = {f"cpu_ms_{name}": round(spent[name] * 1000 / payments, 3) for name in self._pids}
        return {
            "payments": payments,
            "seconds": round(took_s, 1),
            "payments_per_s": round(payments / took_s, 1),
            **cpu,
            "cpu_ms_all": round(sum(cpu.values()), 3),
            "database_transactions": round(spent["commits"] / payments, 2),
        }

    def _now(self) -> dict[str, float]:
        commits = self._site.count(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        spent = {name: cpu_s([pid]) for name, pid in self._pids.items()}
        # The others are our children, which are counted with us.
        spent["load"] -= sum(spent[role] for role in self._site.pids)
        return spent | {"commits": float(commits)}


async def measure(site: MoneySite, payers: Sequence[Payer], options: argparse.Namespace) -> Figures:
    """Both loops, after a short one that warms everything up."""
    key = site.rows("SELECT id, public_key FROM worker_keys ORDER BY published_at DESC LIMIT 1")[0]
    devices = [Device(payer, site.port, (key[0], key[1])) for payer in payers]
    closes, meter = Closes(), Meter(site)
    await closes.open(site.ledger_ws)
    for device in devices:
        await device.open()
    figures: Figures = {}

    async def run(name: str, load: Callable[[], Coroutine[Any, Any, list[Paid]]]) -> None:
        await asyncio.to_thread(meter.begin)
        done = await load()
        figures[name] = await asyncio.to_thread(meter.end, len(done)) | latencies(done, closes)

    await run("first payment of each", lambda: closed_loop(devices, 0.1))
    await run("closed loop", lambda: closed_loop(devices, options.seconds))
    await run(f"open loop at {options.rate:g}/s", lambda: open_loop(devices, options.rate, options.seconds))
    for device in devices:
        device.close()
    closes.close()
    return figures


def latencies(done: Sequence[Paid], closes: Closes) -> Figures:
    """Percentiles, in milliseconds."""
    made = [paid.made_at - paid.due_at for paid in done]
    approved = [paid.approved_at - paid.approving_at for paid in done]
    shown = [
        paid.settled_at - closes.at[paid.ledger_index] for paid in done if paid.ledger_index in closes.at
    ]
    figures: Figures = {}
    for name, values in (("make", made), ("approve", approved), ("settled_after_close", shown)):
        for share in (0.5, 0.99):
            figures[f"{name}_ms_p{round(share * 100)}"] = percentile(values, share)
    return figures


def percentile(values: Sequence[float], share: float) -> float:
    """In milliseconds; 0 of nothing."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 1) if ordered else 0.0


def audit(site: MoneySite, payers: Sequence[Payer]) -> Figures:
    """Every intent against the ledger: each settled once, and each balance to the drop."""
    states = dict(site.rows("SELECT state, count(*) FROM transfers GROUP BY 1"))
    signed = site.count("SELECT count(*) FROM outgoing_transactions")
    numbers = site.count("SELECT count(DISTINCT (account, sequence)) FROM outgoing_transactions")
    moved: dict[str, int] = {payer.address: FUNDING_DROPS for payer in payers}
    for account, address, drops, fee_drops in site.rows(
        "SELECT account, address, amount_drops, fee_charged_drops FROM transfers WHERE state = 'settled'"
    ):
        moved[account] -= drops + fee_drops
        moved[address] += drops
    wrong = 0
    for address, drops in moved.items():
        info = site.rpc("account_info", account=address, ledger_index="validated")
        wrong += int(info["account_data"]["Balance"]) != drops
    return {
        "intents": sum(states.values()),
        "not_settled": sum(count for state, count in states.items() if state != "settled"),
        "signed_more_than_once": signed - numbers,
        "balances_wrong": wrong,
    }


def signing(rounds: int) -> Figures:
    """Drawing up, checking and signing a payment: ours, and xrpl-py's own `sign` and `encode`."""
    wallet = Wallet.create(algorithm=CryptoAlgorithm.ED25519)
    payee = Wallet.create(algorithm=CryptoAlgorithm.ED25519).address
    key = SigningKey.generate()
    public_key = "ED" + bytes(key.verify_key).hex().upper()
    account = address_of(bytes.fromhex(public_key))

    def ours(sequence: int) -> None:
        draft = transactions.payment(
            account=account,
            public_key=public_key,
            destination=payee,
            destination_tag=None,
            amount="1000000",
            sequence=sequence,
            fee_drops=10,
            first_ledger=100,
            last_ledger=220,
            network_id=None,
        )
        transactions.decode_blob(draft.blob)
        signature = key.sign(transactions.SIGNING_PREFIX + draft.blob).signature
        transactions.attach_signature(draft.blob, signature)

    def theirs(sequence: int) -> None:
        payment = Payment(
            account=wallet.address,
            destination=payee,
            amount="1000000",
            sequence=sequence,
            fee="10",
            last_ledger_sequence=220,
        )
        signed = sign(payment, wallet)
        encode(signed.to_xrpl())
        signed.get_hash()

    figures: Figures = {}
    for name, work, count in (("ours", ours, rounds), ("xrpl_py", theirs, max(5, rounds // 10))):
        began = time.process_time()
        for sequence in range(1, count + 1):
            work(sequence)
        figures[f"{name}_ms"] = round((time.process_time() - began) * 1000 / count, 4)
    figures["times"] = round(figures["xrpl_py_ms"] / figures["ours_ms"], 1)
    return figures


def show(figures: Figures) -> None:
    """Print the tables."""
    console = Console()
    for name, values in figures.items():
        if not isinstance(values, dict):
            continue
        table = Table(title=name)
        table.add_column("what")
        table.add_column("measured", justify="right")
        for what, value in values.items():
            table.add_row(what, str(value))
        console.print(table)


def main() -> None:
    """Measure, print the tables and write JSON."""
    parser = argparse.ArgumentParser(prog="bench transfers", description="What a payment costs.")
    parser.add_argument("--quick", action="store_true", help="fewer payers, shorter")
    parser.add_argument("--payers", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=RATE, help="payments begun a second, open loop")
    options = parser.parse_args()
    options.payers = options.payers or (100 if options.quick else 500)
    options.seconds = options.seconds or (10.0 if options.quick else 30.0)
    figures: Figures = {"cpus": os.cpu_count(), "load_before": os.getloadavg()[0], "payers": options.payers}
    figures["signing one payment"] = signing(200 if options.quick else 1000)
    with money_site(CLOSE_INTERVAL_S) as site:
        payers = site.payers(options.payers)
        figures |= uvloop.run(measure(site, payers, options))
        figures["compared with the ledger"] = audit(site, payers)
    figures["load_after"] = os.getloadavg()[0]
    show(figures)
    results = Path(__file__).resolve().parent / "results"
    results.mkdir(parents=True, exist_ok=True)
    (results / "transfers.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
