"""PostgreSQL connections whose waiting always ends: with the answer, or with `OperationalError`.

Two things can leave a query waiting for ever, though the server's own `statement_timeout` is set:

- The server dies with the query unread. The kernel then reports an error on the socket instead of data, and
  not every event loop tells that to who waits for data. So while a query is under way the socket is read
  from every `interval`, asked or not: reading nothing costs nothing, and an error is found.
- The server, or the way to it, stands still: nothing arrives and nothing breaks. So an answer that has not
  come after `ANSWER_TIMEOUT_S` is given up, and the connection with it.

What was asked may have happened or not, as with every lost connection.
"""

from typing import Any, ClassVar, Final, Self, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo
from psycopg.waiting import Ready

STATEMENT_TIMEOUT_S: Final = 15
"""The server gives up a statement by itself."""
ANSWER_TIMEOUT_S: Final = 20.0
"""Longer than the server takes to say that it gave up."""
KEEPALIVES: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""libpq's settings by which the kernel notices that the other machine is gone."""
RV = TypeVar("RV")


class ListeningConnection(psycopg.AsyncConnection[Any]):
    """Notices a server that died; waits for an answer, a lock or a notification as long as it takes."""

    answer_timeout_s: ClassVar[float | None] = None

    @classmethod
    async def open(cls, conninfo: str) -> Self:
        """Connect, each statement a transaction of its own.

        Raises:
            OperationalError: No connection.
        """
        return await cls.connect(make_conninfo(conninfo, **KEEPALIVES), autocommit=True)

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for libpq, looking at the socket every `interval` seconds.

        Raises:
            OperationalError: The connection is lost, or the server does not answer.
        """
        if timeout is not None or self.answer_timeout_s is None:
            return await super().wait(_looking(gen), interval, timeout)
        try:
            return await super().wait(_looking(gen), interval, self.answer_timeout_s)
        except psycopg.errors._WaitTimeout as error:
            self.pgconn.finish()
            raise psycopg.OperationalError("the server does not answer") from error


class Connection(ListeningConnection):
    """For statements: gives up when no answer comes."""

    answer_timeout_s = ANSWER_TIMEOUT_S


def _looking(gen: PQGen[RV]) -> PQGen[RV]:
    """The same steps of libpq; where nothing was heard, it reads all the same."""
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            wanted = gen.send(ready or Ready.R)
    except StopIteration as end:
        value: RV = end.value
        return value
