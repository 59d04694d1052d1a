"""The senders of text messages against local servers that follow the providers' documents, and how a
failed or doubtful message is told."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import psycopg
import pytest

from talktalk.config import Settings, SettingsError
from talktalk.identity.ports import SmsRefused, SmsSender, SmsUnconfirmed
from talktalk.identity.sms import Inbox, NoSender, sender_from
from talktalk.platform.clock import SystemClock
from talktalk.platform.database import Database
from tests.fixtures_app import RunningApp

PHONE = "+821012345678"
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Provider:
    """A local HTTP server that notes each request and answers as told."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 201
        self.body: Any = {"sid": "SM1", "status": "queued"}
        self.silent = asyncio.Event()
        self.hang_up = False
        self.stay_silent = False

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *lines = asked.split("\r\n")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines if each)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((line, headers, body))
        if self.stay_silent:
            await self.silent.wait()
        if not (self.hang_up or self.stay_silent):
            data = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
            head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + data)
            await writer.drain()
        writer.close()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The address, while it serves."""
        server = await asyncio.start_server(self.handle, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            self.silent.set()
            server.close()


def sender_at(url: str, name: str) -> SmsSender:
    """A sender with credentials, at a local address."""
    settings = Settings(
        database_url="postgresql+psycopg://x/y",
        server_key_file="/key",  # type: ignore[arg-type]  # unused here
        sms_sender=name,
        sms_base_url=url,
        sms_account="AC123",
        sms_secret="s3cret",
        sms_from="+15005550006" if name == "twilio" else "029302266",
    )
    return sender_from(settings, SystemClock())


async def test_twilio_is_asked_as_documented() -> None:
    provider = Provider()
    async with provider.serving() as url:
        sender = sender_at(url, "twilio")
        await sender.send(PHONE, "Your code is 123456 & more")
        await sender.close()
    [(line, headers, body)] = provider.requests
    assert line == "POST /2010-04-01/Accounts/AC123/Messages.json HTTP/1.1"
    assert headers["authorization"] == "Basic " + base64.b64encode(b"AC123:s3cret").decode()
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(body.decode()) == {
        "To": [PHONE],
        "From": ["+15005550006"],
        "Body": ["Your code is 123456 & more"],
    }


@pytest.mark.parametrize(
    ("phone", "to", "country"), [(PHONE, "01012345678", "82"), ("+12125550123", "2125550123", "1")]
)
async def test_solapi_is_asked_as_documented(phone: str, to: str, country: str) -> None:
    provider = Provider()
    provider.status, provider.body = 200, {"failedMessageList": [], "groupInfo": {"count": {"total": 1}}}
    async with provider.serving() as url:
        sender = sender_at(url, "solapi")
        await sender.send(phone, "인증번호 123456")
        await sender.close()
    [(line, headers, body)] = provider.requests
    assert line == "POST /messages/v4/send-many/detail HTTP/1.1"
    found = re.fullmatch(
        r"HMAC-SHA256 ApiKey=AC123, Date=(\S+), salt=([0-9a-f]{32}), signature=([0-9a-f]{64})",
        headers["authorization"],
    )
    assert found is not None
    expected = hmac.new(b"s3cret", (found[1] + found[2]).encode(), hashlib.sha256).hexdigest()
    assert found[3] == expected
    [message] = json.loads(body)["messages"]
    assert message == {"to": to, "from": "029302266", "text": "인증번호 123456", "country": country}


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("twilio", 400, {"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400}),
        ("twilio", 401, {"code": 20003}),
        ("twilio", 429, {"code": 20429}),
        ("twilio", 403, b"<html>"),
        ("twilio", 201, {"sid": "SM1", "status": "failed", "error_code": 30007}),
        ("solapi", 400, {"errorCode": "ValidationError", "errorMessage": "x"}),
        ("solapi", 403, {"errorCode": "SignatureDoesNotMatch"}),
        ("solapi", 200, {"failedMessageList": [{"statusCode": "1062", "to": "x"}]}),
    ],
)
async def test_a_refusal_is_certain(name: str, status: int, body: Any) -> None:
    provider = Provider()
    provider.status, provider.body = status, body
    async with provider.serving() as url:
        sender = sender_at(url, name)
        with pytest.raises(SmsRefused) as refusal:
            await sender.send(PHONE, "123456")
        await sender.close()
    assert len(provider.requests) == 1
    assert PHONE not in str(refusal.value)


@pytest.mark.parametrize("name", ["twilio", "solapi"])
@pytest.mark.parametrize("what", ["error", "hang up", "silence"])
async def test_without_an_answer_nobody_knows_and_nothing_is_sent_again(
    name: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = Provider()
    provider.status = 502
    provider.hang_up, provider.stay_silent = what == "hang up", what == "silence"
    monkeypatch.setattr("talktalk.identity.sms.TIMEOUT", 0.3)
    async with provider.serving() as url:
        sender = sender_at(url, name)
        with pytest.raises(SmsUnconfirmed):
            await sender.send(PHONE, "123456")
        await sender.close()
    assert len(provider.requests) == 1


@pytest.mark.parametrize("name", ["twilio", "solapi"])
async def test_what_cannot_be_reached_was_certainly_not_sent(name: str) -> None:
    async with Provider().serving() as url:
        pass
    sender = sender_at(url, name)
    with pytest.raises(SmsRefused):
        await sender.send(PHONE, "123456")
    await sender.close()


def test_senders_follow_the_settings() -> None:
    base = {"database_url": "postgresql+psycopg://x/y", "server_key_file": "/key"}
    assert isinstance(sender_from(Settings(**base, sms_sender="inbox"), SystemClock()), Inbox)  # type: ignore[arg-type]  # a path as text
    assert isinstance(sender_from(Settings(**base), SystemClock()), NoSender)  # type: ignore[arg-type]  # a path as text
    for wrong in (
        {"sms_sender": "pigeon"},
        {"sms_sender": "twilio"},
        {"sms_sender": "solapi", "sms_account": "x"},
    ):
        with pytest.raises(SettingsError, match="TALKTALK_SMS"):
            sender_from(Settings(**base, **wrong), SystemClock())  # type: ignore[arg-type]  # a path as text


async def test_a_person_is_told_when_the_message_did_not_go_out(
    running_apps: Callable[..., RunningApp],
) -> None:
    app = running_apps(sms_sender="none", dev_inbox=False)
    async with app.client() as client:
        answer = await client.post("/api/v1/auth/challenges", json={"phone": PHONE})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (503, "sms_not_sent")
    assert problem["retry_after_s"] >= 1
    with psycopg.connect(Database(app.settings.database_url).conninfo) as db:
        assert db.execute("SELECT voided_at IS NOT NULL FROM challenges").fetchall() == [(True,)]


async def test_a_doubtful_message_leaves_a_challenge_that_works(
    running_apps: Callable[..., RunningApp],
) -> None:
    provider = Provider()
    provider.hang_up = True
    async with provider.serving() as url:
        app = running_apps(
            sms_sender="twilio",
            sms_base_url=url,
            sms_account="AC1",
            sms_secret="x",
            sms_from="+1",
            dev_inbox=False,
        )
        async with app.client() as client:
            challenge = (await client.post("/api/v1/auth/challenges", json={"phone": PHONE})).json()
            code = re.search(r"\d{6}", parse_qs(provider.requests[0][2].decode())["Body"][0])
            assert code is not None
            answer = await client.post(
                "/api/v1/auth/sessions",
                json={"challenge_id": challenge["id"], "secret": challenge["secret"], "code": code[0]},
            )
    assert answer.status_code == 201
    assert len(provider.requests) == 1
