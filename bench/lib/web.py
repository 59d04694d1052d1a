"""The web role as it is, but for the limit on a socket's frames: ten sockets send what thousands would."""

import msgspec
import uvicorn

from talktalk.app import Web, server_config
from talktalk.config import settings_from_environment
from talktalk.platform import log


def main() -> None:
    """Serve until SIGTERM."""
    log.configure()
    settings = settings_from_environment()
    web = Web(settings)
    web.gateway.limits = msgspec.structs.replace(web.gateway.limits, frames_per_s=1e9, frames_burst=10**9)
    uvicorn.Server(server_config(settings, web.asgi)).run()


if __name__ == "__main__":
    main()
