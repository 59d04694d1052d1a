"""The web role: every route, the WebSocket gateway, documents and the built web app. Composition only.

From the outside in: `Edge` (request ids, security headers, access log) → `Site` (files of the web app)
→ Litestar: `MediaTypes` → `Guard` (who is calling) → `KeyedWrites` (idempotency keys) → a handler in one
transaction.

What a slice needs of another comes in here, as a port or a named dependency, and nowhere else.
"""

import asyncio
import contextlib
import importlib.metadata
import logging
import signal
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import uvicorn
from litestar import Litestar, MediaType, Response, Router, get
from litestar.connection import Request
from litestar.di import Provide
from litestar.exceptions.base_exceptions import LitestarDeprecationWarning
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import License
from litestar.types import ASGIApp, ControllerRouterHandler
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.pool import QueuePool

from talktalk.chat import api as chat_api
from talktalk.chat.cursors import Cursors
from talktalk.chat.frames import ChatFrames
from talktalk.chat.reader import Reader
from talktalk.chat.writer import Writer
from talktalk.config import Environment, Settings
from talktalk.identity import api as identity_api
from talktalk.identity import dev_inbox, quotas
from talktalk.identity.desk import SignInDesk
from talktalk.identity.guard import Guard
from talktalk.identity.quotas import Quotas
from talktalk.identity.sms import Inbox, sender_from
from talktalk.ledger import reconcile
from talktalk.ledger.health import Reason
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.service import Ledger
from talktalk.platform import context, log
from talktalk.platform.clock import Clock, SystemClock
from talktalk.platform.database import Database
from talktalk.platform.idempotency import KeyedWrite, Replay
from talktalk.platform.limits import Limiter
from talktalk.platform.problems import NotFound, Unavailable
from talktalk.platform.server_key import read_server_key
from talktalk.platform.tasks import end
from talktalk.platform.telemetry import CONTENT_TYPE, Telemetry
from talktalk.platform.web import asyncapi, docs_page, openapi
from talktalk.platform.web.edge import Edge
from talktalk.platform.web.health import HealthCheck
from talktalk.platform.web.keyed import KeyedWrites, note_answer, replay
from talktalk.platform.web.media import MediaTypes
from talktalk.platform.web.origin import this_machine_only
from talktalk.platform.web.problems import HANDLERS
from talktalk.platform.web.site import Site
from talktalk.realtime import protocol
from talktalk.realtime.bus import LocalBus
from talktalk.realtime.feeds import StoredFeeds
from talktalk.realtime.gateway import Gateway
from talktalk.realtime.handshake import websocket_route
from talktalk.realtime.reads import ReadPool
from talktalk.realtime.relations import FriendRelations
from talktalk.social import api as social_api
from talktalk.social import quotas as social_quotas
from talktalk.social import service as social
from talktalk.transfers import api as transfers_api
from talktalk.transfers.invitations import api as invitations_api
from talktalk.transfers.invitations import rules as invitation_rules
from talktalk.transfers.invitations.service import InvitationDesk
from talktalk.transfers.orders import api as orders_api
from talktalk.transfers.orders.bulk import Bulk
from talktalk.transfers.orders.ports import Kinds
from talktalk.transfers.orders.service import OrderDesk
from talktalk.transfers.orders.trust import TrustLines
from talktalk.transfers.requests import api as requests_api
from talktalk.transfers.requests.service import RequestDesk
from talktalk.transfers.rooms import ChatRooms
from talktalk.transfers.schedules import api as schedules_api
from talktalk.transfers.schedules.service import ScheduleDesk
from talktalk.transfers.service import TransferDesk
from talktalk.wallet import api as wallet_api
from talktalk.wallet.service import WalletDesk
from talktalk.wallet.tokens import tokens_from
from talktalk.webhooks import api as webhooks_api
from talktalk.webhooks import described as webhooks_described
from talktalk.webhooks.service import WebhookDesk
from talktalk_wire.about import About
from talktalk_wire.chat import MessageKind
from talktalk_wire.realtime import FRAME_BYTES_MAX

BODY_BYTES_MAX = 64 * 1024
"""Of a request, unless the route says otherwise."""
STOP_TIMEOUT_S = 2
PUBLIC = {"public": True}
"""Put on a route that anyone may call."""
_log = logging.getLogger(__name__)
NO_STORE = {"Cache-Control": "no-store"}


def version() -> str:
    """Of the installed distribution; `0+source` when run from a bare source tree."""
    try:
        return importlib.metadata.version("talktalk")
    except importlib.metadata.PackageNotFoundError:
        return "0+source"


