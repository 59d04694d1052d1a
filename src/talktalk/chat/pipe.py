"""One PostgreSQL connection in libpq's pipeline mode, driven by the event loop.

psycopg's cursors cost more than the statements of a small batch do, so the writer speaks to libpq
(psycopg's own binding of it) itself. What is submitted together is one implicit transaction: it
commits at its sync point, and its results are handed out only after that point has been passed.

- At most one batch is under way; the writer collects the next one meanwhile.
- Parameters and results are binary. `uuids`, `texts` build array parameters.
- A lost connection raises `PipeLost`: whether the batch was committed is not known here.
"""

import asyncio
import struct
from collections.abc import Iterable, Sequence
from typing import Final

import psycopg
from psycopg import pq

_UUID_OID: Final = 2950
_TEXT_OID: Final = 25
_ARRAY_HEADER: Final = struct.Struct("!iiIii")
_UUID_LENGTH: Final = struct.pack("!i", 16)
_length = struct.Struct("!i").pack


WATCH_S: Final = 0.25
"""How often a waiting connection is looked at unasked."""


class PipeError(Exception):
    """A batch was not committed: the server refused a statement, and rolled back."""

    def __init__(self, state: str, text: str, call: int) -> None:
        super().__init__(f"{state}: {text}")
        self.state = state
        """SQLSTATE."""
        self.call = call
        """Which of the submitted statements it was, from 0."""


class PipeLost(Exception):
    """The connection was lost; the batch under way may or may not have been committed."""


def uuids(values: Sequence[bytes]) -> bytes:
    """A `uuid[]` in binary; each value has 16 bytes."""
    if not values:
        return _ARRAY_HEADER.pack(0, 0, _UUID_OID, 0, 1)[:12]
    header = _ARRAY_HEADER.pack(1, 0, _UUID_OID, len(values), 1)
    return header + _UUID_LENGTH + _UUID_LENGTH.join(values)


def texts(values: Iterable[bytes]) -> bytes:
    """A `text[]` in binary; each value is UTF-8."""
    parts: list[bytes] = []
    count = 0
    for value in values:
        parts.append(_length(len(value)))
        parts.append(value)
        count += 1
    return _ARRAY_HEADER.pack(1, 0, _TEXT_OID, count, 1) + b"".join(parts)


class Pipe:
    """One connection and its prepared statements."""

    def __init__(self, connection: psycopg.AsyncConnection) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self.backend_pid = self._pg.backend_pid
        """The server process of this connection."""
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[list[pq.abc.PGresult]] | None = None
        self._results: list[pq.abc.PGresult] = []
        self._writing = False
        self._lost = False
        self._socket = self._pg.socket
        self._pg.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._on_readable)
        self._watch = self._loop.call_later(WATCH_S, self._look)

    @classmethod
    async def connect(
        cls, conninfo: str, statements: dict[bytes, bytes], settings: dict[str, str], *, timeout_s: float
    ) -> "Pipe":
        """Connect, apply settings and prepare the statements.

        Raises:
            PipeLost: No connection within `timeout_s`.
        """
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        try:
            async with asyncio.timeout(timeout_s):
                connection = await psycopg.AsyncConnection.connect(
                    conninfo, autocommit=True, options=options, keepalives_idle=10
                )
                for name, text in statements.items():
                    await connection.execute(b"PREPARE " + name + b" AS " + text)
        except (OSError, TimeoutError, psycopg.Error) as error:
            raise PipeLost(str(error)) from error
        return cls(connection)

    def submit(
        self, calls: Sequence[tuple[bytes, Sequence[bytes]]]
    ) -> "asyncio.Future[list[pq.abc.PGresult]]":
        """Run prepared statements as one transaction.

        Args:
            calls: Name and binary parameters of each statement, in order.

        Returns:
            One result per call, once committed. The future raises `PipeError` (rolled back) or
            `PipeLost` (not known).
        """
        assert self._waiter is None, "one batch at a time"
        waiter = self._waiter = self._loop.create_future()
        if self._lost:
            self._fail("the connection was lost before")
            return waiter
        self._results = []
        try:
            for name, parameters in calls:
                self._pg.send_query_prepared(
                    name,
                    parameters,
                    param_formats=[pq.Format.BINARY] * len(parameters),
                    result_format=pq.Format.BINARY,
                )
            self._pg.pipeline_sync()
            self._flush()
        except psycopg.OperationalError as error:
            self._fail(str(error))
        return waiter

    def close(self) -> None:
        """End the connection; a batch under way fails with `PipeLost`."""
        self._fail("closed")

    def _look(self) -> None:
        """Read without having been told to.

        Where the server dies with our query unread the kernel reports an error on the socket, not an end of
        input, and uvloop then stops telling us anything about it.
        """
        if self._waiter is not None:
            self._on_readable()
        if not self._lost:
            self._watch = self._loop.call_later(WATCH_S, self._look)

    def _flush(self) -> None:
        pending = self._pg.flush()
        if pending and not self._writing:
            self._writing = True
            self._loop.add_writer(self._socket, self._on_writable)
        elif not pending and self._writing:
            self._writing = False
            self._loop.remove_writer(self._socket)

    def _on_writable(self) -> None:
        try:
            self._flush()
        except psycopg.OperationalError as error:
            self._fail(str(error))

    def _on_readable(self) -> None:
        try:
            self._pg.consume_input()
            while not self._pg.is_busy():
                result = self._pg.get_result()
                if result is None:  # between two statements, or nothing more to come
                    if self._waiter is None:
                        return
                    if self._pg.status != pq.ConnStatus.OK:
                        self._fail("the connection is broken")
                        return
                    continue
                if result.status == pq.ExecStatus.PIPELINE_SYNC:
                    self._finish()
                    return
                self._results.append(result)
        except psycopg.OperationalError as error:
            self._fail(str(error))

    def _finish(self) -> None:
        waiter, self._waiter = self._waiter, None
        results, self._results = self._results, []
        if waiter is None or waiter.done():
            return
        for call, result in enumerate(results):
            if result.status == pq.ExecStatus.FATAL_ERROR:
                state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
                waiter.set_exception(PipeError(state, result.error_message.decode(errors="replace"), call))
                return
        waiter.set_result(results)

    def _fail(self, why: str) -> None:
        if not self._lost:
            self._lost = True
            self._watch.cancel()
            self._loop.remove_reader(self._socket)
            if self._writing:
                self._loop.remove_writer(self._socket)
            self._pg.finish()
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(PipeLost(why))
