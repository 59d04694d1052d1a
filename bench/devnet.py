"""`./talktalk bench devnet [--quick]`: what a payment costs the embedded ledger, small and grown.

One node, pinned to one core, signatures verified; one client on another core. Payments are signed beforehand, submitted
over one WebSocket in a pipeline, and counted when the ledger stream has validated them.

- *fresh*: a new ledger
- *grown*: a ledger of 100,000 accounts with 500,000 transactions of history (the fill is not counted)
- *pages*: `account_tx` and `account_lines` of an account with much history against one with little
- *signatures*: the same signatures verified by libsecp256k1 and libsodium, and by xrpl-py in pure Python

The table goes to the terminal, the numbers to `bench/results/devnet.json`.
"""

import argparse
import asyncio
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import ClientConnection, connect
from xrpl.core.keypairs import is_valid_message

from bench.lib.cores import cores, cpu_s, memory_kb, pinned
from xrpl_codec.base58 import encode_account
from xrpl_codec.binary import encode
from xrpl_codec.hashing import SINGLE_SIGN
from xrpl_codec.keys import KeyPair, derive, genesis_key, verify
from xrpl_devnet.node import Node
from xrpl_devnet.settings import Settings
from xrpl_devnet.tx.transaction import Transaction

PAYERS: Final = 200
PIPELINE: Final = 256
CLOSE_INTERVAL_S: Final = 1.0
DROPS: Final = 1_000
FUNDED_DROPS: Final = 1_000_000_000
FILL_PER_LEDGER: Final = 1_000

Figures = dict[str, Any]


def person(number: int) -> KeyPair:
    """One of a row of key pairs: secp256k1 and Ed25519 by turns, as on a real network both are met."""
    return derive(number.to_bytes(16, "big"), "ed25519" if number % 2 else "secp256k1")


def signed(payer: KeyPair, to: bytes, drops: int, sequence: int) -> bytes:
    """A signed payment."""
    fields: dict[str, Any] = {
        "TransactionType": "Payment",
        "Account": payer.account,
        "Destination": to,
        "Amount": drops,
        "Fee": 10,
        "Sequence": sequence,
        "SigningPubKey": payer.public,
    }
    fields["TxnSignature"] = payer.sign(SINGLE_SIGN + encode(fields, signing=True))
    return encode(fields)


# --- filling ---


def unsigned(payer: KeyPair, to: bytes, drops: int, sequence: int, node: Node) -> Transaction:
    """A payment that this node believes to be checked already: filling measures nothing."""
    tx = Transaction.from_fields(
        {
            "TransactionType": "Payment",
            "Account": payer.account,
            "Destination": to,
            "Amount": drops,
            "Fee": 10,
            "Sequence": sequence,
            "SigningPubKey": payer.public,
            "TxnSignature": b"",
        }
    )
    tx.checked = node.settings.rules
    return tx


def fill(folder: Path, accounts: int, transactions: int, report: Callable[[str], None]) -> None:
    """Write a ledger with the payers, so many accounts and so many transactions."""
    node = Node(Settings(data=folder))
    genesis = genesis_key()
    sequence = 1
    targets = [person(number).account for number in range(1, PAYERS + 1)]
    targets += [number.to_bytes(20, "big") for number in range(1_000_000, 1_000_000 + accounts)]
    made = 0

    def submit(tx: Transaction) -> None:
        nonlocal made
        result = node.submit(tx).result
        if result != "tesSUCCESS":
            raise RuntimeError(result)
        made += 1
        if made % FILL_PER_LEDGER == 0:
            node.close()

    for number, target in enumerate(targets):
        submit(unsigned(genesis, target, FUNDED_DROPS, sequence, node))
        sequence += 1
        if number % 20_000 == 0:
            report(f"{number:,} accounts")
    while made < transactions:
        # One busy account in a hundred, so that pages of long and short histories can be compared.
        index = PAYERS if made % 100 == 0 else PAYERS + made % max(accounts, 1)
        submit(unsigned(genesis, targets[min(index, len(targets) - 1)], DROPS, sequence, node))
        sequence += 1
        if made % 50_000 == 0:
            report(f"{made:,} transactions")
    node.close()
    node.close()
    node.shut_down()


