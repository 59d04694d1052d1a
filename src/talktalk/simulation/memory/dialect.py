"""The driver that is none: SQLAlchemy's engine over the store.

Sessions, unit of work, compiled cache and results are SQLAlchemy's own. Where a driver would send a
text, `MemoryDialect` takes the compiled statement itself and runs its program. Between the client and
the server stands a `Gate`: it may make every step wait, break the connection, or break it on either
side of a commit; the simulation's network is one.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import psycopg
from sqlalchemy import MetaData
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import AdaptedConnection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.sql.sqltypes import TupleType
from sqlalchemy.util import await_

from talktalk.simulation.memory import schema, texts, views
from talktalk.simulation.memory.errors import ConnectionLost
from talktalk.simulation.memory.expressions import Run
from talktalk.simulation.memory.statements import Answer, Compiler
from talktalk.simulation.memory.store import Store, Transaction

registry.register("postgresql.memory", __name__, "MemoryDialect")


class Gate(Protocol):
    """What lies between a client and the server. Each may raise `ConnectionLost`."""

    async def connecting(self) -> None:
        """A connection is being made."""
        ...

    def connected(self, connection: "MemoryConnection") -> None:
        """It was made."""
        ...

    async def asking(self, what: str) -> None:
        """A statement is on its way to the server."""
        ...

    async def answering(self) -> None:
        """Its answer is on its way back: it has been done."""
        ...

    async def committing(self) -> None:
        """A commit is on its way to the server: nothing is durable yet."""
        ...

    async def committed(self) -> None:
        """The commit is durable; its answer is on its way back."""
        ...


class OpenGate:
    """Nothing in between."""

    async def connecting(self) -> None:
        """At once."""

    def connected(self, connection: "MemoryConnection") -> None:
        """Nobody cuts it."""

    async def asking(self, what: str) -> None:
        """At once."""

    async def answering(self) -> None:
        """At once."""

    async def committing(self) -> None:
        """At once."""

    async def committed(self) -> None:
        """At once."""


class MemoryCursor:
    """What SQLAlchemy takes a result from."""

    arraysize = 1
    server_side = False

    def __init__(self, connection: "MemoryConnection") -> None:
        self.connection = connection
        self.description: list[tuple[Any, ...]] | None = None
        self.rowcount = -1
        self._rows: list[tuple[Any, ...]] = []

    def answer(self, answer: Answer, names: Sequence[str]) -> None:
        """Hold an answer."""
        self._rows = answer.rows
        self.rowcount = answer.count
        self.description = [(name, None, None, None, None, None, None) for name in names] or None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All that is left."""
        rows, self._rows = self._rows, []
        return rows

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next."""
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """The next few."""
        rows, self._rows = self._rows[: size or 1], self._rows[size or 1 :]
        return rows

    def close(self) -> None:
        """Nothing to give back."""
        self._rows = []

    async def _async_soft_close(self) -> None:
        """Keep what was not fetched yet."""


class MemoryConnection(AdaptedConnection):
    """One session with the server."""

    __slots__ = ("broken", "gate", "server", "transaction")

    def __init__(self, server: Store, gate: Gate) -> None:
        self.server = server
        self.gate = gate
        self.transaction: Transaction | None = None
        self.broken = False

    def cursor(self, *_: object) -> MemoryCursor:
        """A new cursor."""
        return MemoryCursor(self)

    def drop(self) -> None:
        """The connection is gone: the server undoes what was not committed."""
        self.broken = True
        if self.transaction is not None:
            self.transaction.rollback()
            self.transaction = None

    def begun(self) -> Transaction:
        """The transaction under way; begun by its first statement."""
        if self.broken:
            raise self.server.lost()
        if self.transaction is None:
            self.transaction = Transaction(self.server)
        if self.transaction.failed:
            raise psycopg.errors.InFailedSqlTransaction("current transaction is aborted")
        return self.transaction

    def commit(self) -> None:
        """Make it durable, if the way to the server lets it."""
        if self.transaction is None:
            return
        await_(self._commit())

    async def _commit(self) -> None:
        try:
            await self.gate.committing()
            transaction = self.begun()
        except ConnectionLost:
            self.drop()
            raise
        transaction.commit()
        self.transaction = None
        try:
            await self.gate.committed()
        except ConnectionLost:
            self.drop()
            raise

    def rollback(self) -> None:
        """Undo; where the connection is gone the server has done so."""
        if self.transaction is not None:
            self.transaction.rollback()
            self.transaction = None

    def close(self) -> None:
        """Say goodbye."""
        self.drop()

    terminate = close


class MemoryDialect(PGDialect):
    """PostgreSQL's dialect, with the last step taken here."""

    driver = "memory"
    is_async = True
    supports_statement_cache = True
    default_paramstyle = "named"
    has_terminate = True
    bind_typing = PGDialect.bind_typing

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)  # type: ignore[no-untyped-call]  # SQLAlchemy's
        self.server_version_info = (18, 0)

    @classmethod
    def import_dbapi(cls) -> Any:
        """Psycopg, for its classes of errors."""
        return psycopg

    @classmethod
    def get_pool_class(cls, url: Any) -> Any:
        """The pool real connections have."""
        return AsyncAdaptedQueuePool

    def initialize(self, connection: Any) -> None:
        """Ask the server nothing."""

    def on_connect(self) -> None:
        """Nothing to set."""
        return

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Whether it still stands."""
        return not dbapi_connection.broken

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        """Whether the connection is of no use any more."""
        return isinstance(e, ConnectionLost)

    def do_begin(self, dbapi_connection: Any) -> None:
        """The first statement begins."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Undo."""
        dbapi_connection.rollback()

    def do_commit(self, dbapi_connection: Any) -> None:
        """Make durable."""
        dbapi_connection.commit()

    def do_terminate(self, dbapi_connection: Any) -> None:
        """Cut."""
        dbapi_connection.close()

    # --- savepoints ---

    def do_savepoint(self, connection: Any, name: str) -> None:
        """Set a mark."""
        self._marks(connection)[name] = self._dbapi(connection).begun().mark()

    def do_rollback_to_savepoint(self, connection: Any, name: str) -> None:
        """Undo down to a mark."""
        dbapi = self._dbapi(connection)
        if dbapi.broken or dbapi.transaction is None:
            raise dbapi.server.lost()
        dbapi.transaction.rollback_to(self._marks(connection)[name])

    def do_release_savepoint(self, connection: Any, name: str) -> None:
        """Keep what was done since."""
        del self._marks(connection)[name]

    @staticmethod
    def _dbapi(connection: Any) -> MemoryConnection:
        found: MemoryConnection = connection.connection.dbapi_connection
        return found

    @staticmethod
    def _marks(connection: Any) -> dict[str, int]:
        marks: dict[str, int] = connection.connection.info.setdefault("marks", {})
        return marks

    # --- statements ---

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        """Run one statement with one set of parameters."""
        self._run(cursor, context, context.compiled_parameters[:1])

    def do_executemany(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        """Run one statement with many sets, as one."""
        self._run(cursor, context, context.compiled_parameters)

    def do_execute_no_params(self, cursor: Any, statement: Any, context: Any = None) -> None:
        """Run one statement without parameters."""
        self._run(cursor, context, [{}])

    def _deliver_insertmanyvalues_batches(
        self, connection: Any, cursor: Any, statement: Any, parameters: Any, sizes: Any, context: Any
    ) -> Any:
        """Insert all rows in one step, where SQLAlchemy would write one long statement."""
        try:
            self._run(cursor, context, context.compiled_parameters)
        except BaseException as error:  # noqa: BLE001 - SQLAlchemy wraps it, as where it runs this itself
            connection._handle_dbapi_exception(
                error, statement, parameters, cursor, context, is_sub_exec=True
            )
        if context.compiled.effective_returning:
            context._insertmanyvalues_rows = cursor.fetchall()
        yield from ()

    def _run(self, cursor: MemoryCursor, context: Any, parameters: Sequence[dict[str, Any]]) -> None:
        connection = cursor.connection
        compiled = context.compiled
        try:
            await_(connection.gate.asking(compiled.string))
            tx = connection.begun()
            program = compiled.__dict__.get("memory_program")
            if program is None:
                program = compiled.__dict__["memory_program"] = _program(compiled, connection.server)
            run = Run(connection.server, tx, {}, connection.server.now())
            rows: list[tuple[Any, ...]] = []
            count = 0
            try:
                for each in parameters:
                    run.parameters = _whole(context, each)
                    answer = program(run)
                    rows += answer.rows
                    count += answer.count
            except psycopg.Error:
                tx.failed = True
                raise
            await_(connection.gate.answering())
            if connection.broken:
                raise connection.server.lost()
        except ConnectionLost:
            connection.drop()
            raise
        if isinstance(compiled.statement, TextClause):
            names = [f"column{number}" for number in range(len(rows[0]))] if rows else []
        else:
            names = [entry.name for entry in compiled._result_columns]
        cursor.answer(Answer(rows, count), names)


def _program(compiled: Any, server: Store) -> Any:
    if isinstance(compiled.statement, TextClause):
        return texts.find(compiled.statement)
    return Compiler(compiled, server).program()


def _whole(context: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters with lists as lists again, which SQLAlchemy takes apart for the text of IN."""
    expanded = context._expanded_parameters
    if not expanded:
        return parameters
    whole = dict(parameters)
    for name, names in expanded.items():
        values = [parameters[each] for each in names]
        kind = context.compiled.binds[name].type
        if isinstance(kind, TupleType):
            width = len(kind.types)
            values = [tuple(values[start : start + width]) for start in range(0, len(values), width)]
        whole[name] = values
    return whole


def memory_engine(store: Store, *, gate: Gate | None = None, pool_size: int = 10) -> AsyncEngine:
    """An engine whose database is `store`; its clients' way there is `gate`.

    All engines of one store share what they have compiled, for as long as the store lives.
    """
    common: AsyncEngine | None = store.attached.get("engine")
    if common is None:
        common = store.attached["engine"] = create_async_engine("postgresql+memory://")
    way = gate or OpenGate()

    def connect() -> Any:
        await_(way.connecting())
        connection = MemoryConnection(store, way)
        way.connected(connection)
        return connection

    dialect = common.sync_engine.dialect
    pool = AsyncAdaptedQueuePool(connect, pool_size=pool_size, max_overflow=0, timeout=10, dialect=dialect)
    engine = Engine(pool, dialect, common.sync_engine.url)
    engine._compiled_cache = common.sync_engine._compiled_cache
    return AsyncEngine(engine)


def memory_store(metadata: MetaData, now: Any) -> Store:
    """An empty database with the tables of the metadata."""
    store = Store(now)
    schema.build(store, metadata)
    store.views.update(views.VIEWS)
    return store
