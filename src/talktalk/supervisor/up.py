"""`talktalk up`: the whole of TalkTalk on one machine, from nothing to an address that answers.

The order, with what can run side by side side by side:

    data folder, lock, keys ─┬─ PostgreSQL → database → migrations ─┬─ web ──┬─ readyz 200 → (demo) → address
                             ├─ embedded ledger ────────────────────┤        │
                             └─ web app built, if stale ────────────┴─ worker┘

Then it watches, until Ctrl-C, SIGTERM or SIGHUP, or until a process cannot be kept alive. It stops web and
worker first, then ledger and database: the budgets of `STOP_STAGES` add up to less than five seconds.
"""

import asyncio
import datetime as dt
import importlib
import os
import signal
import ssl
import sys
import time
import webbrowser
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from rich.console import Console

from talktalk.supervisor import lan as lan_support
from talktalk.supervisor import postgres, secrets, web_build
from talktalk.supervisor.errors import MissingPart, PortTaken
from talktalk.supervisor.folders import DataFolder, DataFolderLock, default_path, open_data_folder
from talktalk.supervisor.probe import http_status, port_is_free
from talktalk.supervisor.processes import ChildSpec, GuardPipe, Supervisor

READY_TIMEOUT_S = 60.0
STOP_STAGES = ((("web", "worker"), 2.2), (("ledger", "database"), 1.6))
"""Who is stopped with whom, and for how long they are waited for, in seconds."""

