"""The built web app: files, caching, compression, fallback, and no way out of its folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures_app import RunningApp


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A built web app, with a secret beside it."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>TalkTalk</title>")
    (folder / "assets" / "main-abc123.js").write_text("export {};")
    (folder / "assets" / "main-abc123.js.br").write_bytes(b"brotli")
    (folder / "assets" / "main-abc123.js.gz").write_bytes(b"gzip")
    (folder / "manifest.webmanifest").write_text("{}")
    (folder / "api").mkdir()
    (folder / "api" / "shadow").write_text("never served")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret.txt")
    return folder


async def test_screens_get_the_index_and_files_are_cached_by_their_names(
    running_apps: Callable[..., RunningApp], dist: Path
) -> None:
    async with running_apps(web_dist=dist).client() as client:
        for path in ("/", "/index.html", "/chats/0192/anything", "/wallet"):
            page = await client.get(path)
            assert (page.status_code, "TalkTalk" in page.text) == (200, True)
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert page.headers["cache-control"] == "no-cache"
            assert "script-src 'self'" in page.headers["content-security-policy"]
        script = await client.get("/assets/main-abc123.js", headers={"Accept-Encoding": "identity"})
        assert script.text == "export {};"
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"
        assert "immutable" in script.headers["cache-control"]
        manifest = await client.get("/manifest.webmanifest")
        assert manifest.headers["content-type"] == "application/manifest+json"
        head = await client.head("/")
        assert (head.status_code, head.content, int(head.headers["content-length"]) > 0) == (200, b"", True)


async def test_the_smallest_form_the_browser_takes_is_sent(
    running_apps: Callable[..., RunningApp], dist: Path
) -> None:
    async with running_apps(web_dist=dist).client() as client:
        for accepted, encoding, length in (
            ("gzip, br", "br", 6),
            ("gzip", "gzip", 4),
            ("br;q=0, gzip", "gzip", 4),
        ):
            async with client.stream(
                "GET", "/assets/main-abc123.js", headers={"Accept-Encoding": accepted}
            ) as answer:
                raw = b"".join([part async for part in answer.aiter_raw()])
            assert (answer.headers["content-encoding"], len(raw)) == (encoding, length)
            assert answer.headers["vary"] == "Accept-Encoding"
        tag = (await client.get("/")).headers["etag"]
        again = await client.get("/", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")


async def test_nothing_outside_the_index_is_ever_opened(
    running_apps: Callable[..., RunningApp], dist: Path
) -> None:
    async with running_apps(web_dist=dist).client() as client:
        for path in (
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/assets/..%2f..%2fsecret.txt",
            "/assets/%2e%2e/%2e%2e/secret.txt",
            "//etc/passwd",
            "/link",
            "/assets/missing.js",
            "/.env.local",
        ):
            answer = await client.get(path)
            assert "secret" not in answer.text, path
            assert "root:" not in answer.text
        assert (await client.get("/assets/missing.js")).json()["code"] == "not_found"
        assert (await client.get("/api/shadow")).status_code == 404
        assert (await client.post("/chats")).status_code in {404, 405}
        assert (await client.get("/readyz")).headers["content-type"].startswith("application/json")