class Web:
    """One web process: what it is made of, and its life."""

    def __init__(
        self, settings: Settings, *, clock: Clock | None = None, sign_in_quotas: Quotas | None = None
    ) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.telemetry = Telemetry()
        self.database = Database(settings.database_url)
        self.limiter = Limiter(self.database, self.clock)
        self.health = HealthCheck(self.database, settings.ledger_urls, self.clock)
        self.bus = LocalBus()
        self.reads = ReadPool(self.database.conninfo)
        self.chat_reader = Reader(self.reads)
        self.gateway = Gateway(
            clock=self.clock,
            bus=self.bus,
            rooms=self.chat_reader,
            feeds=StoredFeeds(self.reads),
            relations=FriendRelations(self.database),
        )
        self.chat_writer = Writer(self.database.conninfo)
        self.chat_cursors = Cursors(self.database, self.bus)
        ChatFrames(self.gateway, self.chat_writer, self.chat_reader, self.chat_cursors, self.database)
        self.nodes = NodePool(settings.ledger_urls)
        self.wallet_desk = WalletDesk(
            network=settings.network_name,
            explorer_url=settings.explorer_url,
            clock=self.clock,
            tokens=tokens_from(settings),
        )
        self.ledger = Ledger(self.nodes, network=settings.network_name)
        self.transfer_desk = TransferDesk(
            ledger=self.ledger,
            wallets=self.wallet_desk,
            rooms=ChatRooms(),
            clock=self.clock,
        )
        self.invitation_desk = InvitationDesk(
            wallets=self.wallet_desk, clock=self.clock, public_url=settings.public_url
        )
        self.schedule_desk = ScheduleDesk(transfers=self.transfer_desk, clock=self.clock)
        self.request_desk = RequestDesk(
            wallets=self.wallet_desk, rooms=ChatRooms(MessageKind.REQUEST), clock=self.clock
        )
        bulk = Bulk(ledger=self.transfer_desk.ledger, wallets=self.wallet_desk, want=self.transfer_desk.want)
        trust = TrustLines(ledger=self.ledger, wallets=self.wallet_desk)
        kinds: Kinds = {bulk.name: bulk, trust.name: trust}
        self.order_desk = OrderDesk(self.transfer_desk, ChatRooms(MessageKind.ORDER), kinds)
        self.sms = sender_from(settings, self.clock)
        server_key = read_server_key(settings)
        self.webhook_desk = WebhookDesk(
            server_key=server_key, private_targets=settings.webhook_private_targets, clock=self.clock
        )
        self.sign_in_desk = SignInDesk(
            settings=settings,
            server_key=server_key,
            database=self.database,
            clock=self.clock,
            sms=self.sms,
            quotas=sign_in_quotas or (quotas.PRODUCTION if settings.is_production else quotas.DEVELOPMENT),
            newcomers=self.welcome,
        )
        self.telemetry.watch(
            "database_connections_in_use", "Connections checked out of the pool", self._connections_in_use
        )
        for reason in (None, *Reason):
            self._watch_nodes(reason)
        self.telemetry.watch("sockets_open", "WebSocket connections", lambda: len(self.gateway.sockets))
        self.on_broken: Callable[[], None] = lambda: None
        """Called when a part that must always run has failed: this process can serve no longer."""
        with warnings.catch_warnings():
            # Litestar 3 will want names of dependencies and path parameters marked as such; we use 2.
            warnings.simplefilter("ignore", LitestarDeprecationWarning)
            self.litestar = self._litestar()
        self.asgi = self._around(self.litestar)

    async def welcome(self, db: AsyncSession, *, user_id: UUID, device_id: UUID) -> None:
        """Someone signed in for the first time: they get a wallet, and trust this device with it."""
        address = context.current.get().address
        await self.wallet_desk.begin(db, user_id=user_id, device_id=device_id, address=address)
        await self.invitation_desk.note_joined(db, user_id=user_id)

    async def acquaintances(self, db: AsyncSession, user_id: UUID) -> list[UUID]:
        """Who hears of a person's new name."""
        return await social.friend_ids(db, user_id)

    @contextlib.asynccontextmanager
    async def life(self, _: Litestar) -> AsyncIterator[None]:
        """From start to stop."""
        await self.reads.open()
        tasks = [
            asyncio.create_task(self.gateway.run(self.database.conninfo), name="gateway"),
            asyncio.create_task(self.chat_writer.run(), name="chat_writer"),
            asyncio.create_task(self.chat_cursors.run(), name="chat_cursors"),
        ]
        for task in tasks:
            task.add_done_callback(self._ended)
        try:
            async with self.nodes:
                yield
        finally:
            await self.gateway.close()
            await end(tasks)
            await self.reads.close()
            await self.sms.close()
            await self.database.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            _log.error("web.part_failed", extra={"part": task.get_name()}, exc_info=task.exception())
            self.on_broken()

    def _watch_nodes(self, reason: Reason | None) -> None:
        """Show how many ledger nodes are well, or set aside for a reason."""
        self.telemetry.watch(
            f"ledger_nodes_{reason or 'well'}",
            f"Ledger nodes, {reason or 'well'}",
            lambda: float(self.nodes.counts()[reason]),
        )

    def _connections_in_use(self) -> float:
        pool = self.database.engine.pool
        return float(pool.checkedout()) if isinstance(pool, QueuePool) else 0.0

    async def db(self) -> AsyncIterator[AsyncSession]:
        """One transaction a request: committed after the answer is made and before it is sent."""
        write = KeyedWrite.current.get()
        async with self.database.transaction() as db:
            if write is not None:
                await write.begin(db)
            yield db
            if write is not None:
                await write.finish(db)

    def _routes(self) -> list[ControllerRouterHandler]:
        settings = self.settings
        routes: list[ControllerRouterHandler] = [
            *self._own_routes(),
            *identity_api.routes,
            *social_api.routes,
            *chat_api.routes,
            *wallet_api.routes,
            *transfers_api.routes,
            *requests_api.routes,
            *invitations_api.routes,
            *schedules_api.routes,
            *webhooks_api.routes,
            *orders_api.routes,
            websocket_route(self.gateway),
        ]
        if settings.dev_inbox and isinstance(self.sms, Inbox):
            routes.append(
                Router("/", route_handlers=[dev_inbox.InboxPages], guards=[dev_inbox.guard_for(settings)])
            )
        return routes

    def _dependencies(self) -> dict[str, Provide]:
        values: dict[str, object] = {
            "clock": self.clock,
            "settings": self.settings,
            "database": self.database,
            "limiter": self.limiter,
            "health": self.health,
            "telemetry": self.telemetry,
            "sign_in_desk": self.sign_in_desk,
            "acquaintances": self.acquaintances,
            "dev_inbox": self.sms,
            "presence": self.gateway.presence,
            "wallet_desk": self.wallet_desk,
            "ledger": self.ledger,
            "transfer_desk": self.transfer_desk,
            "request_desk": self.request_desk,
            "invitation_desk": self.invitation_desk,
            "invitation_quotas": invitation_rules.PRODUCTION
            if self.settings.is_production
            else invitation_rules.DEVELOPMENT,
            "sms": self.sms,
            "schedule_desk": self.schedule_desk,
            "webhook_desk": self.webhook_desk,
            "order_desk": self.order_desk,
            "chat_reader": self.chat_reader,
            "chat_writer": self.chat_writer,
            "chat_cursors": self.chat_cursors,
            "social_quotas": social_quotas.PRODUCTION
            if self.settings.is_production
            else social_quotas.DEVELOPMENT,
        }
        return {"db": Provide(self.db)} | {name: _provide(value) for name, value in values.items()}

    def _litestar(self) -> Litestar:
        return Litestar(
            route_handlers=self._routes(),
            dependencies=self._dependencies(),
            middleware=[
                MediaTypes,
                DefineMiddleware(
                    Guard, database=self.database, clock=self.clock, secure=self.settings.cookie_secure
                ),
                DefineMiddleware(KeyedWrites, clock=self.clock),
            ],
            exception_handlers={**HANDLERS, Replay: replay},
            after_request=note_answer,
            request_max_body_size=BODY_BYTES_MAX,
            openapi_config=OpenAPIConfig(
                title="TalkTalk",
                version=version(),
                description="Chat and payments on the XRP Ledger. Errors are RFC 9457 problems.",
                license=License(name="Apache-2.0", identifier="Apache-2.0"),
                use_handler_docstrings=True,
                operation_id_creator=openapi.operation_id,
                render_plugins=[DocsPage()],
                openapi_router=Router("/docs", route_handlers=[], opt=PUBLIC, include_in_schema=False),
            ),
            lifespan=[self.life],
            logging_config=None,
        )

    def _around(self, app: ASGIApp) -> ASGIApp:
        if self.settings.web_dist is not None:
            app = Site(app, self.settings.web_dist)
        return Edge(app, self.telemetry, https=self.settings.cookie_secure)

    def _own_routes(self) -> list[ControllerRouterHandler]:
        routes: list[ControllerRouterHandler] = [healthz, readyz, about, openapi_json, asyncapi_json, metrics]
        if self.settings.lan_ca is not None:
            routes.append(lan_ca)
        return routes


