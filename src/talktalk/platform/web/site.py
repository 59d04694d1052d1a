"""The built web app: an index of the files of one folder, made at start, served around the API.

Only files in the index are ever opened, so no path can lead outside. What Vite named by its content
(`/assets/…`) is cached for ever; everything else is asked for again each time. A path that is no file
and looks like a screen gets `index.html`, which routes on the client. A `.br` or `.gz` beside a file is
sent instead where the browser takes it.
"""

import asyncio
import hashlib
import mimetypes
from pathlib import Path

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

OURS = (
    "/api/",
    "/docs",
    "/openapi.json",
    "/asyncapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
    "/dev/",
    "/lan/",
)
"""Paths of the application itself; never a file."""
_IMMUTABLE = b"public, max-age=31536000, immutable"
_REVALIDATE = b"no-cache"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))


class _File(msgspec.Struct, frozen=True):
    path: Path
    media_type: bytes
    etag: bytes
    cache_control: bytes
    encoded: dict[str, Path]


class Site:
    """ASGI: answers GET and HEAD for files, hands everything else on."""

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self._app = app
        self._files = _index(folder)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        found = None
        if scope["type"] == ScopeType.HTTP and scope["method"] in {"GET", "HEAD"}:
            found = self._find(scope["path"])
        if found is None:
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        if headers.get(b"if-none-match") == found.etag:
            await _respond(send, 304, _common_headers(found), b"")
            return
        accepted = _accepted(headers.get(b"accept-encoding", b"").decode("latin-1"))
        encoding = next((name for name in found.encoded if name in accepted), None)
        path = found.encoded[encoding] if encoding else found.path
        body = await asyncio.to_thread(path.read_bytes)
        sent = [
            *_common_headers(found),
            (b"content-type", found.media_type),
            (b"content-length", str(len(body)).encode()),
        ]
        if encoding:
            sent.append((b"content-encoding", encoding.encode()))
        is_head = scope["type"] == ScopeType.HTTP and scope["method"] == "HEAD"
        await _respond(send, 200, sent, b"" if is_head else body)

    def _find(self, path: str) -> _File | None:
        if path.startswith(OURS):
            return None
        found = self._files.get(path)
        if found is None and "." not in path.rsplit("/", 1)[-1]:
            found = self._files.get("/index.html")
        return found


def _accepted(header: str) -> set[str]:
    """The encodings a browser takes; one with quality 0 is refused."""
    offered = (part.replace(" ", "").partition(";") for part in header.split(","))
    return {name for name, _, quality in offered if quality not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}}


def _common_headers(file: _File) -> list[tuple[bytes, bytes]]:
    return [(b"etag", file.etag), (b"cache-control", file.cache_control), (b"vary", b"Accept-Encoding")]


async def _respond(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _index(folder: Path) -> dict[str, _File]:
    files: dict[str, _File] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.suffix in {".br", ".gz"}:
            continue
        name = "/" + path.relative_to(folder).as_posix()
        guessed = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        if path.suffix == ".webmanifest":
            guessed = "application/manifest+json"
        if path.suffix in {".js", ".mjs"}:
            guessed = "text/javascript"
        if guessed.startswith("text/"):
            guessed += "; charset=utf-8"
        beside = {coding: path.with_name(path.name + suffix) for coding, suffix in _ENCODINGS}
        files[name] = _File(
            path=path,
            media_type=guessed.encode(),
            etag=f'"{hashlib.sha256(path.read_bytes()).hexdigest()[:24]}"'.encode(),
            cache_control=_IMMUTABLE if name.startswith("/assets/") else _REVALIDATE,
            encoded={coding: other for coding, other in beside.items() if other.is_file()},
        )
    if "/index.html" in files:
        files["/"] = files["/index.html"]
    return files