# --- the node ---


@contextmanager
def running(folder: Path | None) -> Iterator[tuple[int, str]]:
    """A node on the server's core: its process id and WebSocket address."""
    scratch = Path(tempfile.mkdtemp(prefix="talktalk-bench-"))
    ready = scratch / "ready"
    where = ["--memory"] if folder is None else ["--data", str(folder)]
    command = [sys.executable, "-m", "xrpl_devnet", "--rpc-port", "0", "--ws-port", "0", "--faucet-port", "0"]
    command += ["--close-interval", str(CLOSE_INTERVAL_S), "--ready-file", str(ready), *where]
    with pinned(cores()[0]):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not ready.exists():
            if process.poll() is not None:
                raise RuntimeError("the node did not start")
            time.sleep(0.05)
        yield process.pid, json.loads(ready.read_text())["ws_url"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(scratch, ignore_errors=True)


async def call(socket: ClientConnection, command: str, **params: Any) -> Any:
    """One request and its result."""
    await socket.send(json.dumps({"command": command, **params}))
    while True:
        answer = json.loads(await socket.recv())
        if answer.get("type") == "response":
            return answer["result"]


async def fund_payers(socket: ClientConnection) -> None:
    """Give the payers their XRP, where the ledger has none of them."""
    genesis = genesis_key()
    root = await call(socket, "account_info", account=genesis.address, ledger_index="current")
    sequence = root["account_data"]["Sequence"]
    if sequence > 1:
        return
    for number in range(1, PAYERS + 1):
        blob = signed(genesis, person(number).account, FUNDED_DROPS, sequence)
        await call(socket, "submit", tx_blob=blob.hex())
        sequence += 1


async def pay(pid: int, url: str, count: int) -> Figures:
    """Submit `count` signed payments and wait until the last is validated."""
    async with connect(url, max_size=None, compression=None) as socket:
        await fund_payers(socket)
        await asyncio.sleep(2 * CLOSE_INTERVAL_S)
        first: list[int] = []
        for number in range(1, PAYERS + 1):
            info = await call(socket, "account_info", account=person(number).address)
            first.append(info["account_data"]["Sequence"])
        messages: list[str] = []
        for number in range(count):
            index = number % PAYERS
            payer, to = person(index + 1), person((index + 1) % PAYERS + 1)
            blob = signed(payer, to.account, DROPS, first[index] + number // PAYERS)
            messages.append(json.dumps({"command": "submit", "tx_blob": blob.hex().upper()}))
        await call(socket, "subscribe", streams=["ledger"])
        cpu_before, began = cpu_s([pid]), time.perf_counter()
        sent = answered = validated = 0
        refused = 0
        while answered < count or validated < count:
            while sent < count and sent - answered < PIPELINE:
                await socket.send(messages[sent])
                sent += 1
            answer = json.loads(await socket.recv())
            if answer.get("type") == "response":
                answered += 1
                refused += answer["result"]["engine_result"] != "tesSUCCESS"
            elif answer.get("type") == "ledgerClosed":
                validated += answer["txn_count"]
        wall = time.perf_counter() - began
        cpu = cpu_s([pid]) - cpu_before
        return {
            "payments": count,
            "refused": refused,
            "wall_s": wall,
            "cpu_s": cpu,
            "payments_per_cpu_s": count / cpu,
            "payments_per_s": count / wall,
            "node_mb": memory_kb(pid) / 1024,
        }


async def pages(url: str) -> Figures:
    """Milliseconds for a page of the newest 20 transactions: much history against little."""
    busy = (1_000_000).to_bytes(20, "big")
    quiet = (1_000_001).to_bytes(20, "big")
    out: Figures = {}
    async with connect(url, max_size=None, compression=None) as socket:
        for name, account in (("busy", busy), ("quiet", quiet)):
            taken: list[float] = []
            for _ in range(30):
                began = time.perf_counter()
                await call(socket, "account_tx", account=encode_account(account), limit=20)
                taken.append((time.perf_counter() - began) * 1_000)
            out[f"account_tx_{name}_ms"] = statistics.median(taken)
    return out


def signatures(count: int) -> Figures:
    """Microseconds to verify one signature, ours and xrpl-py's, on the same messages."""
    out: Figures = {}
    for kind in ("secp256k1", "ed25519"):
        pair = derive(bytes(16), "secp256k1" if kind == "secp256k1" else "ed25519")
        messages = [number.to_bytes(200, "big") for number in range(count)]
        made = [pair.sign(message) for message in messages]
        began = time.perf_counter()
        ours = all(verify(pair.public, message, mark) for message, mark in zip(messages, made, strict=True))
        middle = time.perf_counter()
        theirs = all(
            is_valid_message(message, mark, pair.public.hex().upper())
            for message, mark in zip(messages, made, strict=True)
        )
        end = time.perf_counter()
        if not ours or not theirs:
            raise RuntimeError(f"a {kind} signature was refused")
        out[kind] = {
            "ours_us": (middle - began) / count * 1e6,
            "xrpl_py_us": (end - middle) / count * 1e6,
            "times_faster": (end - middle) / (middle - began),
        }
    return out


def show(console: Console, figures: Figures) -> None:
    """The table."""
    table = Table(title="Embedded ledger: XRP payments over one WebSocket, one core")
    for column in ("ledger", "payments", "per CPU second", "per second", "memory"):
        table.add_column(column, justify="right" if column != "ledger" else "left")
    for name in ("fresh", "grown"):
        row = figures.get(name)
        if row is not None:
            table.add_row(
                name,
                f"{row['payments']:,}",
                f"{row['payments_per_cpu_s']:,.0f}",
                f"{row['payments_per_s']:,.0f}",
                f"{row['node_mb']:,.0f} MB",
            )
    console.print(table)
    for kind, row in figures["signatures"].items():
        console.print(
            f"{kind}: {row['ours_us']:.0f} µs a signature, xrpl-py {row['xrpl_py_us']:,.0f} µs "
            f"({row['times_faster']:.0f} times)"
        )
    for name, value in figures.get("pages", {}).items():
        console.print(f"{name}: {value:.2f}")


def main(argv: list[str] | None = None) -> int:
    """Run everything; 0 where every payment was validated."""
    parser = argparse.ArgumentParser(prog="bench devnet", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small numbers, for a first look")
    options = parser.parse_args(argv)
    count = 4_000 if options.quick else 20_000
    accounts, history = (2_000, 10_000) if options.quick else (100_000, 500_000)
    console = Console()
    figures: Figures = {"signatures": signatures(20 if options.quick else 100)}
    with running(None) as (pid, url), pinned(cores()[1]):
        figures["fresh"] = asyncio.run(pay(pid, url, count))
    folder = Path(tempfile.mkdtemp(prefix="talktalk-bench-ledger-"))
    try:
        began = time.perf_counter()
        with console.status("filling") as status:
            fill(folder, accounts, history, lambda words: status.update(f"filling: {words}"))
        figures["fill_s"] = time.perf_counter() - began
        figures["accounts"], figures["history"] = accounts, history
        with running(folder) as (pid, url), pinned(cores()[1]):
            figures["grown"] = asyncio.run(pay(pid, url, count))
            figures["pages"] = asyncio.run(pages(url))
        figures["kb_per_account"] = (
            (figures["grown"]["node_mb"] - figures["fresh"]["node_mb"]) * 1024 / accounts
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    show(console, figures)
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "devnet.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if not figures["fresh"]["refused"] and not figures["grown"]["refused"] else 1


if __name__ == "__main__":
    sys.exit(main())
