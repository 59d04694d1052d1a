"""Embedded PostgreSQL, real: it starts, keeps its data, survives a kill, says what is wrong."""

import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from talktalk.supervisor import postgres
from talktalk.supervisor.accounts import Account, can_execute, unprivileged_account
from talktalk.supervisor.errors import DataFolderCorrupt, DataFolderError, PostgresError
from talktalk.supervisor.postgres import EmbeddedPostgres, plain_url

pytestmark = pytest.mark.integration


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that PostgreSQL's account can use, which pytest's own is not when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="talktalk-test-", dir="/tmp"))
    account = unprivileged_account(folder)
    if account:
        account.own(folder)
    yield folder
    shutil.rmtree(folder)


def ask(url: str, statement: str) -> object:
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None


def test_data_is_there_after_a_restart(data_dir: Path) -> None:
    with EmbeddedPostgres() as server:
        url = server.start(data_dir)
        with psycopg.connect(plain_url(url)) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with EmbeddedPostgres() as server:
        assert ask(server.start(data_dir), "SELECT answer FROM kept") == 42


def test_every_commit_is_durable_by_default(data_dir: Path) -> None:
    with EmbeddedPostgres() as server:
        url = server.start(data_dir)
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert ask(url, f"SHOW {setting}") == "on"
        assert ask(url, "SHOW server_encoding") == "UTF8"
        assert ask(url, "SELECT datlocale FROM pg_database WHERE datname = current_database()") == "C.UTF-8"


def test_server_is_reached_by_a_private_socket_and_never_by_tcp(data_dir: Path) -> None:
    with EmbeddedPostgres() as server:
        url = server.start(data_dir)
        assert ask(url, "SHOW listen_addresses") == ""
        folder = Path(str(ask(url, "SHOW unix_socket_directories")))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_starts_after_the_server_was_killed(data_dir: Path) -> None:
    server = EmbeddedPostgres()
    url = server.start(data_dir)
    with psycopg.connect(plain_url(url)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    assert (data_dir / "postgres" / "postmaster.pid").exists()
    with EmbeddedPostgres() as again:
        assert ask(again.start(data_dir), "SELECT answer FROM kept") == 42


def test_starts_when_the_stale_pid_belongs_to_another_process_now(data_dir: Path) -> None:
    with EmbeddedPostgres() as server:
        server.start(data_dir)
    pid_file = data_dir / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getppid()}\n{data_dir / 'postgres'}\n1\n5432\n", encoding="utf-8")
    with EmbeddedPostgres() as again:
        assert ask(again.start(data_dir), "SELECT 1") == 1


def test_a_server_that_outlived_its_supervisor_is_stopped(data_dir: Path) -> None:
    leftover, again = EmbeddedPostgres(), EmbeddedPostgres()
    leftover.start(data_dir)
    try:
        assert ask(again.start(data_dir), "SELECT 1") == 1
    finally:
        again.stop()
        leftover.stop()


def test_an_interrupted_first_start_leaves_nothing_half_made(data_dir: Path) -> None:
    (data_dir / "postgres.new").mkdir()
    (data_dir / "postgres.new" / "PG_VERSION").write_text("18\n", encoding="utf-8")
    with EmbeddedPostgres() as server:
        assert ask(server.start(data_dir), "SELECT 1") == 1
    assert not (data_dir / "postgres.new").exists()


@pytest.mark.parametrize("damage", ["PG_VERSION", "global/pg_control", "pg_wal"])
def test_missing_parts_of_the_cluster_are_named(data_dir: Path, damage: str) -> None:
    with EmbeddedPostgres() as server:
        server.start(data_dir)
    part = data_dir / "postgres" / damage
    shutil.rmtree(part) if part.is_dir() else part.unlink()
    with pytest.raises(DataFolderCorrupt, match=damage) as caught:
        postgres.prepare(data_dir)
    assert "--data" in caught.value.way_out


def test_a_cluster_of_another_version_is_refused(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir()
    (data_dir / "postgres" / "PG_VERSION").write_text("9.6\n", encoding="utf-8")
    with pytest.raises(DataFolderCorrupt, match=r"9\.6"):
        postgres.prepare(data_dir)


def test_what_the_server_says_when_it_stops_at_once_is_shown(data_dir: Path) -> None:
    with EmbeddedPostgres() as server:
        server.start(data_dir)
    (data_dir / "postgres" / "global" / "pg_control").write_bytes(b"\0" * 8192)
    with pytest.raises(PostgresError, match="stopped at once") as caught:
        EmbeddedPostgres().start(data_dir)
    assert "postgres.log" in caught.value.way_out


def test_a_long_path_puts_the_socket_elsewhere(data_dir: Path) -> None:
    deep = data_dir / ("long" * 25)
    deep.mkdir()
    account = unprivileged_account(data_dir)
    if account:
        account.own(deep)
    with EmbeddedPostgres() as server:
        url = server.start(deep)
        folder = Path(str(ask(url, "SHOW unix_socket_directories")))
        assert deep not in folder.parents
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
def test_a_folder_out_of_the_accounts_reach_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DataFolderError, match="cannot enter the folder"):
        postgres.prepare(closed)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert list(closed.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
def test_programs_are_copied_where_their_account_can_reach_them(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed_wheel(program: Path, account: Account | None) -> bool:
        return data_dir in program.parents and can_execute(program, account)

    monkeypatch.setattr("talktalk.supervisor.postgres.can_execute", closed_wheel)
    for _ in range(2):  # made once, found again
        with EmbeddedPostgres() as server:
            assert ask(server.start(data_dir), "SELECT 1") == 1
    assert len(list((data_dir / "postgres-programs").iterdir())) == 1
