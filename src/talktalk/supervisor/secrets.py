"""The key files: made once, private, and each handed only to the processes that may read it.

- The *server key* (32 random bytes, hex) keys the HMACs of codes and tokens. Web and worker read it; it lies
  in the data folder.
- The *key-encryption key* (the same form) opens the sealed wallets. Only the worker is told where it lies,
  which is outside the data folder, so that a copy of the data alone opens nothing. The data folder remembers
  the path, and data whose key has gone is refused rather than given a new key, which would open nothing.
"""

import os
import secrets
import stat
import uuid
from collections.abc import Mapping
from pathlib import Path

from talktalk.supervisor.errors import KeyFileError
from talktalk.supervisor.folders import DataFolder, Instance, read_instance, write_instance, write_whole

KEY_BYTES = 32
KEK_VARIABLE = "TALKTALK_KEK_FILE"


def server_key(folder: DataFolder) -> Path:
    """Return the server key's file, made if the folder is new. Raises `KeyFileError`."""
    path = folder.keys / "server.key"
    if not path.exists():
        _make(path)
    _require_private(path)
    return path


def key_encryption_key(folder: DataFolder, environ: Mapping[str, str]) -> Path:
    """Return the key-encryption key's file for this data folder, made if the folder is new.

    `TALKTALK_KEK_FILE` names another place. Raises `KeyFileError` when the key is missing though the folder
    was used before, when it lies inside the data folder, or when others could read it.
    """
    instance = read_instance(folder)
    named = environ.get(KEK_VARIABLE)
    if instance is None:
        identity = uuid.uuid4().hex
        path = Path(named).expanduser().absolute() if named else _keys_home(environ) / identity / "kek"
        _require_outside(path, folder)
        if not path.exists():
            _make(path)
        # Written after the key: a start interrupted between the two begins again with a key of its own.
        write_instance(folder, Instance(identity, str(path)))
    else:
        path = Path(named).expanduser().absolute() if named else Path(instance.kek_file)
        _require_outside(path, folder)
        if not path.exists():
            raise KeyFileError(
                f"The key {path}, which opens the wallets in {folder.path}, is missing.",
                f"Put it back from your backup, say where it is with {KEK_VARIABLE}, or begin anew"
                " in another folder: ./talktalk up --data DIR.",
            )
        if str(path) != instance.kek_file:
            write_instance(folder, Instance(instance.id, str(path)))
    _require_private(path)
    return path


def _keys_home(environ: Mapping[str, str]) -> Path:
    """Return the folder for keys: the system's for root, the user's own otherwise."""
    if os.geteuid() == 0:
        return Path("/etc/talktalk/keys")
    config = environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "talktalk" / "keys"


def _make(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, secrets.token_hex(KEY_BYTES).encode() + b"\n", mode=0o600)
    except OSError as error:
        raise KeyFileError(
            f"The key file {path} cannot be made: {error.strerror}.",
            f"Give the folder write permission, or name another place with {KEK_VARIABLE}=FILE.",
        ) from error


def _require_outside(path: Path, folder: DataFolder) -> None:
    if path.resolve().is_relative_to(folder.path):
        raise KeyFileError(
            f"The key {path} lies inside the data folder that it protects.",
            f"Move it elsewhere and say where with {KEK_VARIABLE}=FILE.",
        )


def _require_private(path: Path) -> None:
    """Refuse a key that others could have read or put there."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise KeyFileError(
            f"The key {path} is open to other users.",
            f"Make it yours alone (chmod 600 {path}) if you are sure that nobody has read it.",
        )
    try:
        bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        raise KeyFileError(
            f"The key {path} is damaged: it should be {KEY_BYTES * 2} hexadecimal digits.",
            "Put it back from your backup.",
        ) from None
