"""Everything a payment needs, as real processes: database, ledger node, worker, web; and people with money.

People are written into the rows an ordinary sign-up leaves (user, device, session, wallet with a sealed
key, PIN, friendship), and their accounts are paid by the ledger's first account. So hundreds of payers
stand within seconds, and from then on nothing is prepared: every payment goes the whole way.
"""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg

from bench.lib.site import ROOT
from talktalk.custody.envelope import KeyEncryptionKey
from talktalk.custody.key_files import read_key, read_or_make_key
from talktalk.custody.schemas import VerifierKind, owner_of_user
from talktalk.custody.sealed import SealedCustody
from talktalk.custody.verifiers import Verifiers, put_hash
from talktalk.identity.rules import token_hash
from talktalk.ledger import accounts
from talktalk.platform.clock import SystemClock
from talktalk.platform.database import Database
from talktalk.platform.ids import uuid7
from talktalk.platform.migrate import upgrade
from talktalk.supervisor.accounts import unprivileged_account
from talktalk.supervisor.postgres import EmbeddedPostgres, plain_url

START_S: Final = 90.0
PIN: Final = "402817"
NETWORK: Final = "embedded"
GENESIS: Final = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
GENESIS_SECRET: Final = "snoPBrXtMeMyMHUVTgbuqAfg1SUTb"
FUNDING_DROPS: Final = 1_000_000_000
FUNDED_AT_A_TIME: Final = 16


class Payer(msgspec.Struct, kw_only=True):
    """Someone who can pay."""

    user_id: UUID
    token: str
    address: str
    payee_id: UUID
    """A friend."""


