"""Child processes: spawned, awaited until ready, watched, restarted with back-off, stopped in order.

A child is described by a `ChildSpec` and lives in a process group of its own, so that Ctrl-C in the terminal
reaches the supervisor alone, which then stops the children in order. A child that dies is started again after
a pause that doubles from `BACKOFF_FIRST_S`. One that lives for `STEADY_S` starts with a clean slate; one that
dies `DEATHS_MAX` times without that fails the whole, because it will not get better by itself.

States of a child: starting → running → (died → waiting → starting)* → stopped.
Everything runs in one asyncio loop on the main thread (`die_with_parent` needs that).
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from talktalk.supervisor import guard
from talktalk.supervisor.accounts import Account
from talktalk.supervisor.errors import ChildFailed

BACKOFF_FIRST_S = 0.2
BACKOFF_MAX_S = 5.0
DEATHS_MAX = 6
STEADY_S = 30.0
READY_POLL_S = 0.03
LOG_BYTES_MAX = 8 * 2**20
"""A log larger than this is set aside (`.1`) when its process starts."""

Report = Callable[[str], None]


async def _always_ready(_pid: int) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """How to run one child.

    `command` is asked anew for each start, because a restart may need other arguments (the ports it had).
    `is_ready` is asked with the process id until it says yes or `ready_timeout_s` have passed. `before_start`
    runs in the supervisor before each start.
    """

    name: str
    command: Callable[[], Sequence[str]]
    environment: Mapping[str, str]
    log: Path
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    is_ready: Callable[[int], Awaitable[bool]] = _always_ready
    ready_timeout_s: float = 30.0
    before_start: Callable[[], None] | None = None


class Child:
    """One child and the task that keeps it alive."""

    def __init__(self, spec: ChildSpec, guard_pipe: "GuardPipe", report: Report) -> None:
        self.spec = spec
        self._guard = guard_pipe
        self._report = report
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        process = self._process
        return process.pid if process and process.returncode is None else None

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises `ChildFailed` when it dies or takes too long."""
        await self._spawn()
        await self._become_ready()

    def keep(self) -> asyncio.Task[None]:
        """Start restarting it whenever it dies. The task ends only by failing with `ChildFailed`."""
        self._keeper = asyncio.create_task(self._keep_alive(), name=f"keep {self.spec.name}")
        return self._keeper

    async def stop(self, grace_s: float) -> None:
        """Stop it with its signal, and with SIGKILL for the whole group after `grace_s`."""
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        process = self._process
        if process is None:
            return
        group = process.pid
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(self.spec.stop_signal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), grace_s)
        guard.signal_group(group, signal.SIGKILL)
        await process.wait()
        self._guard.forget(group)

    async def _spawn(self) -> None:
        spec = self.spec
        if spec.before_start:
            spec.before_start()
        _set_aside_large(spec.log)
        with spec.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *spec.command(),
                env=spec.environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
                preexec_fn=guard.die_with_parent(spec.stop_signal),
                **(spec.account.credentials() if spec.account else {}),
            )
        self._guard.remember(self._process.pid, spec.stop_signal)

    async def _become_ready(self) -> None:
        process = self._process
        assert process is not None
        deadline = time.monotonic() + self.spec.ready_timeout_s
        while not await self.spec.is_ready(process.pid):
            if process.returncode is not None:
                raise self._failure(f"stopped before it was ready ({_ending(process.returncode)})")
            if time.monotonic() > deadline:
                raise self._failure(f"was not ready after {self.spec.ready_timeout_s:.0f} s")
            await asyncio.sleep(READY_POLL_S)

    async def _keep_alive(self) -> None:
        deaths = 0
        while True:
            process = self._process
            assert process is not None
            began = time.monotonic()
            code = await process.wait()
            # Whatever it started itself goes with it, before another takes its place.
            guard.signal_group(process.pid, signal.SIGKILL)
            self._guard.forget(process.pid)
            deaths = 1 if time.monotonic() - began > STEADY_S else deaths + 1
            if deaths >= DEATHS_MAX:
                raise self._failure(f"died {deaths} times in a row ({_ending(code)})")
            pause_s = min(BACKOFF_FIRST_S * 2 ** (deaths - 1), BACKOFF_MAX_S)
            self._report(f"{self.spec.name} died ({_ending(code)}); starting it again")
            await asyncio.sleep(pause_s)
            await self._spawn()
            with contextlib.suppress(ChildFailed):  # it is judged by its deaths, counted above
                await self._become_ready()
                self._report(f"{self.spec.name} is back")

    def _failure(self, what: str) -> ChildFailed:
        lines = _last_lines(self.spec.log, 3)
        said = f" Its last words: {' / '.join(lines)}" if lines else ""
        return ChildFailed(f"The {self.spec.name} {what}.{said}", f"All of its log is {self.spec.log}.")