# The service's own routes.


@get("/healthz", opt=PUBLIC, tags=["Service"])
async def healthz() -> dict[str, str]:
    """This process is alive."""
    return {"status": "alive"}


@get("/readyz", opt=PUBLIC | {"problems": (Unavailable,)}, tags=["Service"])
async def readyz(health: HealthCheck) -> Response[dict[str, bool]]:
    """Requests can be served: database, schema and ledger answer."""
    state = await health.look()
    parts = {"database": state.database, "migrations": state.migrations, "ledger": state.ledger}
    return Response(parts, status_code=200 if state.ready else 503, headers=NO_STORE)


@get("/api/v1/about", opt=PUBLIC, tags=["Service"])
async def about(settings: Settings, health: HealthCheck) -> About:
    """Version, network, and how the parts are."""
    state = await health.look()
    return About(
        version=version(),
        network=settings.network_name,
        explorer_url=settings.explorer_url,
        database_ok=state.database,
        ledger_ok=state.ledger,
        dev_inbox=settings.dev_inbox,
    )


@get("/openapi.json", opt=PUBLIC, include_in_schema=False)
async def openapi_json(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """The OpenAPI document."""
    return Response(openapi.document(request.app, webhooks_described.operations()))


@get("/asyncapi.json", opt=PUBLIC, include_in_schema=False)
async def asyncapi_json() -> Response[dict[str, Any]]:
    """The AsyncAPI document of the WebSocket."""
    return Response(asyncapi_document())


@get("/metrics", opt=PUBLIC, guards=[this_machine_only], include_in_schema=False)
async def metrics(telemetry: Telemetry, database: Database) -> Response[bytes]:
    """Prometheus metrics, for this machine alone."""
    with contextlib.suppress(OperationalError, TimeoutError):  # the rest is shown without a database
        async with database.transaction() as db:
            for kind, count in (await reconcile.count_open(db)).items():
                telemetry.ledger_differences.labels(kind).set(count)
    return Response(telemetry.exposition(), media_type=CONTENT_TYPE)


@get("/lan/ca.crt", opt=PUBLIC, include_in_schema=False)
async def lan_ca(settings: Settings) -> Response[bytes]:
    """The certificate authority that a phone in the local network has to trust."""
    if settings.lan_ca is None:
        raise NotFound
    certificate = await asyncio.to_thread(settings.lan_ca.read_bytes)
    return Response(certificate, media_type="application/x-x509-ca-cert")


class DocsPage(OpenAPIRenderPlugin):
    """`/docs`: the OpenAPI document as a page without scripts."""

    def __init__(self) -> None:
        super().__init__(path="/", media_type=MediaType.HTML)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page; `openapi_schema` is Litestar's own, without our problems."""
        return docs_page.render(openapi.document(request.app, webhooks_described.operations())).encode()


# What the command line calls.


def server_config(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    """How uvicorn serves it: uvloop, httptools, no compression on the WebSocket, a quick stop."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="talktalk.realtime.server:GatewayProtocol",
        ws_max_size=FRAME_BYTES_MAX,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; stops within three seconds.

    Ends with exit code 1 where a part that must always run has failed, to be started afresh.

    Raises:
        SettingsError: A setting is unusable.
    """
    log.configure()
    web = Web(settings)
    server = uvicorn.Server(server_config(settings, web.asgi))
    broken = False

    def stop(*_: object) -> None:
        server.should_exit = True

    def give_up() -> None:
        nonlocal broken
        broken = True
        stop()

    web.on_broken = give_up

    # uvicorn raises the signal again once it has stopped; then this hears it, and the exit code is 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server.run()
    if broken:
        sys.exit(1)


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of all routes, made without a database."""
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "server.key"
        key.write_text("00" * 32)
        settings = Settings(
            environment=Environment.DEVELOPMENT,
            database_url="postgresql+psycopg://nowhere/none",
            server_key_file=key,
            sms_sender="inbox",
            dev_inbox=True,
        )
        return openapi.document(Web(settings).litestar, webhooks_described.operations())


def asyncapi_document() -> dict[str, Any]:
    """The AsyncAPI document of the WebSocket."""
    answers = {frame.t: frame.answer for frame in protocol.CLIENT if frame.answer}
    return asyncapi.document(protocol.CLIENT_FRAMES, protocol.SERVER_FRAMES, answers, version())


def _provide(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)