class MoneySite:
    """What runs."""

    def __init__(self, url: str, folder: Path, ports: Mapping[str, int], pids: dict[str, int]) -> None:
        self.url = url
        self.conninfo = plain_url(url)
        self.folder = folder
        self.port = ports["web"]
        self.ledger_ws = f"ws://127.0.0.1:{ports['ws']}"
        self.pids = pids
        """By role: web, worker, database, ledger."""
        self._rpc = f"http://127.0.0.1:{ports['rpc']}"

    def rpc(self, method: str, **parameters: object) -> dict[str, Any]:
        """Ask the ledger node itself."""
        body = json.dumps({"method": method, "params": [{"api_version": 2, **parameters}]}).encode()
        with urllib.request.urlopen(urllib.request.Request(self._rpc, body), timeout=30) as answer:
            result: dict[str, Any] = json.loads(answer.read())["result"]
            return result

    def payers(self, count: int) -> list[Payer]:
        """So many people, in pairs of friends, with wallets, PINs and 1,000 XRP each."""
        made = asyncio.run(self._people(count))
        for payer in made:
            answer = self.rpc(
                "submit",
                secret=GENESIS_SECRET,
                tx_json={
                    "TransactionType": "Payment",
                    "Account": GENESIS,
                    "Destination": payer.address,
                    "Amount": str(FUNDING_DROPS),
                },
            )
            assert answer["engine_result"] in ("tesSUCCESS", "terQUEUED"), answer
        deadline = time.monotonic() + START_S
        while self.count("SELECT count(*) FROM wallets WHERE state = 'ready'") < count:
            assert time.monotonic() < deadline, "the wallets do not become ready"
            time.sleep(0.1)
        return made

    def count(self, statement: str) -> int:
        """One number from the database."""
        with psycopg.connect(self.conninfo) as db:
            row = db.execute(statement.encode()).fetchone()
            assert row is not None
            return int(row[0])

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows from the database."""
        with psycopg.connect(self.conninfo) as db:
            return db.execute(statement.encode()).fetchall()

    async def _people(self, count: int) -> list[Payer]:
        kek = KeyEncryptionKey(read_key(self.folder / "keys" / "kek"))
        database, clock = Database(self.url), SystemClock()
        verifiers, custody = Verifiers(database, kek, clock), SealedCustody(kek, clock)
        people = [(uuid7(), secrets.token_urlsafe(32)) for _ in range(count)]
        await asyncio.to_thread(self._sign_up, people)
        payers = []
        for start in range(0, count, FUNDED_AT_A_TIME):
            some = people[start : start + FUNDED_AT_A_TIME]
            hashes = await asyncio.gather(
                *(verifiers.hash(VerifierKind.PIN, user_id, PIN.encode()) for user_id, _ in some)
            )
            async with database.transaction() as db:
                for number, ((user_id, token), hashed) in enumerate(zip(some, hashes, strict=True), start):
                    owner = owner_of_user(user_id)
                    key = await custody.create(db, owner)
                    await accounts.watch(
                        db, network=NETWORK, address=key.address, owner=owner, public_key=key.public_key
                    )
                    await put_hash(db, VerifierKind.PIN, user_id, hashed, clock.now())
                    payers.append(
                        Payer(
                            user_id=user_id, token=token, address=key.address, payee_id=people[number ^ 1][0]
                        )
                    )
        await asyncio.to_thread(self._open_wallets, payers)
        await database.close()
        return payers

    def _sign_up(self, people: Sequence[tuple[UUID, str]]) -> None:
        now = datetime.now(UTC)
        with psycopg.connect(self.conninfo) as db, db.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO users (id, phone, name, locale, created_at) VALUES (%s, %s, 'Someone', 'en', %s)",
                [(user_id, f"+82{number:010}", now) for number, (user_id, _) in enumerate(people)],
            )
            cursor.executemany(
                "INSERT INTO devices (id, user_id, token_hash, name, created_at, last_seen_at)"
                " VALUES (%s, %s, %s, 'bench', %s, %s)",
                [(user_id, user_id, token_hash(token), now, now) for user_id, token in people],
            )
            cursor.executemany(
                "INSERT INTO sessions (id, user_id, device_id, token_hash, address, created_at, last_seen_at)"
                " VALUES (%s, %s, %s, %s, '127.0.0.1', %s, %s)",
                [(user_id, user_id, user_id, token_hash(token), now, now) for user_id, token in people],
            )
            pairs = [(people[at][0], people[at + 1][0]) for at in range(0, len(people) - 1, 2)]
            cursor.executemany(
                "INSERT INTO friend_pairs (low_id, high_id, low_listed_at, high_listed_at)"
                " VALUES (%s, %s, %s, %s)",
                [(min(pair), max(pair), now, now) for pair in pairs],
            )

    def _open_wallets(self, payers: Sequence[Payer]) -> None:
        now = datetime.now(UTC)
        later = now + timedelta(days=1)  # nobody else is to fund them
        with psycopg.connect(self.conninfo) as db, db.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO wallets (user_id, network, state, address, public_key, custody, first_device_id,"
                " address_prefix, funding_tries, next_funding_at, created_at)"
                " SELECT %s, network, 'funding', address, public_key, 'sealed', %s, '', 1, %s, %s"
                " FROM ledger_accounts WHERE address = %s",
                [(payer.user_id, payer.user_id, later, now, payer.address) for payer in payers],
            )
            cursor.executemany(
                "INSERT INTO wallet_devices (user_id, device_id, seen_at, trusted_since) VALUES (%s, %s, %s, %s)",
                [(payer.user_id, payer.user_id, now, now) for payer in payers],
            )


@contextlib.contextmanager
def money_site(close_interval_s: float) -> Iterator[MoneySite]:
    """Start everything on a fresh data folder; remove it all afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="talktalk-bench-", dir="/tmp"))
    database = folder / "database"
    database.mkdir()
    account = unprivileged_account(database)
    if account:
        folder.chmod(0o755)
        account.own(database)
    ports = dict(zip(("web", "rpc", "ws"), _free_ports(3), strict=True))
    try:
        with contextlib.ExitStack() as stack:
            postgres = stack.enter_context(EmbeddedPostgres())
            url = postgres.start(database)
            upgrade(url)
            environment = _environment(url, folder, ports)
            node = ["--rpc-port", str(ports["rpc"]), "--ws-port", str(ports["ws"]), "--memory"]
            commands = {
                "ledger": ["xrpl_devnet", *node, "--close-interval", str(close_interval_s)],
                "worker": ["talktalk", "work"],
                "web": ["talktalk", "serve"],
            }
            assert postgres.pid is not None
            pids = {"database": postgres.pid}
            for role, command in commands.items():
                process = _start(role, command, environment, folder)
                stack.callback(_stop, process)
                pids[role] = process.pid
            _wait_ready(ports["web"], folder)
            yield MoneySite(url, folder, ports, pids)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment(url: str, folder: Path, ports: Mapping[str, int]) -> dict[str, str]:
    keys = folder / "keys"
    keys.mkdir()
    (keys / "server.key").write_text(secrets.token_hex(32), encoding="ascii")
    read_or_make_key(keys / "kek")
    return {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        "TALKTALK_DATABASE_URL": url,
        "TALKTALK_SERVER_KEY_FILE": str(keys / "server.key"),
        "TALKTALK_KEK_FILE": str(keys / "kek"),
        "TALKTALK_LEDGER_URLS": f"ws://127.0.0.1:{ports['ws']}",
        "TALKTALK_NETWORK_NAME": NETWORK,
        "TALKTALK_PORT": str(ports["web"]),
        "TALKTALK_PUBLIC_URL": f"http://127.0.0.1:{ports['web']}",
    }


def _start(
    role: str, command: list[str], environment: Mapping[str, str], folder: Path
) -> subprocess.Popen[bytes]:
    with (folder / f"{role}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _wait_ready(port: int, folder: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.1)
    logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in folder.glob("*.log"))
    raise RuntimeError(f"not ready:\n{logs}")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
