"""A real web process over a real embedded database, both on the server's core, and people in it."""

import contextlib
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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg

from bench.lib.cores import cores, pinned
from talktalk.identity.rules import token_hash
from talktalk.platform.ids import uuid7
from talktalk.platform.migrate import upgrade
from talktalk.supervisor.accounts import unprivileged_account
from talktalk.supervisor.postgres import EmbeddedPostgres, plain_url

ROOT: Final = Path(__file__).parent.parent.parent
START_S: Final = 60.0


class Site:
    """What runs, and how to fill it."""

    def __init__(self, url: str, port: int, web_pid: int, postgres_pid: int) -> None:
        self.conninfo = plain_url(url)
        self.port = port
        self.web_pid = web_pid
        self.pids = (web_pid, postgres_pid)

    def people(self, count: int) -> list[tuple[UUID, str]]:
        """So many signed-in people: id and token."""
        made = [(uuid7(), secrets.token_urlsafe(32)) for _ in range(count)]
        with psycopg.connect(self.conninfo) as db, db.cursor() as cursor:
            now = "2026-01-01T00:00:00Z"
            with cursor.copy("COPY users (id, phone, name, locale, created_at) FROM STDIN") as rows:
                for user_id, _ in made:
                    rows.write_row((user_id, f"+82{user_id.int % 10**12}", "Someone", "en", now))
            with cursor.copy(
                "COPY devices (id, user_id, token_hash, name, created_at, last_seen_at) FROM STDIN"
            ) as rows:
                for user_id, token in made:
                    rows.write_row((user_id, user_id, token_hash(token), "bench", now, now))
            cursor.executemany(
                "INSERT INTO sessions (id, user_id, device_id, token_hash, address, created_at, last_seen_at)"
                " VALUES (%s, %s, %s, %s, '127.0.0.1', now(), now())",
                [(user_id, user_id, user_id, token_hash(token)) for user_id, token in made],
            )
        return made

    def group(self, members: Sequence[UUID]) -> UUID:
        """A room of these people."""
        room_id = uuid7()
        with psycopg.connect(self.conninfo) as db:
            db.execute(
                "INSERT INTO rooms (id, kind, created_by) VALUES (%s, 'group', %s)", (room_id, members[0])
            )
            self._enter(db, [(room_id, user_id) for user_id in members])
        return room_id

    def pairs(self, people: Sequence[UUID]) -> list[UUID]:
        """A direct room for each two neighbours."""
        rooms = []
        with psycopg.connect(self.conninfo) as db:
            for one, other in zip(people[::2], people[1::2], strict=True):
                room_id = uuid7()
                db.execute(
                    "INSERT INTO rooms (id, kind, created_by, pair_low, pair_high) VALUES (%s, 'direct', %s, %s, %s)",
                    (room_id, one, min(one, other), max(one, other)),
                )
                self._enter(db, [(room_id, one), (room_id, other)])
                rooms.append(room_id)
        return rooms

    def stored(self, room_ids: Sequence[UUID]) -> tuple[int, bool]:
        """How many events these rooms hold, and whether their positions have no gap."""
        with psycopg.connect(self.conninfo) as db:
            found = db.execute(
                "SELECT room_id, count(*), max(seq), count(DISTINCT client_id) FROM room_events"
                " WHERE room_id = ANY (%s) GROUP BY room_id",
                (list(room_ids),),
            ).fetchall()
        return sum(row[1] for row in found), all(row[1] == row[2] == row[3] for row in found)

    @staticmethod
    def _enter(db: psycopg.Connection[tuple[object, ...]], members: Sequence[tuple[UUID, UUID]]) -> None:
        with db.cursor() as cursor:
            cursor.executemany("INSERT INTO room_members (room_id, user_id) VALUES (%s, %s)", members)


@contextlib.contextmanager
def site() -> Iterator[Site]:
    """Start everything on a fresh data folder; remove it all afterwards."""
    server_cores, client_cores = cores()
    data_dir = Path(tempfile.mkdtemp(prefix="talktalk-bench-", dir="/tmp"))
    account = unprivileged_account(data_dir)
    if account:
        account.own(data_dir)
    try:
        with contextlib.ExitStack() as stack:
            with pinned(server_cores):
                postgres = stack.enter_context(EmbeddedPostgres())
                url = postgres.start(data_dir)
                upgrade(url)
                port, web = _start_web(url, data_dir)
            stack.callback(_stop, web)
            os.sched_setaffinity(0, client_cores)
            _wait_ready(port, web)
            assert postgres.pid is not None
            yield Site(url, port, web.pid, postgres.pid)
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


def _start_web(url: str, folder: Path) -> tuple[int, subprocess.Popen[bytes]]:
    key_file = folder / "server.key"
    key_file.write_text(secrets.token_hex(32), encoding="ascii")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        "TALKTALK_DATABASE_URL": url,
        "TALKTALK_SERVER_KEY_FILE": str(key_file),
        "TALKTALK_PORT": str(port),
        "TALKTALK_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    log = (folder / "web.log").open("ab")
    return port, subprocess.Popen(
        [sys.executable, "-m", "bench.lib.web"], env=environment, stderr=log, stdout=log
    )


def _wait_ready(port: int, web: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer,
        ):
            if answer.status == 200:
                return
        if web.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError("the web process did not start")


def _stop(web: subprocess.Popen[bytes]) -> None:
    web.send_signal(signal.SIGTERM)
    try:
        web.wait(10)
    except subprocess.TimeoutExpired:
        web.kill()
        web.wait()