RECOVERY_DELAY_S = 30
_SETTINGS_OF_WORKER = ("TALKTALK_KEK_FILE", "TALKTALK_WORKER_KEY_FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """What was asked for on the command line."""

    root: Path
    """The clone."""
    port: int = 8080
    data: Path | None = None
    demo: bool = False
    lan: bool = False
    dev_inbox: bool = False
    """Keep the development inbox under `--lan`, for this machine's own eyes."""
    open_browser: bool = True


class LedgerPlace(msgspec.Struct, frozen=True):
    """What the embedded ledger writes into its ready file."""

    rpc_url: str
    ws_url: str
    faucet_url: str

    def ports(self) -> tuple[int, ...]:
        """Return the ports of JSON-RPC, WebSocket and faucet."""
        return tuple(urlsplit(url).port or 0 for url in (self.rpc_url, self.ws_url, self.faucet_url))


def run(options: UpOptions, console: Console) -> None:
    """Run until stopped. Raises `StartError` when it cannot start, or cannot be kept running."""
    if options.demo and options.lan and not options.dev_inbox:
        raise MissingPart(
            "The people of the demo sign in through the development inbox, which is off under --lan.",
            "Add --dev-inbox, or make the demo first: ./talktalk up --demo.",
        )
    folder = open_data_folder(options.data or default_path(options.root))
    with DataFolderLock(folder) as lock:
        up = _Up(options, folder, lock, console)
        asyncio.run(up.run())


class _Up:
    """One run of `up` on a data folder whose lock we hold."""

    def __init__(
        self, options: UpOptions, folder: DataFolder, lock: DataFolderLock, console: Console
    ) -> None:
        self._options = options
        self._folder = folder
        self._lock = lock
        self._console = console
        self._guard = GuardPipe(lock.descriptor)
        self._supervisor = Supervisor(self._guard, self._say)
        self._began = time.monotonic()
        self._ledger: LedgerPlace | None = None

    async def run(self) -> None:
        """Start everything, wait, stop everything."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and background jobs ignore some
                loop.add_signal_handler(number, stop.set)
        self._guard.start()
        working = asyncio.create_task(self._start_and_watch(stop))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                self._say("Stopping ...")
            else:
                working.result()  # it only ends by failing
        finally:
            for task in (working, stopping):
                task.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)
            await self._supervisor.stop(STOP_STAGES)
            self._guard.stop()
        self._say("Stopped. Your data is in " + str(self._folder.path))

    async def _start_and_watch(self, stop: asyncio.Event) -> None:
        place = lan_support.find_place() if self._options.lan else None
        host = place.best_host if place else "localhost"
        url = f"{'https' if place else 'http'}://{host}:{self._options.port}"
        self._require_port("0.0.0.0" if place else "127.0.0.1")  # noqa: S104 - what --lan asks for
        self._lock.announce(url)
        kek_file = secrets.key_encryption_key(self._folder, os.environ)
        server_key_file = secrets.server_key(self._folder)
        certificates = (
            lan_support.ensure_certificates(self._folder, place, dt.datetime.now(dt.UTC)) if place else None
        )
        dist, database_url, ledger = await _together(
            self._web_app(), self._database(), self._embedded_ledger()
        )
        environment = self._settings(
            database_url=database_url,
            ledger=ledger,
            server_key_file=server_key_file,
            dist=dist,
            url=url,
            certificates=certificates,
        )
        await _together(self._web(environment), self._worker(environment, kek_file))
        if self._options.demo:
            await self._demo(certificates)
        self._show_address(url, place, certificates)
        await self._supervisor.wait(stop)

    # The parts, each with what it needs from the others as arguments.

    async def _web_app(self) -> Path:
        scratch = self._folder.logs
        return await web_build.ensure_built(self._options.root / "web", scratch, self._guard, self._say)

    async def _database(self) -> str:
        began = time.monotonic()
        command = await asyncio.to_thread(postgres.prepare, self._folder.path)

        async def is_ready(pid: int) -> bool:
            return command.is_ready(pid)

        starting = self._supervisor.start(
            ChildSpec(
                name="database",
                command=lambda: command.argv,
                environment=command.environment,
                log=self._folder.logs / "database.log",
                account=command.account,
                stop_signal=postgres.STOP_SIGNAL,
                is_ready=is_ready,
                ready_timeout_s=postgres.START_TIMEOUT_S,
                before_start=lambda: postgres.clear_leftovers(command.cluster),
            )
        )
        # Alembic takes a while to import; PostgreSQL starts meanwhile.
        _, migrate = await _together(
            starting, asyncio.to_thread(importlib.import_module, "talktalk.platform.migrate")
        )
        url = command.url()
        await asyncio.to_thread(postgres.ensure_database, url)
        await asyncio.to_thread(migrate.upgrade, url)
        self._done("Database", began)
        return url

    async def _embedded_ledger(self) -> LedgerPlace:
        began = time.monotonic()
        ready_file = self._folder.ledger / "ready.json"

        def command() -> list[str]:
            # After a restart it must be found where web and worker know it to be.
            rpc_port, ws_port, faucet_port = self._ledger.ports() if self._ledger else (0, 0, 0)
            return [
                *_python("xrpl_devnet"),
                *("--rpc-port", str(rpc_port)),
                *("--ws-port", str(ws_port)),
                *("--faucet-port", str(faucet_port)),
                *("--data", str(self._folder.ledger)),
                *("--ready-file", str(ready_file)),
            ]

        async def is_ready(_pid: int) -> bool:
            return ready_file.exists()

        await self._supervisor.start(
            ChildSpec(
                name="ledger",
                command=command,
                environment=_inherited(os.environ),
                log=self._folder.logs / "ledger.log",
                is_ready=is_ready,
                before_start=lambda: ready_file.unlink(missing_ok=True),
            )
        )
        self._ledger = msgspec.json.decode(ready_file.read_bytes(), type=LedgerPlace)
        self._done("Ledger", began)
        return self._ledger

    async def _web(self, environment: Mapping[str, str]) -> None:
        began = time.monotonic()

        async def is_ready(_pid: int) -> bool:
            return await http_status(self._options.port, "/readyz", tls=self._options.lan) == 200

        await self._supervisor.start(
            ChildSpec(
                name="web",
                command=lambda: [*_python("talktalk"), "serve"],
                environment=environment,
                log=self._folder.logs / "web.log",
                is_ready=is_ready,
                ready_timeout_s=READY_TIMEOUT_S,
            )
        )
        self._done("Web", began)

    async def _worker(self, environment: Mapping[str, str], kek_file: Path) -> None:
        own = {name: os.environ[name] for name in _SETTINGS_OF_WORKER if name in os.environ}
        await self._supervisor.start(
            ChildSpec(
                name="worker",
                command=lambda: [*_python("talktalk"), "work"],
                environment={**environment, **own, "TALKTALK_KEK_FILE": str(kek_file)},
                log=self._folder.logs / "worker.log",
            )
        )

    def _settings(
        self,
        *,
        database_url: str,
        ledger: LedgerPlace,
        server_key_file: Path,
        dist: Path,
        url: str,
        certificates: lan_support.Certificates | None,
    ) -> dict[str, str]:
        """Return the environment of web and worker; see `talktalk.config` for each name's meaning."""
        options = self._options
        settings = _inherited(os.environ) | {
            "TALKTALK_ENVIRONMENT": "development",
            "TALKTALK_DATABASE_URL": database_url,
            "TALKTALK_SERVER_KEY_FILE": str(server_key_file),
            "TALKTALK_LEDGER_URLS": ledger.ws_url,
            "TALKTALK_FAUCET_URL": ledger.faucet_url,
            "TALKTALK_WEB_DIST": str(dist),
            "TALKTALK_PUBLIC_URL": url,
            "TALKTALK_HOST": "0.0.0.0" if options.lan else "127.0.0.1",  # noqa: S104 - what --lan asks for
            "TALKTALK_PORT": str(options.port),
        }
        # A laptop's own world need not wait a day before a recovered wallet may spend.
        settings.setdefault("TALKTALK_RECOVERY_DELAY_S", str(RECOVERY_DELAY_S))
        if not options.lan or options.dev_inbox:
            settings["TALKTALK_DEV_INBOX"] = "1"
            settings.setdefault("TALKTALK_SMS_SENDER", "inbox")
        else:
            settings["TALKTALK_DEV_INBOX"] = "0"
        if certificates:
            settings["TALKTALK_TLS_CERT"] = str(certificates.certificate)
            settings["TALKTALK_TLS_KEY"] = str(certificates.key)
            settings["TALKTALK_LAN_CA"] = str(certificates.authority)
        return settings

    def _require_port(self, host: str) -> None:
        port = self._options.port
        if port_is_free(host, port):
            return
        free = next((other for other in range(port + 1, port + 100) if port_is_free(host, other)), None)
        advice = f"./talktalk up --port {free}" if free else "./talktalk up --port PORT"
        raise PortTaken(
            f"Port {port} is taken by another program, or this user may not use it.",
            f"Stop that program, or choose another port: {advice}.",
        )

    async def _demo(self, certificates: lan_support.Certificates | None) -> None:
        """Make the demo's people. One that fails is told and can be finished later; the rest goes on."""
        # Late: without --demo the SDK is not needed.
        demo = importlib.import_module("talktalk.demo")
        client = importlib.import_module("talktalk_client")
        began = time.monotonic()
        self._say("Making four friends with rooms, history and wallets ...")
        try:
            if certificates:
                trust = ssl.create_default_context(cafile=str(certificates.authority))
                people = await demo.seed(f"https://localhost:{self._options.port}", trust)
            else:
                people = await demo.seed(f"http://127.0.0.1:{self._options.port}")
        except client.TalkTalkError as error:
            self._say(f"The demo is not complete: {error}. Start with --demo again to finish it.")
            return
        self._done("Demo", began)
        self._say(str(people))

    # What the reader of the terminal sees.

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _done(self, what: str, began: float) -> None:
        self._say(f"  {what:<9} ready after {time.monotonic() - began:.1f} s")

    def _show_address(
        self, url: str, place: lan_support.Place | None, certificates: lan_support.Certificates | None
    ) -> None:
        self._say(f"\nTalkTalk is ready at {url}  (after {time.monotonic() - self._began:.1f} s)")
        if place and certificates:
            self._show_lan(url, place, certificates)
        local = f"{'https' if place else 'http'}://localhost:{self._options.port}"
        if not place or self._options.dev_inbox:
            self._say(f"Sign-in codes appear at {local}/dev/inbox, on this computer only.")
        elif os.environ.get("TALKTALK_SMS_SENDER", "none") == "none":
            self._say(
                "Nobody can sign in yet: no SMS sender is set. Start with --dev-inbox to read the codes on"
                " this computer, or see docs/operating/running.md for a sender."
            )
        self._say("Ctrl-C stops it; the next start finds everything again.\n")
        if self._options.open_browser and _has_screen():
            webbrowser.open(local)

    def _show_lan(self, url: str, place: lan_support.Place, certificates: lan_support.Certificates) -> None:
        port = self._options.port
        others = [f"https://{host}:{port}" for host in (place.name, *map(str, place.addresses))]
        self._say("On this network also: " + ", ".join(other for other in others if other != url))
        self._say(lan_support.qr_code(url))
        self._say(
            "Phones warn, because this machine made its certificate itself. To trust it, once a phone:\n"
            f"  1. open {url}/lan/ca.crt and go on past the warning\n"
            "  2. iPhone: Settings > General > VPN & Device Management > install it; then Settings >\n"
            "     General > About > Certificate Trust Settings > switch it on\n"
            "     Android: Settings > Security > More > Install from storage > CA certificate\n"
            "  3. compare its SHA-256 fingerprint with this one:\n"
            f"     {certificates.fingerprint}\n"
            f"  On a computer, trust the file {certificates.authority}.\n"
            "It is good for names and addresses of local networks only."
        )


def _python(module: str) -> list[str]:
    return [sys.executable, "-P", "-m", module]


def _inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what children get of our own environment: all but what the worker alone may know."""
    kept = {name: value for name, value in environ.items() if name not in _SETTINGS_OF_WORKER}
    return kept | {"PYTHONUNBUFFERED": "1"}


def _has_screen() -> bool:
    if not sys.stdout.isatty():
        return False
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


async def _together(*parts: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run parts side by side. When one fails, cancel and await the others and raise its error."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
