"""Which media type a body may have: JSON, unless the route says otherwise.

A page of another site can send only plain-text and form bodies without being asked first, so this also
stands behind the origin check.
"""

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, Scope, Send

JSON = ("application/json",)


class MediaTypes:
    """Litestar middleware: 415 for a body of another type than `opt={"accepts": (…)}` names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == ScopeType.HTTP:
            headers = {name.lower(): value for name, value in scope["headers"]}
            has_body = headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
            if has_body:
                given = headers.get(b"content-type", b"").decode("latin-1").split(";")[0].strip().lower()
                accepted: tuple[str, ...] = scope["route_handler"].opt.get("accepts", JSON)
                if given not in accepted:
                    raise HTTPException(status_code=415, detail=f"Send {' or '.join(accepted)}")
        await self._app(scope, receive, send)
