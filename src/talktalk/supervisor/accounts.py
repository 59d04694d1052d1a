"""The unprivileged user that embedded PostgreSQL runs as when we are root, and what that user can
reach.

PostgreSQL refuses to run as root. An account named `talktalk` is used if the machine has one, else
`nobody`; a data folder that exists keeps the account it was made with. Nothing here creates
accounts, and nothing changes the permissions of folders that exist: a folder out of reach is
reported, not opened.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from talktalk.supervisor.errors import MissingPart

PREFERRED_NAMES = ("talktalk", "nobody")


class Credentials(TypedDict, total=False):
    """The keyword arguments of `subprocess.Popen` that change who a child runs as."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int

    def credentials(self) -> Credentials:
        """`subprocess.Popen` arguments that run a child as this account, in no other group."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Hand over a path that we made ourselves a moment ago."""
        os.chown(path, self.uid, self.gid)


def current_user_name() -> str:
    """Return the name of the user we run as.

    Raises `MissingPart` when the user has a number but no name, as in some containers:
    PostgreSQL needs one.
    """
    uid = os.geteuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise MissingPart(
            f"User {uid} has no name on this machine, and PostgreSQL needs one.",
            "Run as a user listed in /etc/passwd, or add a line for this one.",
        ) from None


def account_by_uid(uid: int) -> Account:
    """Return the account with this number; raises `KeyError` when there is none."""
    entry = pwd.getpwuid(uid)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def unprivileged_account(existing: Path) -> Account | None:
    """Say who PostgreSQL runs as for the data at `existing` (which need not exist yet).

    Returns None when we are not root: then it runs as ourselves.
    Raises `MissingPart` when this machine has no unprivileged account.
    """
    if os.geteuid() != 0:
        return None
    if existing.exists():
        owner = existing.stat().st_uid
        if owner != 0:
            return account_by_uid(owner)
    for name in PREFERRED_NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise MissingPart(
        "PostgreSQL does not run as root, and this machine has no user `talktalk` or `nobody`.",
        "Add one (useradd --system talktalk), or run ./talktalk as an ordinary user.",
    )


def can_enter(folder: Path, account: Account | None) -> bool:
    """Say whether the account (None: we ourselves) can enter an existing folder.

    The operating system is asked, by a program that runs as that account, so that access lists
    count too.
    """
    asked = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(folder)],
        check=False,
        cwd="/",
        **(account.credentials() if account else {}),
    )
    return asked.returncode == 0


def can_execute(program: Path, account: Account | None) -> bool:
    """Say whether the account (None: we ourselves) can run a program, by asking for its version."""
    try:
        asked = subprocess.run(
            [str(program), "--version"],
            check=False,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **(account.credentials() if account else {}),
        )
    except PermissionError:
        return False
    return asked.returncode == 0