class GuardPipe:
    """The supervisor's end of the guard (see `guard`): who is to be stopped if we are killed."""

    def __init__(self, lock_descriptor: int | None = None) -> None:
        self._lock_descriptor = lock_descriptor
        self._groups: dict[int, int] = {}
        self._writer: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The guard's process id while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start a guard that knows every group we know."""
        self.stop()
        reader, self._writer = os.pipe()
        inherited = [reader] if self._lock_descriptor is None else [reader, self._lock_descriptor]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, str(reader)],
            cwd="/",
            pass_fds=inherited,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        os.close(reader)
        for group, number in self._groups.items():
            self._write(f"+{group} {number}\n")

    async def keep(self) -> None:
        """Start another guard whenever this one dies."""
        while True:
            await asyncio.sleep(1.0)
            if self._process and self._process.poll() is not None:
                self.start()

    def remember(self, group: int, number: signal.Signals) -> None:
        """Have the group stopped with this signal if we die."""
        self._groups[group] = int(number)
        self._write(f"+{group} {int(number)}\n")

    def forget(self, group: int) -> None:
        """The group is gone; its number may be another's soon."""
        if self._groups.pop(group, None) is not None:
            self._write(f"-{group}\n")

    def stop(self) -> None:
        """Let the guard go. Call when nothing is left to guard."""
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None
        process, self._process = self._process, None
        if process:
            process.wait()

    def _write(self, note: str) -> None:
        if self._writer is not None:
            with contextlib.suppress(BrokenPipeError):  # `keep` starts another, which is told everything
                os.write(self._writer, note.encode("ascii"))


class Supervisor:
    """All children of one `up`, started in any order and stopped in stages."""

    def __init__(self, guard_pipe: GuardPipe, report: Report) -> None:
        self._guard = guard_pipe
        self._report = report
        self._children: dict[str, Child] = {}
        self._keepers: list[asyncio.Task[None]] = []

    def pid(self, name: str) -> int | None:
        """Return a child's process id while it runs."""
        return self._children[name].pid

    async def start(self, spec: ChildSpec) -> None:
        """Start a child, wait until it is ready, then keep it alive. Raises `ChildFailed`."""
        child = Child(spec, self._guard, self._report)
        self._children[spec.name] = child  # before the start: it must be stopped even if this is cancelled
        await child.start()
        self._keepers.append(child.keep())

    async def wait(self, stop: asyncio.Event) -> None:
        """Wait until `stop` is set. Raises `ChildFailed` when a child cannot be kept alive."""
        stopping = asyncio.create_task(stop.wait())
        guarding = asyncio.create_task(self._guard.keep())
        try:
            done, _ = await asyncio.wait(
                [stopping, guarding, *self._keepers], return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
        finally:
            for task in (stopping, guarding):
                task.cancel()

    async def stop(self, stages: Iterable[tuple[Sequence[str], float]]) -> None:
        """Stop children stage by stage; each stage names children and how long they may take, in seconds."""
        for names, grace_s in stages:
            children = [self._children[name] for name in names if name in self._children]
            await asyncio.gather(*(child.stop(grace_s) for child in children))


def _ending(code: int) -> str:
    """Say in words how a process ended."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


def _set_aside_large(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_name(f"{log.name}.1"))


def _last_lines(log: Path, count: int) -> list[str]:
    """Return the last lines of a log that say something."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip()][-count:]
