"""The node as a process: command line, sockets, SIGTERM and kill -9."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.xrpl_devnet.signing import key, payment
from xrpl_codec.keys import genesis_key

GENESIS = genesis_key()
ALICE = key(1)

pytestmark = pytest.mark.integration


async def _until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does; only looking tells."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (no event crosses from that process)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(
    tmp_path: Path, *options: str
) -> AsyncIterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    ready = tmp_path / "ready.json"
    ready.unlink(missing_ok=True)
    ports = ("--rpc-port", "0", "--ws-port", "0", "--ready-file", str(ready))
    process = subprocess.Popen(  # noqa: ASYNC220 (starting it is quick)
        [sys.executable, "-m", "xrpl_devnet", *ports, *options], stdout=subprocess.DEVNULL
    )
    try:
        await _until(lambda: ready.exists() or process.poll() is not None)
        assert process.poll() is None, "the node did not start"
        yield process, json.loads(ready.read_text())
    finally:
        process.kill()
        process.wait()


async def _call(url: str, method: str, **params: Any) -> dict[str, Any]:
    async with httpx.AsyncClient() as client:
        answer = await client.post(url, json={"method": method, "params": [params]})
        result: dict[str, Any] = answer.json()["result"]
        return result


async def test_sigterm_stops_it_and_takes_the_ready_file_away(tmp_path: Path) -> None:
    async with running(tmp_path, "--memory", "--manual") as (process, where):
        assert where["pid"] == process.pid
        async with connect(where["ws_url"]):
            process.send_signal(signal.SIGTERM)
            await _until(lambda: process.poll() is not None)
        assert process.returncode == 0
        assert not (tmp_path / "ready.json").exists()


async def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    async with running(tmp_path, "--memory", "--manual") as (_, where):
        port = where["rpc_url"].rsplit(":", 1)[1]
        second = subprocess.run(  # noqa: ASYNC221 (nothing else runs here meanwhile)
            [sys.executable, "-m", "xrpl_devnet", "--memory", "--rpc-port", port],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert port in second.stderr


def test_an_unknown_amendment_is_one_sentence() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "xrpl_devnet", "--memory", "--amendments", "Nonsense"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert found.returncode == 2
    assert "Nonsense" in found.stderr


async def test_timed_closes_reach_subscribers(tmp_path: Path) -> None:
    options = ("--memory", "--close-interval", "0.05")
    async with running(tmp_path, *options) as (_, where), connect(where["ws_url"]) as socket:
        await socket.send(json.dumps({"id": 1, "command": "subscribe", "streams": ["ledger"]}))
        first = json.loads(await socket.recv())
        assert first["result"]["ledger_index"] >= 2
        indexes = [json.loads(await socket.recv())["ledger_index"] for _ in range(3)]
        assert indexes == [indexes[0], indexes[0] + 1, indexes[0] + 2]


async def test_kill_9_loses_no_closed_ledger_and_half_applies_nothing(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    sequence = 1
    for _ in range(3):
        seen = 0
        async with running(tmp_path, *data, "--close-interval", "0.02") as (process, where):
            root = await _call(where["rpc_url"], "account_info", account=GENESIS.address)
            sequence = root["account_data"]["Sequence"]
            async with connect(where["ws_url"]) as socket:
                await socket.send('{"command": "subscribe", "streams": ["ledger"]}')
                for number in range(200):
                    blob = payment(GENESIS, ALICE, 10_000_000, sequence + number)
                    await socket.send(json.dumps({"command": "submit", "tx_blob": blob}))
                    message = json.loads(await socket.recv())
                    seen = max(seen, message.get("ledger_index", 0))
                process.kill()
                process.wait()
        assert seen > 2
        async with running(tmp_path, *data, "--manual") as (_, where):
            closed = await _call(where["rpc_url"], "ledger", ledger_index="validated")
            last = int(closed["ledger"]["ledger_index"])
            assert last >= seen
            low, high = ((await _call(where["rpc_url"], "server_info"))["info"]["complete_ledgers"]).split(
                "-"
            )
            assert (int(low), int(high)) == (2, last)
            total = 0
            for person in (GENESIS, ALICE):
                root = await _call(
                    where["rpc_url"],
                    "account_info",
                    account=person.address,
                    ledger_index="validated",
                )
                total += int(root["account_data"]["Balance"])
            assert str(total) == closed["ledger"]["total_coins"]
            history = await _call(where["rpc_url"], "account_tx", account=ALICE.address, limit=9999)
            received = sum(int(item["meta"]["delivered_amount"]) for item in history["transactions"])
            assert received == int(root["account_data"]["Balance"])


async def test_broken_clients_do_not_disturb_the_others(tmp_path: Path) -> None:
    async with running(tmp_path, "--memory", "--manual") as (_, where):
        port = int(where["rpc_url"].rsplit(":", 1)[1])
        for junk in (
            b"\x00" * 100,
            b"POST / HTTP/1.1\r\nContent-Length: nonsense\r\n\r\n",
            b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
            b"P" * 70_000,
            b"POST / HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n" + b"[" * 5_000_000,
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            # A server that answers before it has read everything resets the connection (RFC 9112, section 9.6).
            with suppress(ConnectionError):
                writer.write(junk)
                writer.write_eof()
                await reader.read()
            writer.close()
        async with connect(where["ws_url"]) as socket:
            for text in ("[" * 900_000, '{"a":' * 1000 + "1" + "}" * 1000, "\ud7ff", "null", "7"):
                await socket.send(text)
                assert json.loads(await socket.recv())["error"] == "jsonInvalid"
        assert (await _call(where["rpc_url"], "ping"))["status"] == "success"
