"""The worker role: refuses bad keys, stops quickly, shares its work with others."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from talktalk.config import SettingsError
from talktalk.custody.errors import KeyFileUnsafe
from talktalk.custody.key_files import read_or_make_key
from talktalk.worker import Worker
from tests.fixtures_app import RunningApp, settings_for_tests
from tests.transfers.world import World

Apps = Callable[..., RunningApp]
STOP_S = 3.0
NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/none"
NO_NODE = "ws://127.0.0.1:1"


def test_worker_without_its_keys_does_not_start(tmp_path: Path) -> None:
    settings = settings_for_tests(NOWHERE, tmp_path, ledger_urls=(NO_NODE,))
    with pytest.raises(SettingsError, match="TALKTALK_KEK_FILE"):
        Worker(settings)
    missing = msgspec.structs.replace(settings, kek_file=tmp_path / "kek")
    with pytest.raises(KeyFileUnsafe):
        Worker(missing)
    read_or_make_key(tmp_path / "kek")
    with pytest.raises(SettingsError, match="TALKTALK_LEDGER_URLS"):
        Worker(msgspec.structs.replace(missing, ledger_urls=()))
    Worker(missing)
    assert stat.S_IMODE((tmp_path / "worker-key").stat().st_mode) == 0o600


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_worker_stops_quickly_even_with_nothing_to_talk_to(tmp_path: Path, number: int) -> None:
    read_or_make_key(tmp_path / "kek")
    (tmp_path / "server.key").write_text("00" * 32)
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parent.parent.parent / "src"),
        "TALKTALK_DATABASE_URL": NOWHERE,
        "TALKTALK_SERVER_KEY_FILE": str(tmp_path / "server.key"),
        "TALKTALK_KEK_FILE": str(tmp_path / "kek"),
        "TALKTALK_LEDGER_URLS": NO_NODE,
    }
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "talktalk", "work"], env=environment, stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + 60
        # It says that its loops fail, and goes on: it lives.
        while log.read_bytes().count(b"loop submitter failed") < 2:
            assert worker.poll() is None
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        began = time.monotonic()
        worker.send_signal(number)
        assert worker.wait(timeout=30) == 0
        assert time.monotonic() - began < STOP_S * 3  # the machine may be busy
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.integration
async def test_several_workers_share_the_work(running_apps: Apps, tmp_path: Path) -> None:
    """Three workers over the same rows: each approval is judged once, each payment debited once."""
    async with World(running_apps, tmp_path) as world:
        others = [Worker(world.settings) for _ in range(2)]
        working = [asyncio.create_task(other.run()) for other in others]
        try:
            people = [await world.person() for _ in range(4)]
            payments = await asyncio.gather(
                *(payer.pay(payee, "1") for payer in people for payee in people[:1] if payer is not payee)
            )
            ends = [await payer.until(paid) for payer, paid in zip(people[1:], payments, strict=True)]
            assert {end["state"] for end in ends} == {"settled"}
            # The one that leads goes away: another goes on where it was.
            await world.stop_worker()
            end = await people[1].until(await people[1].pay(people[2], "1"))
            assert end["state"] == "settled"
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
        assert await people[0].balance_drops() == 1_003_000_000
        async with world.rows() as db:
            found = await db.execute(text("SELECT count(*), count(DISTINCT ref) FROM outgoing_transactions"))
            assert tuple(found.one()) == (4, 4)


@pytest.mark.integration
async def test_another_network_behind_the_address_writes_nothing(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path, manual=True) as world:
        mina = await world.person_by_hand("Mina")
        await world.stop_worker()
        async with world.rows() as db:
            await db.execute(text("UPDATE ledger_heads SET ledger_hash = repeat('AB', 32)"))
        worker = world.start_worker()
        await world.net.fund(mina.address, drops=5_000_000)
        await world.net.accept()
        assert await worker.pool.wait_beyond(world.net.node.closed.index - 1, timeout_s=20)
        await asyncio.sleep(0.5)
        assert not await world.is_processed()
        assert (await mina.get("/wallet"))["balances"][0]["balance"]["value"] == "1000"
