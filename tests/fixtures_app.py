"""The web role for tests: a real server on a free loopback port, over a fresh real database.

- `running_app`     serves in a thread of the test's process, with the development inbox on
- `running_apps`    starts further ones over the same database (several web processes)
- `sign_in(…)`      a client that is signed in, by the code from the inbox

    async def test_something(running_app: RunningApp) -> None:
        async with running_app.client() as client:
            mina = await sign_in(client, "+821012345678", name="Mina")
            answer = await client.get("/api/v1/me")
"""

import asyncio
import contextlib
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
import uvicorn

from talktalk.app import Web, server_config
from talktalk.config import Environment, Settings
from talktalk_wire.identity import SignedIn

DEFAULT_PUBLIC_URL = "http://127.0.0.1:8080"


class RunningApp:
    """A served application and what it is made of (`web` belongs to the server's own thread)."""

    def __init__(self, url: str, settings: Settings, web: Web) -> None:
        self.url = url
        self.settings = settings
        self.web = web

    def client(self, **options: Any) -> httpx.AsyncClient:
        """An HTTP client of this server; signed out."""
        return httpx.AsyncClient(base_url=self.url, timeout=20, **options)

    @contextlib.asynccontextmanager
    async def signed_in(
        self, phone: str, name: str = ""
    ) -> AsyncIterator[tuple[httpx.AsyncClient, SignedIn]]:
        """A client of its own, signed in as the person with this number."""
        async with self.client() as client:
            yield client, await sign_in(client, phone, name=name)


async def ask_code(client: httpx.AsyncClient, phone: str, **fields: object) -> dict[str, Any]:
    """Ask for a code; the challenge, with the `code` that the inbox received."""
    answer = await client.post("/api/v1/auth/challenges", json={"phone": phone, **fields})
    assert answer.status_code == 201, answer.text
    challenge: dict[str, Any] = answer.json()
    message = await client.get(f"/dev/sms/{challenge['phone']}")
    assert message.status_code == 200, message.text
    challenge["code"] = message.json()["code"]
    return challenge


async def sign_in(
    client: httpx.AsyncClient, phone: str, *, name: str = "", device_token: str | None = None
) -> SignedIn:
    """Sign `client` in with a bearer token; a person who has no name yet gets one (its last digits)."""
    challenge = await ask_code(client, phone, device_token=device_token)
    answer = await client.post(
        "/api/v1/auth/sessions",
        json={
            "challenge_id": challenge["id"],
            "secret": challenge["secret"],
            "code": challenge["code"],
            "transport": "bearer",
            "device_name": "test",
            "device_token": device_token,
        },
    )
    assert answer.status_code == 201, answer.text
    signed_in = msgspec.json.decode(answer.content, type=SignedIn)
    client.headers["Authorization"] = f"Bearer {signed_in.token}"
    if not signed_in.me.name or name:
        answer = await client.patch("/api/v1/me", json={"name": name or f"Person {phone[-4:]}"})
        assert answer.status_code == 200, answer.text
    return signed_in


async def become_friends(one: httpx.AsyncClient, other: httpx.AsyncClient, other_id: UUID) -> None:
    """`one` asks, `other` accepts."""
    asked = await one.post("/api/v1/friend-requests", json={"user_id": str(other_id)})
    assert asked.status_code == 201, asked.text
    accepted = await other.post(f"/api/v1/friend-requests/{asked.json()['id']}/accept")
    assert accepted.status_code == 200, accepted.text


def settings_for_tests(database_url: str, folder: Path, **changes: Any) -> Settings:
    """Settings of a development server; `changes` are fields of `Settings`."""
    key_file = folder / "server.key"
    if not key_file.exists():
        key_file.write_text(secrets.token_hex(32), encoding="ascii")
    values: dict[str, Any] = {
        "environment": Environment.DEVELOPMENT,
        "database_url": database_url,
        "server_key_file": key_file,
        "sms_sender": "inbox",
        "dev_inbox": True,
        **changes,
    }
    return Settings(**values)


@contextlib.contextmanager
def serve_in_thread(settings: Settings, **options: Any) -> Iterator[RunningApp]:
    """Serve on a free loopback port until the block ends. `options` go to `Web`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        is_default = settings.public_url == DEFAULT_PUBLIC_URL
        settings = msgspec.structs.replace(
            settings, port=port, public_url=url if is_default else settings.public_url
        )
        web = Web(settings, **options)
        server = uvicorn.Server(server_config(settings, web.asgi))
        ready = threading.Event()
        failure: list[BaseException] = []

        async def run() -> None:
            serving = asyncio.create_task(server._serve([listener]))
            while not (server.started or serving.done()):  # noqa: ASYNC110 - uvicorn offers no event
                await asyncio.sleep(0.005)
            ready.set()
            await serving

        def target() -> None:
            try:
                with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
                    runner.run(run())
            except BaseException as error:  # noqa: BLE001 - told to the test below
                failure.append(error)
            finally:
                ready.set()

        thread = threading.Thread(target=target, name="running_app", daemon=True)
        thread.start()
        ready.wait(90)
        try:
            if failure or not server.started:
                pytest.fail(f"the server did not start: {failure}")
            yield RunningApp(url, settings, web)
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive(), "the server did not stop"
    if failure:
        raise failure[0]


@pytest.fixture
def running_apps(database_url: str, tmp_path: Path) -> Iterator[Callable[..., RunningApp]]:
    """Start web processes over one database: `running_apps(field=value, …)`; fields of `Settings`."""
    with contextlib.ExitStack() as stack:

        def start(*, options: dict[str, Any] | None = None, **changes: Any) -> RunningApp:
            settings = settings_for_tests(database_url, tmp_path, **changes)
            return stack.enter_context(serve_in_thread(settings, **(options or {})))

        yield start


@pytest.fixture
def running_app(running_apps: Callable[..., RunningApp]) -> RunningApp:
    """One web process with the development inbox."""
    return running_apps()
