"""How long does `./talktalk up` take to answer `/readyz`, and to stop?

- *cold*: a new data folder (database cluster, keys, migrations and ledger are made); the environment stands,
  the web app is built
- *warm*: the same folder again, stopped properly in between
- *after kill*: the same folder after `kill -9` of the supervisor

Each is measured from starting the entry script to the first 200 from `/readyz`, asked every 10 ms. Prints a
table and writes `bench/results/startup.json`.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
READY_MAX_S = 120.0
STOP_MAX_S = 10.0
WARM_TARGET_S = 6.0
STOP_TARGET_S = 5.0
_POLL_S = 0.01


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_ready(port: int) -> bool:
    """Say whether `/readyz` answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def start(data: Path, port: int) -> tuple[subprocess.Popen[bytes], float]:
    """Start everything; returns the supervisor and the seconds until it was ready."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [ROOT / "talktalk", "up", "--no-open", "--port", str(port), "--data", str(data)],
        stdout=subprocess.DEVNULL,
    )
    while not is_ready(port):
        if process.poll() is not None or time.perf_counter() - began > READY_MAX_S:
            process.kill()
            sys.exit("bench startup: `up` did not become ready; its own words are above")
        time.sleep(_POLL_S)
    return process, time.perf_counter() - began


def stop(process: subprocess.Popen[bytes], how: signal.Signals) -> float:
    """Stop the supervisor and return the seconds it took."""
    began = time.perf_counter()
    process.send_signal(how)
    process.wait(STOP_MAX_S)
    return time.perf_counter() - began


def measure(rounds: int) -> dict[str, list[float]]:
    """Return seconds by what was measured."""
    found: dict[str, list[float]] = {"cold": [], "warm": [], "after kill": [], "stop": []}
    for _ in range(rounds):
        # Its mode lets PostgreSQL's own user in when we are root.
        data = Path(tempfile.mkdtemp(prefix="talktalk-bench-", dir="/tmp"))
        data.chmod(0o755)
        key = data.with_name(f"{data.name}.kek")
        os.environ["TALKTALK_KEK_FILE"] = str(key)
        try:
            for name, ending in (
                ("cold", signal.SIGTERM),
                ("warm", signal.SIGKILL),
                ("after kill", signal.SIGTERM),
            ):
                process, took_s = start(data, free_port())
                found[name].append(took_s)
                stopped_s = stop(process, ending)
                if ending == signal.SIGTERM:
                    found["stop"].append(stopped_s)
        finally:
            shutil.rmtree(data, ignore_errors=True)
            key.unlink(missing_ok=True)
    return found


def main() -> None:
    """Measure, print a table and write JSON."""
    parser = argparse.ArgumentParser(prog="bench startup", description="Start-up and stop of `up`.")
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    found = measure(rounds)
    targets = {"warm": WARM_TARGET_S, "stop": STOP_TARGET_S}
    table = Table(title=f"./talktalk up to /readyz, {rounds} rounds, {os.cpu_count()} CPUs")
    for column in ("what", "median s", "best s", "worst s", "target s"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for name, values in found.items():
        row = (statistics.median(values), min(values), max(values))
        target = f"< {targets[name]:.0f}" if name in targets else ""
        table.add_row(name, *(f"{value:.2f}" for value in row), target)
    Console().print(table)
    results = ROOT / "bench" / "results"
    results.mkdir(parents=True, exist_ok=True)
    summary = {"rounds": rounds, "cpus": os.cpu_count(), "seconds": found, "targets_s": targets}
    (results / "startup.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
