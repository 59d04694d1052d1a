"""The whole house as real processes, each of which can be killed and started again.

Database, ledger node, worker and web run as an operator would run them, on data that is kept.
"""

import asyncio
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
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from talktalk.custody.key_files import read_or_make_key
from talktalk.platform.migrate import upgrade
from talktalk.supervisor.accounts import unprivileged_account
from talktalk.supervisor.postgres import EmbeddedPostgres

READY_S = 60.0
ROOT = Path(__file__).parent.parent.parent


class House:
    """Use as a context manager, from the main thread."""

    def __init__(self, *, close_interval_s: float) -> None:
        self._close_interval_s = close_interval_s
        # Outside pytest's folder: as root the database is another user, who cannot enter it.
        self.folder = Path(tempfile.mkdtemp(prefix="talktalk-house-", dir="/tmp"))
        self._postgres = EmbeddedPostgres(durable=True)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._ports = _free_ports(4)
        self.url = f"http://127.0.0.1:{self._ports[0]}"
        self.rpc_url = f"http://127.0.0.1:{self._ports[1]}"
        self.faucet_url = f"http://127.0.0.1:{self._ports[3]}"
        self._database = self.folder / "database"
        self._environment: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        self._database.mkdir()
        account = unprivileged_account(self._database)
        if account:
            # The data folder is the server's; the way to it must be open to that user.
            self.folder.chmod(0o755)
            account.own(self._database)
        database_url = self._postgres.start(self._database)
        upgrade(database_url)
        keys = self.folder / "keys"
        keys.mkdir()
        (keys / "server.key").write_text(secrets.token_hex(32))
        read_or_make_key(keys / "kek")
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
            "TALKTALK_ENVIRONMENT": "development",
            "TALKTALK_DATABASE_URL": database_url,
            "TALKTALK_SERVER_KEY_FILE": str(keys / "server.key"),
            "TALKTALK_KEK_FILE": str(keys / "kek"),
            "TALKTALK_LEDGER_URLS": f"ws://127.0.0.1:{self._ports[2]}",
            "TALKTALK_FAUCET_URL": self.faucet_url,
            "TALKTALK_PORT": str(self._ports[0]),
            "TALKTALK_PUBLIC_URL": self.url,
            "TALKTALK_SMS_SENDER": "inbox",
            "TALKTALK_DEV_INBOX": "1",
        }
        for name in ("ledger", "worker", "web"):
            self.start(name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in self._children.values():
            child.kill()
            child.wait()
        self._postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name: str) -> None:
        """Start a part that does not run."""
        if name == "database":
            self._postgres.start(self._database)
            return
        log = (self.folder / f"{name}.log").open("ab")
        self._children[name] = subprocess.Popen(
            [sys.executable, "-m", *self._command(name)],
            env=self._environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        log.close()

    def kill(self, name: str) -> None:
        """`kill -9`, and wait until it is gone."""
        if name == "database":
            pid, process = self._postgres.pid, self._postgres._process
            assert pid is not None
            assert process is not None
            os.kill(pid, signal.SIGKILL)
            process.wait()
            self._postgres._process = None
            return
        self._children[name].kill()
        self._children[name].wait()

    def log_of(self, name: str) -> str:
        """The end of what a part has said."""
        return (self.folder / f"{name}.log").read_text(errors="replace")[-4000:]

    async def ready(self) -> None:
        """Wait until web says that requests can be served."""
        deadline = time.monotonic() + READY_S
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                assert time.monotonic() < deadline, self.log_of("web")
                await asyncio.sleep(0.1)

    async def rpc(self, method: str, **parameters: object) -> dict[str, object]:
        """Ask the ledger node itself."""
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            body = {"method": method, "params": [{"api_version": 2, **parameters}]}
            answer = await client.post(self.rpc_url, content=json.dumps(body))
            result: dict[str, object] = answer.json()["result"]
            return result

    def _command(self, name: str) -> list[str]:
        if name == "ledger":
            _, rpc, ws, faucet = self._ports
            ports = ["--rpc-port", str(rpc), "--ws-port", str(ws), "--faucet-port", str(faucet)]
            data = ["--data", str(self.folder / "ledger"), "--close-interval", str(self._close_interval_s)]
            return ["xrpl_devnet", *ports, *data]
        return ["talktalk", {"worker": "work", "web": "serve"}[name]]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
