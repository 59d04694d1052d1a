"""A PostgreSQL that dies or stands still with a query unread: the query ends, and the next one works.

The database stands behind a relay in a thread, which can stop reading and then break the connection, so that
the query lies unread when the connection ends: the kernel then reports an error and no data.
"""

import asyncio
import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import psycopg
import pytest
import uvloop
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from talktalk.platform.connection import Connection, ListeningConnection
from talktalk.platform.database import Database

pytestmark = pytest.mark.integration
LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
QUERY = b"SELECT 'never read'"
TIMEOUT_S = 30.0


class Relay:
    """Passes bytes on until it stands still."""

    def __init__(self, database_url: str) -> None:
        info = conninfo_to_dict(make_url(database_url).set(drivername="postgresql").render_as_string(False))
        self._target = (str(info["host"]), int(info.get("port") or 5432))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = (
            make_url(database_url)
            .set(host="127.0.0.1", port=self._listening.getsockname()[1], query={})
            .render_as_string(hide_password=False)
        )
        self.stands_still = threading.Event()
        self.breaks = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._ends.set()
        self._thread.join()
        self._break()
        self._selector.close()
        self._listening.close()

    def _run(self) -> None:
        while not self._ends.is_set():
            if self.breaks.is_set():
                self._break()
                self.breaks.clear()
                self.stands_still.clear()
            for key, _ in self._selector.select(timeout=0.02):
                if key.fileobj is self._listening:
                    self._accept()
                else:
                    assert isinstance(key.fileobj, socket.socket)
                    try:
                        self._pass(key.fileobj)
                    except OSError:  # a side reset it, or its other side is closed by now
                        self._drop(key.fileobj)

    def _accept(self) -> None:
        near, _ = self._listening.accept()
        host, port = self._target
        if host.startswith("/"):
            far = socket.socket(socket.AF_UNIX)
            far.connect(f"{host}/.s.PGSQL.{port}")
        else:
            far = socket.create_connection(self._target)
        self._pairs[near], self._pairs[far] = far, near
        for end in (near, far):
            self._selector.register(end, selectors.EVENT_READ)

    def _pass(self, end: socket.socket) -> None:
        if QUERY in end.recv(65536, socket.MSG_PEEK):
            self.stands_still.set()
        if self.stands_still.is_set():
            self._selector.unregister(end)  # what came lies unread
            return
        data = end.recv(65536)
        other = self._pairs.get(end)
        if data and other is not None:
            other.sendall(data)
        else:
            self._drop(end)

    def _drop(self, end: socket.socket) -> None:
        other = self._pairs.pop(end, None)
        for each in (end, other):
            if each is not None:
                self._pairs.pop(each, None)
                with contextlib.suppress(KeyError, ValueError):
                    self._selector.unregister(each)
                each.close()

    def _break(self) -> None:
        for end in list(self._pairs):
            self._drop(end)


@pytest.fixture
def relay(database_url: str) -> Iterator[Relay]:
    relay = Relay(database_url)
    yield relay
    relay.close()


def _run(loop: str, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await main()

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(bounded())


@pytest.mark.parametrize("loop", LOOPS)
def test_server_that_dies_with_a_query_unread_ends_the_query(relay: Relay, loop: str) -> None:
    async def main() -> None:
        database = Database(relay.url, pool_size=1)
        try:
            async with database.transaction() as db:
                assert await db.scalar(text("SELECT 1")) == 1
            asked = asyncio.create_task(_ask(database))
            await asyncio.to_thread(relay.stands_still.wait)
            relay.breaks.set()
            with pytest.raises(OperationalError):
                await asked
            # The connection is gone, and another takes its place.
            async with database.transaction() as db:
                assert await db.scalar(text("SELECT 2")) == 2
        finally:
            await database.close()

    _run(loop, main)


@pytest.mark.parametrize("loop", LOOPS)
def test_server_that_stands_still_is_given_up(relay: Relay, loop: str) -> None:
    class Impatient(Connection):
        answer_timeout_s = 0.5

    async def main() -> None:
        database = Database(relay.url, pool_size=1, connection=Impatient)
        try:
            with pytest.raises(OperationalError, match="does not answer"):
                await _ask(database)
            relay.breaks.set()
            await asyncio.to_thread(_until_clear, relay.breaks)
            async with database.transaction() as db:
                assert await db.scalar(text("SELECT 2")) == 2
        finally:
            await database.close()

    _run(loop, main)


@pytest.mark.parametrize("loop", LOOPS)
def test_listener_and_holder_notice_a_server_that_died(relay: Relay, loop: str) -> None:
    async def main() -> None:
        conninfo = Database(relay.url).conninfo
        connection = await ListeningConnection.open(conninfo)
        await connection.execute("LISTEN something")
        listening = asyncio.create_task(anext(connection.notifies()))
        relay.breaks.set()
        with pytest.raises(psycopg.OperationalError):
            await listening

    _run(loop, main)


def test_end_that_the_event_loop_does_not_tell_is_noticed(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What uvloop does with some errors of a socket: who waits for data hears nothing."""

    async def main() -> None:
        conninfo = Database(relay.url).conninfo
        for kind in (Connection, ListeningConnection):
            connection = await kind.open(conninfo)
            with monkeypatch.context() as deaf:
                deaf.setattr(asyncio.get_running_loop(), "add_reader", lambda *_: None)
                asked = asyncio.create_task(connection.execute(QUERY))
                await asyncio.to_thread(relay.stands_still.wait)
                relay.breaks.set()
                with pytest.raises(psycopg.OperationalError):
                    await asked
                await asyncio.to_thread(_until_clear, relay.breaks)

    _run("asyncio", main)


async def _ask(database: Database) -> None:
    async with database.transaction() as db:
        await db.execute(text(QUERY.decode()))


def _until_clear(event: threading.Event) -> None:
    while event.is_set():
        threading.Event().wait(0.01)
