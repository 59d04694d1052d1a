"""The whole of `up` on real parts: it starts, survives kills of each part, and stops without a trace.

Only the web app is a stand-in (one page), so that these tests do not wait for its build.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from talktalk.supervisor.postgres import ROLE
from talktalk.supervisor.up import STOP_STAGES
from tests.supervisor.support import descendants, is_running, kill, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

COPY = (
    'require("fs").cpSync("index.html", process.argv[process.argv.indexOf("--outDir") + 1] + "/index.html");'
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Up:
    """One place to run `up` again and again: a clone, a data folder, a port, a key."""

    def __init__(self, top: Path) -> None:
        self.clone, self.data, self.kek, self.port = top / "clone", top / "data", top / "kek", free_port()
        web = self.clone / "web"
        web.mkdir(parents=True)
        package = {"name": "small", "version": "1.0.0"}
        lock = {**package, "lockfileVersion": 3, "packages": {"": package}}
        (web / "package.json").write_text(json.dumps({**package, "scripts": {"build": "node build.cjs"}}))
        (web / "package-lock.json").write_text(json.dumps(lock))
        (web / "build.cjs").write_text(COPY)
        (web / "index.html").write_text("<!doctype html><title>small</title>")
        self.top, self.starts = top, 0
        self.process: subprocess.Popen[str] | None = None

    def start(self, *switches: str) -> subprocess.Popen[str]:
        """Start it, without waiting."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TALKTALK_")}
        program = Path(__file__).with_name("run_up.py")
        self.starts += 1
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-P", program, self.clone, self.data, str(self.port), *switches],
                env={
                    **kept,
                    "TALKTALK_KEK_FILE": str(self.kek),
                    "TALKTALK_WORKER_KEY_FILE": f"{self.kek}.worker",
                },
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        return self.process

    def start_and_wait(self, *switches: str) -> subprocess.Popen[str]:
        """Start it and wait until it is ready."""
        process = self.start(*switches)
        address = f"http://localhost:{self.port}"
        wait_until(lambda: (address in self.said() and self.is_ready()) or self.ended(), "up is ready")
        return process

    def ended(self) -> bool:
        """Fail with its own words if it ended; otherwise False."""
        assert self.process is not None
        if self.process.poll() is not None:
            pytest.fail(f"up ended: {self.said()}")
        return False

    def is_ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return self.get("/readyz", timeout_s=3).status_code == 200
        return False

    def get(self, path: str, timeout_s: float = 20, trust: Path | None = None) -> httpx.Response:
        """GET from it; over TLS that trusts one authority if `trust` is given."""
        if trust is None:
            return httpx.get(f"http://localhost:{self.port}{path}", timeout=timeout_s, verify=False)
        context = ssl.create_default_context(cafile=str(trust))
        return httpx.get(f"https://localhost:{self.port}{path}", timeout=timeout_s, verify=context)

    def stop(self) -> str:
        """Stop it as a service manager does, and return what it said."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        return self.said()

    def said(self) -> str:
        """What the process started last has said so far."""
        return self._output.read_text()

    @property
    def _output(self) -> Path:
        return self.top / f"output-{self.starts}"

    def pid(self, part: str) -> int:
        """The process of one part, told by its command line."""
        assert self.process is not None
        marks = {"web": "serve", "worker": "work", "ledger": "xrpl_devnet", "database": "postgres"}
        for pid in descendants(self.process.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                if any(Path(word).name == marks[part] for word in words) and is_running(pid):
                    return pid
        raise AssertionError(f"{part} does not run")

    def ask_database(self, statement: str) -> object:
        conninfo = f"host={self.data / 'run'} user={ROLE} dbname=talktalk"
        with psycopg.connect(conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchone() if cursor.description else None


@contextlib.contextmanager
def place_for_up() -> Iterator[Up]:
    """A place whose folders PostgreSQL's account can enter; whatever still runs at the end is killed."""
    top = Path(tempfile.mkdtemp(prefix="talktalk-test-", dir="/tmp"))
    top.chmod(0o755)
    place = Up(top)
    try:
        yield place
    finally:
        if place.process and place.process.poll() is None:
            left = descendants(place.process.pid)
            place.process.kill()
            place.process.wait()
            wait_until(lambda: not any(map(is_running, left)), "the guard stopped what the test left")
        shutil.rmtree(top)


