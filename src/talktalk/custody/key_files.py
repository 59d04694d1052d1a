"""Key files: the key-encryption key, and the workers' HPKE key beside it. Worker only.

Each is 32 random bytes in hex, in a file of mode 0600 outside the data folder. A file that others
may read is refused, not repaired: who could read it may have.
"""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from talktalk.custody.errors import KeyFileUnsafe

KEY_BYTES = 32
FORBIDDEN_BITS = stat.S_IRWXG | stat.S_IRWXO


def read_key(path: Path) -> bytes:
    """The 32 bytes of a key file.

    Raises:
        KeyFileUnsafe: Missing, open to others, or not 64 hex digits.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise KeyFileUnsafe(f"cannot open the key file {path}: {error.strerror}") from error
    with os.fdopen(descriptor, encoding="ascii", errors="replace") as file:
        mode = os.fstat(file.fileno()).st_mode
        if mode & FORBIDDEN_BITS:
            raise KeyFileUnsafe(f"{path} is open to other users; give it mode 0600, and a new key")
        text = file.read(4 * KEY_BYTES).strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyFileUnsafe(f"{path} does not hold 64 hex digits")
    return key


def read_or_make_key(path: Path) -> bytes:
    """The key file's bytes, made at random if there is none. Safe among processes that start at once."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link is made whole or not at all, and never over a file that is there already.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    return read_key(path)
