"""House rules of routes, problems and tables, as tests over the real application."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

import talktalk
from talktalk.app import Web, openapi_document
from talktalk.config import Environment, Settings
from talktalk.platform.problems import Trouble

PUBLIC = {
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",  # this machine only
    "GET /lan/ca.crt",
    "GET /openapi.json",
    "GET /asyncapi.json",
    "GET /docs",
    "GET /docs/openapi.json",
    "GET /docs/{path}",
    "GET /api/v1/about",
    "POST /api/v1/auth/challenges",
    "POST /api/v1/auth/sessions",
    "GET /dev/inbox",  # development, this machine only
    "GET /dev/sms/{phone}",  # development, this machine only
}
"""Everything that may be asked without a session. Adding a line here is a decision."""


FOR_PROGRAMS = {
    "GET /api/v1/assets": "read",
    "GET /api/v1/assets/{asset}": "read",
    "GET /api/v1/me": "read",
    "GET /api/v1/wallet": "read",
    "GET /api/v1/wallet/activity": "read",
    "GET /api/v1/wallet/activity/{activity_id}": "read",
    "GET /api/v1/wallet/activity.csv": "read",
    "GET /api/v1/transfers": "read",
    "GET /api/v1/transfers/{transfer_id}": "read",
    "POST /api/v1/transfers": "drafts",
    "POST /api/v1/transfers/checks": "drafts",
    "POST /api/v1/transfers/{transfer_id}/cancel": "drafts",
    "GET /api/v1/webhooks": "webhooks",
    "POST /api/v1/webhooks": "webhooks",
    "GET /api/v1/webhooks/event-types": "webhooks",
    "GET /api/v1/webhooks/{webhook_id}": "webhooks",
    "PATCH /api/v1/webhooks/{webhook_id}": "webhooks",
    "DELETE /api/v1/webhooks/{webhook_id}": "webhooks",
    "POST /api/v1/webhooks/{webhook_id}/secret": "webhooks",
    "POST /api/v1/webhooks/{webhook_id}/test": "webhooks",
    "POST /api/v1/webhooks/{webhook_id}/replay": "webhooks",
    "GET /api/v1/webhooks/{webhook_id}/deliveries": "webhooks",
    "GET /api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}": "webhooks",
    "POST /api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": "webhooks",
    "GET /api/v1/orders": "read",
    "GET /api/v1/orders/{order_id}": "read",
    "POST /api/v1/orders": "drafts",
    "POST /api/v1/orders/checks": "drafts",
    "POST /api/v1/orders/{order_id}/cancel": "drafts",
}
"""Everything an access token may reach, and by which scope. No line may approve, recover or set a PIN."""


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, HTTPRouteHandler]]:
    """Every route with its handler, of an application with everything on."""
    folder = tmp_path_factory.mktemp("keys")
    (folder / "key").write_text("00" * 32)
    settings = Settings(
        environment=Environment.DEVELOPMENT,
        database_url="postgresql+psycopg://nowhere/none",
        server_key_file=folder / "key",
        sms_sender="inbox",
        dev_inbox=True,
        lan_ca=folder / "key",
    )
    return [
        (f"{method} {route.path_format}", handler)
        for route in Web(settings).litestar.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS"
    ]


def all_troubles() -> list[type[Trouble]]:
    """Every problem class of the application."""
    for module in pkgutil.walk_packages(talktalk.__path__, "talktalk."):
        if module.name.rsplit(".", 1)[-1] in {"errors", "problems", "origin", "idempotency"}:
            importlib.import_module(module.name)
    found: list[type[Trouble]] = []
    waiting = [Trouble]
    while waiting:
        kind = waiting.pop()
        for child in kind.__subclasses__():
            found.append(child)
            waiting.append(child)
    return [kind for kind in found if kind.__module__.startswith("talktalk.")]


def test_every_route_wants_a_session_unless_it_is_listed(routes: list[tuple[str, HTTPRouteHandler]]) -> None:
    public = {name for name, handler in routes if handler.opt.get("public")}
    assert public == PUBLIC


def test_an_access_token_reaches_what_is_listed_and_nothing_else(
    routes: list[tuple[str, HTTPRouteHandler]],
) -> None:
    reached = {name: str(handler.opt["scope"]) for name, handler in routes if "scope" in handler.opt}
    assert reached == FOR_PROGRAMS
    assert not [name for name in reached if re.search("approve|recover|pin|access-tokens|consent", name)]


def test_a_key_is_honoured_wherever_the_document_takes_one(
    routes: list[tuple[str, HTTPRouteHandler]],
) -> None:
    """A key rides the request's transaction; a route that opens its own must say what becomes of keys."""
    changes = [
        (name, handler)
        for name, handler in routes
        if not name.startswith("GET ") and not handler.opt.get("public")
    ]
    silent = [
        name
        for name, handler in changes
        if "db" not in inspect.signature(handler.fn).parameters and "idempotency" not in handler.opt
    ]
    assert silent == []
    assert {handler.opt.get("idempotency", "none") for _, handler in changes} <= {"own", "none"}
    for name, handler in changes:
        if handler.opt.get("idempotency") == "own":
            codes = {problem.code for problem in handler.opt["problems"]}
            wanted = {"idempotency_key_missing", "idempotency_key_invalid", "idempotency_key_reused"}
            assert wanted <= codes, name


def test_every_route_of_the_interface_says_what_it_does(routes: list[tuple[str, HTTPRouteHandler]]) -> None:
    silent = [name for name, handler in routes if "/api/" in name and not handler.fn.__doc__]
    assert silent == []


def test_every_operation_documents_its_problems() -> None:
    document = openapi_document()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            problems = {status for status in operation["responses"] if status >= "400"}
            assert "500" in problems, (method, path)
            if operation["security"]:
                assert "401" in problems, (method, path)
            if "{" in path:
                assert "404" in problems, (method, path)
            if method in {"post", "put", "patch"} and "requestBody" in operation:
                assert {"400", "413", "415"} <= problems, (method, path)


def test_a_code_means_one_thing() -> None:
    codes: dict[str, type[Trouble]] = {}
    for kind in all_troubles():
        if "code" not in vars(kind):
            continue  # a further cause of its parent's problem
        assert re.fullmatch(r"[a-z][a-z0-9_]*", kind.code), kind
        assert kind.__doc__, kind
        assert kind.title, kind
        assert 400 <= kind.status < 600, kind
        other = codes.setdefault(kind.code, kind)
        assert other.status == kind.status, f"{kind.code} is both {other} and {kind}"


def test_every_problem_stands_in_the_document() -> None:
    document = str(openapi_document()["paths"])
    frames_only = {"forbidden", "room_not_found"} & {kind.code for kind in all_troubles()}
    missing = {kind.code for kind in all_troubles() if f"`{kind.code}`" not in document}
    assert missing - frames_only == set()


def test_tables_and_migrations_agree(database_url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine

    from talktalk.platform.database import Base

    for path in Path(talktalk.__path__[0]).rglob("tables.py"):
        parts = path.relative_to(talktalk.__path__[0]).with_suffix("").parts
        importlib.import_module(".".join(("talktalk", *parts)))
    for name in ("feed", "limits", "idempotency", "audit"):
        importlib.import_module(f"talktalk.platform.{name}")
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": lambda _, name, *__: not str(name).startswith(("procrastinate", "alembic"))
            },
        )
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()
    # Names of constraints are the migrations' business; tables, columns and types must be the same.
    flat = [each for found in differences for each in (found if isinstance(found, list) else [found])]
    real = [repr(each)[:300] for each in flat if not str(each[0]).endswith(("_constraint", "_index"))]
    assert real == []
