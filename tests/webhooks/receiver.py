"""An address that receives webhooks: a real HTTP server on loopback whose answers a test writes."""

import asyncio
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Self

import msgspec

from talktalk_client.webhooks import VerifiedMessage, verify

Answer = bytes | None
"""A whole HTTP answer; None hangs."""
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Request(msgspec.Struct):
    """What came."""

    target: str
    headers: dict[str, str]
    body: bytes

    def verified(self, *keys: str) -> VerifiedMessage:
        """The message, if a key fits."""
        return verify(self.headers, self.body, keys, tolerance_s=10**9)


class Receiver:
    """Use as an async context manager. `answers` are given in turn, then `OK` for ever."""

    def __init__(self, *answers: Answer, context: ssl.SSLContext | None = None) -> None:
        self.answers = list(answers)
        self.got: list[Request] = []
        self.at_once_max = 0
        self.on_request: Callable[[], None] = lambda: None
        self._context = context
        self._open = 0
        self._arrived = asyncio.Event()
        self._release = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}/hook?who=mina"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release.set()
        self._server.close()
        await self._server.wait_closed()

    async def until(self, count: int) -> list[Request]:
        """The requests, once there are so many."""
        async with asyncio.timeout(40):
            while len(self.got) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.got

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        self.at_once_max = max(self.at_once_max, self._open)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            length = int({name.lower(): value for name, value in headers.items()}["content-length"])
            body = await reader.readexactly(length)
            self.got.append(Request(first.split(" ")[1], headers, body))
            self._arrived.set()
            self.on_request()
            given = self.answers.pop(0) if self.answers else OK
            if given is None:
                await self._release.wait()
            else:
                writer.write(given)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open -= 1
            writer.close()
