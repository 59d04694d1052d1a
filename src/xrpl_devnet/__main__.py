"""The command line: `python -m xrpl_devnet`, and `./talktalk devnet`, which calls `main`."""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import uvloop

from xrpl_codec.keys import genesis_key
from xrpl_devnet.amendments import UnknownAmendment
from xrpl_devnet.devnet import LOOPBACK, Devnet
from xrpl_devnet.net.listener import PortTaken
from xrpl_devnet.store import StoreError

DEFAULT_DATA: Final = Path("devnet-data")


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("must be above zero")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="devnet",
        description="A stand-alone XRP Ledger node for development: never for real money.",
    )
    parser.add_argument("--host", default=LOOPBACK, help="address to listen on")
    parser.add_argument("--rpc-port", type=int, default=5005, help="JSON-RPC (0: a free port)")
    parser.add_argument("--ws-port", type=int, default=6006, help="WebSocket (0: a free port)")
    parser.add_argument("--faucet-port", type=int, default=0, help="faucet (0: a free port)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder for the ledgers")
    where.add_argument("--memory", action="store_true", help="keep nothing")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--close-interval", type=_positive, default=1.0, help="seconds between ledgers")
    how.add_argument("--manual", action="store_true", help="close by ledger_accept only")
    parser.add_argument("--network-id", type=int, default=0)
    parser.add_argument("--base-fee", type=int, default=10, help="drops")
    parser.add_argument("--reserve-base", type=int, default=1_000_000, help="drops")
    parser.add_argument("--reserve-inc", type=int, default=200_000, help="drops")
    parser.add_argument("--amendments", default="all", help="all, none, or names; -NAME takes one away")
    parser.add_argument("--history", type=int, default=None, help="ledgers to keep (all)")
    parser.add_argument(
        "--ready-file", type=Path, default=None, help="write the addresses here once it answers"
    )
    return parser


def _write_ready(path: Path, net: Devnet) -> None:
    """Write the addresses in one step, so that nobody reads half of them."""
    text = json.dumps(
        {
            "rpc_url": net.rpc_url,
            "ws_url": net.ws_url,
            "faucet_url": net.faucet_url,
            "pid": os.getpid(),
        }
    )
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text + "\n")
    draft.replace(path)


async def _serve(net: Devnet, ready_file: Path | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with net:
        if ready_file is not None:
            _write_ready(ready_file, net)
        lines = (
            f"JSON-RPC   {net.rpc_url}",
            f"WebSocket  {net.ws_url}",
            f"Faucet     {net.faucet_url}",
            f"Genesis    {genesis_key().address}",
        )
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        await stopped.wait()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; the exit code says how it went."""
    options = _parser().parse_args(argv)
    try:
        net = Devnet(
            manual=options.manual,
            close_interval_s=options.close_interval,
            host=options.host,
            rpc_port=options.rpc_port,
            ws_port=options.ws_port,
            faucet_port=options.faucet_port,
            data=None if options.memory else options.data,
            network_id=options.network_id,
            base_fee=options.base_fee,
            reserve_base=options.reserve_base,
            reserve_increment=options.reserve_inc,
            enabled=options.amendments,
            history=options.history,
        )
        uvloop.run(_serve(net, options.ready_file))
        if options.ready_file is not None:
            options.ready_file.unlink(missing_ok=True)
    except UnknownAmendment as error:
        sys.stderr.write(f"No server knows the amendment {error}.\n")
        return 2
    except (StoreError, PortTaken) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
