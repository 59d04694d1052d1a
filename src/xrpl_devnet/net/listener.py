"""Listening sockets: opened together, closed together."""

import asyncio
import socket
from typing import Final

from xrpl_devnet.net.connection import Connection
from xrpl_devnet.service import Service

BACKLOG: Final = 1024


class PortTaken(Exception):
    """A port cannot be opened."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"Port {port} on {host} cannot be opened: {reason}.")
        self.host = host
        self.port = port


class Listener:
    """The ports of one service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._servers: list[asyncio.Server] = []
        self._connections = service.connections

    async def open(self, host: str, port: int) -> int:
        """Listen, and return the port (a free one for 0).

        Raises:
            PortTaken: The port cannot be opened.
        """
        try:
            server = await asyncio.get_running_loop().create_server(
                lambda: Connection(self._service, self._connections),
                host,
                port,
                backlog=BACKLOG,
            )
        except OSError as error:
            raise PortTaken(host, port, error.strerror or str(error)) from error
        self._servers.append(server)
        bound: socket.socket = server.sockets[0]
        return int(bound.getsockname()[1])

    async def close(self) -> None:
        """Stop listening and say goodbye to everyone."""
        for server in self._servers:
            server.close()
        for connection in list(self._connections):
            if isinstance(connection, Connection):
                connection.close()
        # One turn of the loop for what was written; whoever stays after that is cut off.
        await asyncio.sleep(0)
        for connection in list(self._connections):
            connection.abort()
        for server in self._servers:
            await server.wait_closed()
        self._servers = []
