"""The web role as a process of its own: it starts, serves HTTP or HTTPS, logs JSON, and stops at once."""

import asyncio
import contextlib
import datetime as dt
import json
import os
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.client import connect

from tests.fixtures_app import sign_in

pytestmark = pytest.mark.integration
PHONE = "+821012345678"


class Served:
    """A running process."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self._log = log

    def log_lines(self) -> list[dict[str, object]]:
        """What it logged."""
        return [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]

    async def stop(self) -> int:
        """SIGTERM, and its exit code; on a quiet machine within three seconds."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 30)


@contextlib.asynccontextmanager
async def served(database_url: str, folder: Path, **environ: str) -> AsyncIterator[Served]:
    """`talktalk serve` with settings from the environment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (folder / "server.key").write_text("5a" * 32)
    scheme = "https" if "TALKTALK_TLS_CERT" in environ else "http"
    log = folder / "log"
    with log.open("wb") as log_file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "talktalk",
            "serve",
            env={
                "PATH": os.environ["PATH"],
                "TALKTALK_ENVIRONMENT": "development",
                "TALKTALK_DATABASE_URL": database_url,
                "TALKTALK_SERVER_KEY_FILE": str(folder / "server.key"),
                "TALKTALK_PORT": str(port),
                "TALKTALK_PUBLIC_URL": f"{scheme}://127.0.0.1:{port}",
                "TALKTALK_SMS_SENDER": "inbox",
                "TALKTALK_DEV_INBOX": "true",
                **environ,
            },
            stdout=log_file,
            stderr=log_file,
        )
    one = Served(process, f"{scheme}://127.0.0.1:{port}", log)
    try:
        await _until_alive(one)
        yield one
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _until_alive(one: Served) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient(verify=False) as client:
        while True:
            assert one.process.returncode is None, one._log.read_text(encoding="utf-8")
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(f"{one.url}/healthz")).status_code == 200:
                    return
            await asyncio.sleep(0.05)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(key.private_bytes(*private))
    return cert_file, key_file


async def test_it_serves_a_person_and_stops_with_a_socket_open(database_url: str, tmp_path: Path) -> None:
    async with served(database_url, tmp_path) as one:
        async with httpx.AsyncClient(base_url=one.url) as client:
            signed_in = await sign_in(client, PHONE)
            address = one.url.replace("http", "ws") + "/api/v1/ws"
            headers = {"Authorization": f"Bearer {signed_in.token}"}
            async with connect(address, additional_headers=headers, compression=None) as live:
                await live.send('{"t": "hello", "id": "1", "d": {}}')
                assert json.loads(await live.recv())["t"] == "welcome"
                assert await one.stop() == 0
        lines = one.log_lines()
        answered = [line for line in lines if line["event"] == "http.answered"]
        assert any(line["route"] == "/api/v1/auth/sessions" and line["status"] == 201 for line in answered)
        assert all(line["level"] != "error" for line in lines), lines
        text = json.dumps(lines)
        assert str(signed_in.token) not in text
        assert PHONE not in text


async def test_it_speaks_https_and_pins_its_cookie(database_url: str, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    async with served(database_url, tmp_path, TALKTALK_TLS_CERT=str(cert), TALKTALK_TLS_KEY=str(key)) as one:
        trusted = ssl.create_default_context(cafile=str(cert))
        trusted.check_hostname = False
        async with httpx.AsyncClient(base_url=one.url, verify=trusted) as client:
            answer = await client.get("/healthz")
            assert "max-age" in answer.headers["strict-transport-security"]
            await sign_in(client, PHONE)
        assert await one.stop() == 0


async def test_a_bad_setting_is_one_sentence_and_no_traceback(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "talktalk",
        "serve",
        env={
            "PATH": os.environ["PATH"],
            "TALKTALK_DATABASE_URL": "postgresql+psycopg://x/y",
            "TALKTALK_SERVER_KEY_FILE": str(tmp_path / "missing"),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode not in {0, None}
    assert "missing" in output.decode()
    assert "Traceback" not in output.decode()
