"""Children on real processes: restarted when they die, given up in the end, stopped without a trace."""

import asyncio
import fcntl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from talktalk.supervisor import processes
from talktalk.supervisor.errors import ChildFailed, DataFolderBusy
from talktalk.supervisor.folders import DataFolder, DataFolderLock
from talktalk.supervisor.processes import ChildSpec, GuardPipe, Supervisor
from tests.supervisor.stub_supervisor import stub_spec
from tests.supervisor.support import is_running, kill, wait_until

pytestmark = pytest.mark.integration


def pid_in(file: Path) -> int:
    return int(file.read_text(encoding="ascii"))


@asynccontextmanager
async def supervisor(said: list[str] | None = None) -> AsyncIterator[Supervisor]:
    """A supervisor with a guard, whose children are gone when the block ends."""
    guard_pipe = GuardPipe()
    guard_pipe.start()
    made = Supervisor(guard_pipe, (said if said is not None else []).append)
    try:
        yield made
    finally:
        await made.stop([(("one", "two"), 0.5)])
        guard_pipe.stop()


async def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    async with supervisor(said) as made:
        await made.start(stub_spec(tmp_path, "one"))
        first = pid_in(tmp_path / "one")
        kill(first)
        await asyncio.to_thread(wait_until, lambda: "one is back" in said, "the child came back")
        assert made.pid("one") == pid_in(tmp_path / "one") != first
    assert said[0] == "one died (killed by SIGKILL); starting it again"


async def test_what_a_dead_child_started_itself_goes_with_it(tmp_path: Path) -> None:
    said: list[str] = []
    async with supervisor(said) as made:
        await made.start(stub_spec(tmp_path, "one", "parent"))
        grandchild = pid_in(tmp_path / "one.child")
        kill(pid_in(tmp_path / "one"))
        await asyncio.to_thread(wait_until, lambda: "one is back" in said, "the child came back")
        assert not is_running(grandchild)


async def test_a_child_that_keeps_dying_is_given_up_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "BACKOFF_FIRST_S", 0.001)
    healthy = stub_spec(tmp_path, "one")
    broken = stub_spec(tmp_path, "one", "fail")
    commands = iter([healthy.command()])
    spec = ChildSpec(
        name="one",
        command=lambda: next(commands, broken.command()),
        environment={},
        log=healthy.log,
        is_ready=healthy.is_ready,
        before_start=healthy.before_start,
    )
    async with supervisor() as made:
        await made.start(spec)
        kill(pid_in(tmp_path / "one"))
        with pytest.raises(ChildFailed, match=r"died 6 times in a row \(exit code 1\)") as caught:
            await made.wait(asyncio.Event())
    assert "the moon is full" in caught.value.sentence
    assert str(healthy.log) in caught.value.way_out


async def test_a_child_that_dies_before_it_is_ready_fails_the_start(tmp_path: Path) -> None:
    async with supervisor() as made:
        with pytest.raises(ChildFailed, match="stopped before it was ready"):
            await made.start(stub_spec(tmp_path, "one", "fail"))


async def test_a_child_that_is_never_ready_fails_the_start_and_is_stopped(tmp_path: Path) -> None:
    spec = stub_spec(tmp_path, "one")

    async def never(_pid: int) -> bool:
        return False

    late = ChildSpec(
        name="one",
        command=spec.command,
        environment={},
        log=spec.log,
        is_ready=never,
        ready_timeout_s=0.3,
    )
    async with supervisor() as made:
        with pytest.raises(ChildFailed, match="was not ready after"):
            await made.start(late)
        pid = made.pid("one")
    assert pid is not None
    assert not is_running(pid)


async def test_stopping_kills_what_ignores_its_signal_and_its_children(tmp_path: Path) -> None:
    async with supervisor() as made:
        await made.start(stub_spec(tmp_path, "one", "stubborn", "parent"))
        pids = [pid_in(tmp_path / "one"), pid_in(tmp_path / "one.child")]
        await made.stop([(["one"], 0.2)])
        wait_until(lambda: not any(map(is_running, pids)), "both are gone")


async def test_a_log_that_grew_large_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOG_BYTES_MAX", 10)
    (tmp_path / "one.log").write_text("much was said before\n", encoding="ascii")
    async with supervisor() as made:
        await made.start(stub_spec(tmp_path, "one"))
    assert (tmp_path / "one.log.1").read_text(encoding="ascii") == "much was said before\n"
    assert (tmp_path / "one.log").read_bytes() == b""


StartSupervisor = Callable[..., tuple[subprocess.Popen[bytes], list[int]]]


@pytest.fixture
def start_stub_supervisor(tmp_path: Path) -> Iterator[StartSupervisor]:
    """Starts a supervisor in a process of its own; gives it, and everything it started but its guard."""
    root = Path(__file__).parents[2]
    started: list[subprocess.Popen[bytes]] = []

    def start(*how: str) -> tuple[subprocess.Popen[bytes], list[int]]:
        command = [sys.executable, "-m", "tests.supervisor.stub_supervisor", str(tmp_path), *how]
        started.append(subprocess.Popen(command, cwd=root))
        wait_until((tmp_path / "started").exists, "the supervisor started its children")
        return started[-1], [pid_in(tmp_path / name) for name in ("one", "one.child", "two", "two.child")]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("how", ["kernel and guard", "guard-only"])
def test_nothing_outlives_a_killed_supervisor(
    tmp_path: Path, start_stub_supervisor: StartSupervisor, how: str
) -> None:
    process, pids = start_stub_supervisor(how)
    guard = pid_in(tmp_path / "guard")
    process.kill()
    process.wait()
    wait_until(lambda: not any(map(is_running, [*pids, guard])), "all that it started is gone")


def test_a_killed_guard_is_replaced_by_one_that_knows_the_children(
    tmp_path: Path, start_stub_supervisor: StartSupervisor
) -> None:
    process, pids = start_stub_supervisor("guard-only")
    first = pid_in(tmp_path / "guard")
    kill(first)
    wait_until(lambda: (tmp_path / "guard").read_text() not in {str(first), "", "None"}, "another guard")
    assert all(map(is_running, pids))
    process.kill()
    process.wait()
    wait_until(lambda: not any(map(is_running, pids)), "the second guard stopped the children")


def test_the_folder_stays_locked_until_a_killed_supervisors_children_are_gone(
    tmp_path: Path, start_stub_supervisor: StartSupervisor
) -> None:
    process, pids = start_stub_supervisor("guard-only")
    process.kill()
    process.wait()
    with DataFolderLock(DataFolder(tmp_path)):
        assert not any(map(is_running, pids))


def test_a_second_supervisor_on_the_same_folder_is_told_of_the_first(
    tmp_path: Path, start_stub_supervisor: StartSupervisor
) -> None:
    process, _ = start_stub_supervisor()
    with pytest.raises(DataFolderBusy) as caught, DataFolderLock(DataFolder(tmp_path)):
        pytest.fail("the lock was given twice")
    assert f"process {process.pid}" in caught.value.sentence
    assert "http://localhost:1" in caught.value.sentence
    assert f"kill {process.pid}" in caught.value.way_out


def test_a_lock_that_was_given_back_can_be_taken_again(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    for _ in range(2):
        with DataFolderLock(folder) as lock:
            lock.announce("http://localhost:1")
    with folder.lock_file.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