@pytest.fixture
def up() -> Iterator[Up]:
    """A place of the test's own, where nothing runs yet."""
    with place_for_up() as place:
        yield place


@pytest.fixture(scope="module")
def running() -> Iterator[Up]:
    """One that runs, for tests that leave it running."""
    with place_for_up() as place:
        place.start_and_wait()
        yield place


def test_a_second_start_finds_what_the_first_left_and_nothing_runs_in_between(up: Up) -> None:
    process = up.start_and_wait()
    up.ask_database("CREATE TABLE kept AS SELECT 42 AS answer")
    started = descendants(process.pid)
    said = up.stop()
    assert process.returncode == 0, said
    assert not any(map(is_running, started))
    assert f"TalkTalk is ready at http://localhost:{up.port}" in said
    up.start_and_wait()
    assert up.ask_database("SELECT answer FROM kept") == (42,)
    assert "Building" not in up.stop()


def test_stopping_has_less_than_five_seconds() -> None:
    assert sum(grace_s for _, grace_s in STOP_STAGES) < 5


@pytest.mark.parametrize("part", ["web", "worker", "ledger", "database"])
def test_a_killed_part_comes_back(running: Up, part: str) -> None:
    killed = running.pid(part)
    kill(killed)

    def came_back() -> bool:
        with contextlib.suppress(AssertionError):
            return running.pid(part) != killed and running.is_ready()
        return False

    wait_until(came_back, f"{part} came back")


def test_after_a_kill_of_the_supervisor_nothing_runs_and_the_next_start_is_clean(up: Up) -> None:
    process = up.start_and_wait()
    up.ask_database("CREATE TABLE kept AS SELECT 42 AS answer")
    started = descendants(process.pid)
    process.kill()
    process.wait()
    up.start_and_wait()  # waits for what is left of the first by itself
    assert not any(map(is_running, started))
    assert up.ask_database("SELECT answer FROM kept") == (42,)


def test_a_stop_during_the_start_leaves_nothing(up: Up) -> None:
    process = up.start()
    wait_until(lambda: len(descendants(process.pid)) > 1, "something was started")
    started = descendants(process.pid)
    up.stop()
    assert process.returncode == 0
    assert not any(map(is_running, started))


def test_a_second_up_on_the_same_data_is_told_of_the_first(running: Up) -> None:
    first = running.process
    assert first is not None
    second = running.start()
    second.wait(timeout=60)
    said = running.said()
    running.process = first
    assert second.returncode == 1
    assert f"already runs on the data folder {running.data} (process {first.pid})" in said
    assert f"http://localhost:{running.port}" in said


def test_only_the_worker_is_told_where_the_key_lies(running: Up) -> None:
    def settings(part: str) -> set[str]:
        variables = Path(f"/proc/{running.pid(part)}/environ").read_bytes().decode().split("\0")
        return {variable.split("=", 1)[0] for variable in variables}

    secret = {"TALKTALK_KEK_FILE", "TALKTALK_WORKER_KEY_FILE"}
    assert settings("worker") >= secret
    for part in ("web", "ledger", "database"):
        assert not settings(part) & secret


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
def test_the_database_does_not_run_as_root(running: Up) -> None:
    assert Path(f"/proc/{running.pid('database')}").stat().st_uid != 0


def test_a_corrupt_database_is_named(up: Up) -> None:
    up.start_and_wait()
    up.stop()
    (up.data / "postgres" / "PG_VERSION").unlink()
    up.start().wait(timeout=60)
    said = up.said()
    assert "is damaged" in said
    assert "--data" in said
    assert "Traceback" not in said


def test_lan_serves_https_that_the_authority_vouches_for(up: Up) -> None:
    process = up.start("lan")
    authority = up.data / "tls" / "ca.crt"

    def is_ready() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return authority.exists() and up.get("/readyz", trust=authority).status_code == 200
        return False

    wait_until(lambda: (is_ready() and "█" in up.said()) or up.ended(), "up is ready and says where")
    assert up.get("/lan/ca.crt", trust=authority).content == authority.read_bytes()
    assert up.get("/dev/sms/+821012345678", trust=authority).status_code == 404
    said = up.stop()
    assert process.returncode == 0
    assert "/lan/ca.crt" in said
    assert "Nobody can sign in yet" in said
