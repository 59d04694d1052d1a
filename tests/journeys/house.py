"""The product as people start it: `talktalk up` on a data folder of its own, with everything real.

The shell entry script has tests of its own (`tests/cli`); here the command line behind it is run
with the Python that runs the tests.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

START_TIMEOUT_S = 300.0
"""The first start of a clone builds the web app."""
STOP_TIMEOUT_S = 30.0
RECOVERY_DELAY_S = 10
"""Between a recovery and the first payment from the new device."""
ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "artifacts"
"""Pictures and logs for people to look at; ignored by git."""

UP = (sys.executable, "-m", "talktalk", "up", "--no-open")


class House:
    """A running TalkTalk."""

    def __init__(self, url: str, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.url = url
        self.folder = folder
        """Holds the data folder and what `up` said (`up.log`)."""
        self.process = process

    def code_of(self, phone: str) -> str:
        """The newest sign-in code sent to a number."""
        answer = httpx.get(f"{self.url}/dev/sms/{phone}", trust_env=False)
        answer.raise_for_status()
        return str(answer.json()["code"])

    def said(self) -> str:
        """What `up` has said so far."""
        return (self.folder / "up.log").read_text(encoding="utf-8", errors="replace")


def free_port() -> int:
    """A loopback port nobody holds now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def house(*options: str, **settings: str) -> Iterator[House]:
    """Start it, wait until it is ready, and stop it when the block ends. `settings` are `TALKTALK_…`."""
    folder = Path(tempfile.mkdtemp(prefix="talktalk-journeys-", dir="/tmp"))
    folder.chmod(0o755)  # PostgreSQL's own user has to come through
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TALKTALK_")}
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [*UP, "--port", str(port), "--data", str(folder / "data"), *options],
            cwd=ROOT,
            env={
                **kept,
                "TALKTALK_KEK_FILE": str(folder / "kek"),
                "TALKTALK_WORKER_KEY_FILE": str(folder / "kek.worker"),
                "TALKTALK_RECOVERY_DELAY_S": str(RECOVERY_DELAY_S),
                **{f"TALKTALK_{name}": value for name, value in settings.items()},
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = House(f"http://127.0.0.1:{port}", folder, process)
    try:
        _wait_ready(running)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    # What its parts said is kept beside the pictures; everything else goes.
    shutil.copytree(folder / "data" / "logs", ARTIFACTS / "logs", dirs_exist_ok=True)
    shutil.rmtree(folder)


def _wait_ready(running: House) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        if running.process.poll() is not None:
            pytest.fail(f"up ended:\n{running.said()}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{running.url}/readyz", trust_env=False).status_code == httpx.codes.OK:
                return
        if time.monotonic() > deadline:
            pytest.fail(f"not ready after {START_TIMEOUT_S:.0f} s:\n{running.said()}")
        time.sleep(0.1)
