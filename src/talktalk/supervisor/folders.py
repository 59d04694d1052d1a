"""The data folder: where it lies, what is in it, and the lock that one supervisor holds on it.

    postgres/            the database cluster (see `postgres`)
    ledger/              the embedded XRP Ledger
    keys/server.key      keys the HMACs of codes and tokens
    tls/                 certificates made for `--lan`
    logs/                one file a process
    instance.json        this folder's id, and where its key-encryption key lies
    up.lock              held while a supervisor runs; says which one and where it answers

Without `--data` an ordinary user's data lies in the clone, in `.talktalk/data`. For root it lies in a folder
of the unprivileged account that PostgreSQL runs as, `/var/lib/talktalk/<clone>`. Folders we make are private
(0700); permissions of folders that exist are never changed.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

from talktalk.supervisor.accounts import unprivileged_account
from talktalk.supervisor.errors import DataFolderBusy, DataFolderCorrupt, DataFolderError
from talktalk.supervisor.guard import process_exists

LOCK_WAIT_S = 20.0
"""How long the processes of a supervisor that was killed may take to go before we give up on them."""

_CHOOSE = "Choose another folder: ./talktalk up --data DIR."
_POLL_S = 0.05


class Holder(msgspec.Struct, frozen=True):
    """What the lock file says about the supervisor that holds it."""

    pid: int
    url: str


class Instance(msgspec.Struct, frozen=True):
    """What tells this data folder from others, and where its key-encryption key lies."""

    id: str
    kek_file: str


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The paths inside one data folder."""

    path: Path

    @property
    def ledger(self) -> Path:
        """The embedded ledger's files."""
        return self.path / "ledger"

    @property
    def keys(self) -> Path:
        """Keys that may lie beside the data."""
        return self.path / "keys"

    @property
    def tls(self) -> Path:
        """Certificates for `--lan`."""
        return self.path / "tls"

    @property
    def logs(self) -> Path:
        """One log a process."""
        return self.path / "logs"

    @property
    def instance_file(self) -> Path:
        """See `Instance`."""
        return self.path / "instance.json"

    @property
    def lock_file(self) -> Path:
        """See `DataFolderLock`."""
        return self.path / "up.lock"


def default_path(root: Path) -> Path:
    """Return where the data of the clone at `root` lies when nobody says otherwise."""
    if os.geteuid() != 0:
        return root / ".talktalk" / "data"
    clone = hashlib.sha256(os.fsencode(root)).hexdigest()[:8]
    return Path("/var/lib/talktalk") / f"{root.name}-{clone}"


def open_data_folder(path: Path) -> DataFolder:
    """Make the folder, or find it usable as it is; then make what belongs in it.

    Raises `DataFolderError` when it cannot be made, is not a folder, is somebody else's, or cannot be written
    to.
    """
    path = path.resolve()
    try:
        if not path.exists():
            _make_private(path)
        if not path.is_dir():
            raise DataFolderError(f"{path} is a file, not a folder.", _CHOOSE)
        folder = DataFolder(path)
        _require_own(folder)
        for part in (folder.ledger, folder.keys, folder.logs):
            part.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise DataFolderError(
            f"The data folder {path} cannot be written to: {error.strerror}.", _CHOOSE
        ) from error
    return folder


def _make_private(path: Path) -> None:
    """Make a folder that only its owner may enter; as root the owner is PostgreSQL's account."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.mkdir(mode=0o700)
    account = unprivileged_account(path)
    if account:
        account.own(path)


def _require_own(folder: DataFolder) -> None:
    """Refuse a folder whose files another user made: ours among them would lock that user out."""
    if not folder.keys.exists():
        return
    owner = folder.keys.stat().st_uid
    if owner == os.geteuid():
        return
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = str(owner)
    raise DataFolderError(
        f"The data in {folder.path} was made by the user {name}, not by the one running this.",
        f"Run ./talktalk as {name}, or choose another folder: ./talktalk up --data DIR.",
    )


def read_instance(folder: DataFolder) -> Instance | None:
    """Return what the folder says about itself, or None when it is new.

    Raises `DataFolderCorrupt` when it says something unreadable.
    """
    try:
        return msgspec.json.decode(folder.instance_file.read_bytes(), type=Instance)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise DataFolderCorrupt(
            f"{folder.instance_file} is damaged ({error}).",
            "Put that file back from a backup, or begin anew in another folder: ./talktalk up --data DIR.",
        ) from error


def write_instance(folder: DataFolder, instance: Instance) -> None:
    """Store what tells this folder from others, whole or not at all."""
    write_whole(folder.instance_file, msgspec.json.encode(instance) + b"\n", mode=0o600)


def write_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file so that a crash leaves the old one or the new one, on disk, never a part."""
    side = path.with_name(f"{path.name}.new")
    side.unlink(missing_ok=True)
    descriptor = os.open(side, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    side.replace(path)


class DataFolderLock:
    """The right to run on a data folder. The kernel gives it back when every holder is dead.

    The guard inherits `descriptor`, so after a supervisor was killed the lock is free once its children are
    gone.
    """

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._file = folder.lock_file.open("a+b")

    @property
    def descriptor(self) -> int:
        """The open file that carries the lock."""
        return self._file.fileno()

    def __enter__(self) -> "DataFolderLock":
        """Take the lock.

        Raises `DataFolderBusy` when a living supervisor holds it, or what a killed one left does not go.
        """
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = self._holder()
                if (holder is not None and process_exists(holder.pid)) or time.monotonic() > deadline:
                    self._file.close()
                    raise self._busy(holder) from None
                time.sleep(_POLL_S)
            else:
                return self

    def announce(self, url: str) -> None:
        """Write down who holds the lock and where it answers, for the message of a second start."""
        self._file.truncate(0)
        self._file.write(msgspec.json.encode(Holder(os.getpid(), url)))
        self._file.flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.truncate(0)
        self._file.close()

    def _holder(self) -> Holder | None:
        with contextlib.suppress(msgspec.MsgspecError):
            return msgspec.json.decode(self._folder.lock_file.read_bytes(), type=Holder)
        return None

    def _busy(self, holder: Holder | None) -> DataFolderBusy:
        if holder is None:
            return DataFolderBusy(
                f"Another ./talktalk is starting or stopping on the data folder {self._folder.path}.",
                "Wait a moment and try again, or choose another folder: ./talktalk up --data DIR.",
            )
        return DataFolderBusy(
            f"TalkTalk already runs on the data folder {self._folder.path} (process {holder.pid}),"
            f" at {holder.url}.",
            f"Open that address, stop it (kill {holder.pid}), or choose another folder:"
            " ./talktalk up --data DIR --port PORT.",
        )
