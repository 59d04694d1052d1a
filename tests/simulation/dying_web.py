"""The web role, killed at one exact moment: a write has committed and its answer is about to leave.

    dying_web.py MARKER

While the file MARKER exists, the next successful answer to the request it names (`POST /api/v1/transfers`) is never
sent: the process removes the marker and kills itself.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from talktalk.app import Web, serve
from talktalk.config import settings_from_environment


def die_if_meant(marker: Path, request: str) -> None:
    """The moment."""
    if marker.exists() and marker.read_text() == request:
        marker.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Serve until killed."""
    marker = Path(sys.argv[1])
    made = Web.__init__

    def make(self: Web, *arguments: Any, **options: Any) -> None:
        made(self, *arguments, **options)
        asgi: Any = self.asgi

        async def deadly(scope: Any, receive: Any, send: Any) -> None:
            async def sending(message: Any) -> None:
                if message["type"] == "http.response.start" and message["status"] < 300:
                    request = f"{scope['method']} {scope['path']}"
                    die_if_meant(marker, request)
                await send(message)

            await asgi(scope, receive, sending)

        self.asgi = deadly

    Web.__init__ = make  # type: ignore[method-assign]  # the moment is inside the product's own web role
    serve(settings_from_environment())


if __name__ == "__main__":
    main()
