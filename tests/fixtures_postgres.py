"""PostgreSQL for tests: one real server a test run, shared by its workers, and a fresh database for
each test.

- `postgres_url`   the server's own database, empty; for tests of the server itself
- `database_url`   a new database per test, copied from a template that was migrated once
"""

import fcntl
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from talktalk.supervisor.postgres import DATABASE, plain_url

TEMPLATE = "talktalk_template"
START_TIMEOUT_S = 60.0
_ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of the run's server; whoever asks first starts it, it ends with its last user."""
    shared = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):  # under xdist each worker has a folder below the run's
        shared = shared.parent
    folder = shared / "postgres"
    folder.mkdir(exist_ok=True)
    with (folder / "users.lock").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with (folder / "start.lock").open("a") as start:
            fcntl.flock(start, fcntl.LOCK_EX)
            url = _url_of_running(folder) or _start_keeper(folder)
        yield url


@pytest.fixture
def database_url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """A fresh, migrated database that is dropped after the test."""
    name = f"test_{uuid.uuid4().hex}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    _administer(postgres_url, create.format(sql.Identifier(name), sql.Identifier(migrated_template)))
    yield _with_database(postgres_url, name)
    _administer(postgres_url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> str:
    """The name of the migrated template database; made by one worker while the others wait."""
    from talktalk.platform.migrate import upgrade

    with psycopg.connect(plain_url(postgres_url), autocommit=True) as connection:
        # The lock is the connection's: it goes with a worker that dies.
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", (TEMPLATE,))
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", (TEMPLATE,)).fetchone()
        if found is None:
            making = f"{TEMPLATE}_new"
            for statement in ("DROP DATABASE IF EXISTS {} WITH (FORCE)", "CREATE DATABASE {}"):
                connection.execute(sql.SQL(statement).format(sql.Identifier(making)))
            upgrade(_with_database(postgres_url, making))
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            connection.execute(rename.format(sql.Identifier(making), sql.Identifier(TEMPLATE)))
    return TEMPLATE


def _url_of_running(folder: Path) -> str | None:
    try:
        return (folder / "url").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _start_keeper(folder: Path) -> str:
    (folder / "failure").unlink(missing_ok=True)
    with (folder / "keeper.log").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.postgres_keeper", str(folder)],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while (url := _url_of_running(folder)) is None:
        if (folder / "failure").exists():
            pytest.fail((folder / "failure").read_text(encoding="utf-8"))
        if keeper.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the test server did not start; see {folder / 'keeper.log'}")
        time.sleep(0.02)
    # It ends by itself after the last user; nobody waits for it.
    keeper.returncode = 0
    return url


def _with_database(url: str, name: str) -> str:
    return url.replace(f"/{DATABASE}?", f"/{name}?", 1)


def _administer(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        connection.execute(statement)
