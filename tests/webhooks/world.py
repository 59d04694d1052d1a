"""A person with webhooks, over a real server and PostgreSQL; the worker's parts are called by hand, so that
a test says when."""

from types import TracebackType
from typing import Any, Self
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from talktalk.platform import feed
from talktalk.platform.database import Database
from talktalk.platform.server_key import read_server_key
from talktalk.webhooks.delivering import Deliverer
from talktalk.webhooks.fanout import Fanout
from talktalk.webhooks.sending import Outcome, Sender
from tests.clocks import TurnedClock
from tests.fixtures_app import RunningApp, sign_in


class Desk:
    """Someone signed in, and a worker's hands."""

    def __init__(self, app: RunningApp, phone: str, **sender: Any) -> None:
        self.app = app
        self.clock = TurnedClock()
        self.database = Database(app.settings.database_url)
        self.client = app.client()
        self.user_id = UUID(int=0)
        self._phone = phone
        self.fanout = Fanout(self.database, self.clock)
        self.sender = Sender(self.clock, **{"private_targets": True, "timeout_s": 5.0, **sender})
        self.deliverer = Deliverer(self.database, self.clock, self.sender, read_server_key(app.settings))

    async def __aenter__(self) -> Self:
        self.clock.turn(minutes=10)  # ahead of the server's: what it says is due now, is
        self.user_id = (await sign_in(self.client, self._phone)).me.id
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.aclose()
        await self.database.close()

    async def ask(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """A request below `/api/v1/webhooks`."""
        answer = await self.client.request(method, f"/api/v1/webhooks{path}", **options)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def register(self, url: str, *types: str, status: int = 201) -> Any:
        """A webhook with its secret."""
        ask = {"url": url, "event_types": types or ("transfer.*", "wallet.activity")}
        return await self.ask("POST", "", status, json=ask)

    async def happens(self, *events: tuple[str, dict[str, Any]], to: UUID | None = None) -> None:
        """Facts are written that concern the person."""
        async with self.database.transaction() as db:
            await feed.append_all(db, [(to or self.user_id, kind, data) for kind, data in events])

    async def fan_out(self) -> None:
        """What a worker does when it is woken."""
        while await self.fanout.step():
            pass

    async def due(self) -> list[UUID]:
        """Deliveries that wait, oldest first."""
        rows = self.rows("SELECT id FROM webhook_deliveries WHERE next_attempt_at IS NOT NULL ORDER BY id")
        return [row["id"] for row in rows]

    async def attempt_all(self) -> list[Outcome | None]:
        """Try everything that waits."""
        return [await self.deliverer.deliver(delivery_id) for delivery_id in await self.due()]

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """What a statement finds, past the application."""
        with psycopg.connect(self.database.conninfo, row_factory=dict_row) as db:
            return db.execute(statement, values).fetchall()

    def write(self, statement: str, *values: object) -> None:
        """Change rows, past the application."""
        with psycopg.connect(self.database.conninfo) as db:
            db.execute(statement, values)


def transfer(state: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    """The event of a transfer that has come to a state."""
    return "transfer.turned", {"transfer": {"id": "t1", "state": state, "version": 1, **fields}}
