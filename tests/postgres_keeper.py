"""Keeps one throw-away PostgreSQL server for all processes of a test run; run as `python -m`, see
fixtures_postgres.

It starts the server, writes its URL to `FOLDER/url`, and waits until nobody holds
`FOLDER/users.lock` any more. The kernel drops a dead process's lock, so a test run that is killed
leaves no server behind.
"""

import fcntl
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from talktalk.supervisor.accounts import unprivileged_account
from talktalk.supervisor.errors import StartError
from talktalk.supervisor.postgres import EmbeddedPostgres


def keep(folder: Path) -> None:
    """Run a server until the last user has gone."""
    # Outside pytest's folder: as root the server is another user, who cannot enter it.
    data_dir = Path(tempfile.mkdtemp(prefix="talktalk-test-", dir="/tmp"))
    account = unprivileged_account(data_dir)
    if account:
        account.own(data_dir)
    try:
        with EmbeddedPostgres(durable=False) as server:
            url = server.start(data_dir)
            side = folder / "url.new"
            side.write_text(url, encoding="utf-8")
            side.rename(folder / "url")
            with (folder / "users.lock").open("a") as users:
                fcntl.flock(users, fcntl.LOCK_EX)
                (folder / "url").unlink()
                server.stop()
    except StartError as error:
        (folder / "failure").write_text(str(error), encoding="utf-8")
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    keep(Path(sys.argv[1]))
