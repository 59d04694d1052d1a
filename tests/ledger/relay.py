"""A real node behind a bad network: a WebSocket relay that loses, delays or falsifies messages.

async with Relay(net.ws_url) as relay:
    relay.on_answer = lambda asked, answer: None      # every answer is lost
    pool = NodePool([relay.url])
"""

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import WebSocketException

Message = dict[str, Any]


def _as_it_is(_: Message, message: Message) -> Message | None:
    return message


class Relay:
    """Passes messages on, unless told otherwise."""

    def __init__(self, url: str) -> None:
        self._target = url
        self._server: Server | None = None
        self._connections: set[ServerConnection] = set()
        self.url = ""
        self.refuses = False
        """New connections are closed at once."""
        self.on_request: Callable[[Message], Message | None] = lambda asked: asked
        """What reaches the node; None loses it."""
        self.on_answer: Callable[[Message, Message], Message | None] = _as_it_is
        """What comes back of (request, answer); None loses it."""
        self.on_stream: Callable[[Message], Message | None] = lambda message: message
        """What comes of messages nobody asked for."""

    async def __aenter__(self) -> Self:
        self._server = await serve(self._relay, "127.0.0.1", 0, max_size=None, compression=None)
        port = next(iter(self._server.sockets)).getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Break every connection without a word."""
        for connection in list(self._connections):
            connection.transport.abort()

    async def _relay(self, near: ServerConnection) -> None:
        if self.refuses:
            return
        self._connections.add(near)
        asked: dict[int, Message] = {}
        try:
            async with connect(self._target, max_size=None, compression=None, proxy=None) as far:
                there = asyncio.create_task(self._forth(near, far, asked))
                back = asyncio.create_task(self._back(near, far, asked))
                await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
                for task in (there, back):
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, WebSocketException, OSError):
                        await task
        finally:
            self._connections.discard(near)

    async def _forth(self, near: ServerConnection, far: ClientConnection, asked: dict[int, Message]) -> None:
        async for text in near:
            message = msgspec.json.decode(text)
            passed = self.on_request(message)
            if passed is not None:
                asked[passed["id"]] = passed
                await far.send(msgspec.json.encode(passed), text=True)

    async def _back(self, near: ServerConnection, far: ClientConnection, asked: dict[int, Message]) -> None:
        async for text in far:
            message = msgspec.json.decode(text)
            if "id" in message:
                passed = self.on_answer(asked.pop(message["id"], {}), message)
            else:
                passed = self.on_stream(message)
            if passed is not None:
                await near.send(msgspec.json.encode(passed), text=True)
