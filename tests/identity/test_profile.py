"""Profile and picture through HTTP."""

import struct
import zlib

import pytest

from talktalk.identity import rules
from tests.fixtures_app import RunningApp, sign_in

PHONE = "+821012345678"


def png(width: int = 64, height: int = 64, padding: int = 0) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + b"\x80" * width for _ in range(min(height, 64)))
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"tEXt", b"x" * padding)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    """The markers of a JPEG up to its frame header."""
    app0 = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    return (
        b"\xff\xd8" + app0 + b"\xff\xc2\x00\x11\x08" + struct.pack(">HH", height, width) + b"\x03" + b"\0" * 9
    )


def webp(kind: bytes, body: bytes) -> bytes:
    """A WebP container around one chunk."""
    chunk = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def test_pictures_are_known_by_their_own_bytes() -> None:
    lossy = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 100, 50) + b"\0" * 8
    lossless = b"\x2f" + struct.pack("<I", 99 | 49 << 14) + b"\0" * 8
    extended = b"\0\0\0\0" + (99).to_bytes(3, "little") + (49).to_bytes(3, "little")
    for data, media_type in (
        (png(100, 50), "image/png"),
        (jpeg(100, 50), "image/jpeg"),
        (webp(b"VP8 ", lossy), "image/webp"),
        (webp(b"VP8L", lossless), "image/webp"),
        (webp(b"VP8X", extended), "image/webp"),
    ):
        assert rules.sniff_image(data) == rules.Image(media_type, 100, 50)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>",
        b"GIF89a" + b"\0" * 60,
        b"\x89PNG\r\n\x1a\n",
        png()[:40],
        png()[:-12] + b"<script>alert(1)</script>",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\x00\x00" + b"\0" * 40,
        b"\xff\xd8" + b"\xff" * 4000,
        b"RIFF\xff\xff\xff\xffWEBPVP8 " + b"\0" * 40,
        b"RIFF\0\0\0\0WEBPVP9 " + b"\0" * 40,
    ],
)
def test_anything_else_is_no_picture(data: bytes) -> None:
    assert rules.sniff_image(data) is None


async def test_a_picture_is_kept_served_and_replaced(running_app: RunningApp) -> None:
    async with running_app.client() as mina, running_app.client() as joon, running_app.client() as nobody:
        me = await sign_in(mina, PHONE)
        await sign_in(joon, "+821077776666")
        put = await mina.put("/api/v1/me/picture", content=png(), headers={"Content-Type": "image/png"})
        assert put.status_code == 200, put.text
        address = put.json()["picture_url"]
        shown = await joon.get(address)
        assert (shown.status_code, shown.content) == (200, png())
        assert shown.headers["content-type"] == "image/png"
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert "immutable" in shown.headers["cache-control"]
        assert (await nobody.get(address)).status_code == 401

        # What it is follows from its bytes, whatever the header claims.
        put = await mina.put(
            "/api/v1/me/picture", content=jpeg(64, 64), headers={"Content-Type": "image/webp"}
        )
        assert put.json()["picture_url"] != address
        assert (await joon.get(put.json()["picture_url"])).headers["content-type"] == "image/jpeg"
        assert (await joon.get(address)).status_code == 404

        assert (await mina.delete("/api/v1/me/picture")).json()["picture_url"] is None
        assert (await joon.get(put.json()["picture_url"])).status_code == 404
        assert (await mina.get("/api/v1/me")).json()["id"] == str(me.me.id)


async def test_what_is_no_sane_picture_changes_nothing(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await sign_in(client, PHONE)
        for content, media_type, status, code in (
            (png(4096, 64), "image/png", 415, "picture_refused"),
            (png(8, 8), "image/png", 415, "picture_refused"),
            (b"<svg/>", "image/png", 415, "picture_refused"),
            (b"", "image/png", 415, "picture_refused"),
            (png(), "image/svg+xml", 415, "unsupported_media_type"),
            (png(), "text/html", 415, "unsupported_media_type"),
            (png(padding=513 * 1024), "image/png", 413, "body_too_large"),
        ):
            headers = {"Content-Type": media_type}
            answer = await client.put("/api/v1/me/picture", content=content, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert (await client.get("/api/v1/me")).json()["picture_url"] is None


async def test_a_profile_changes_field_by_field(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await sign_in(client, PHONE, name="Mina")
        assert (await client.patch("/api/v1/me", json={"locale": "en"})).json()["name"] == "Mina"
        answer = await client.patch("/api/v1/me", json={"name": "  Kim \u202e Mi\u200bna\n "})
        assert (answer.json()["name"], answer.json()["locale"]) == ("Kim Mina", "en")
        assert (await client.patch("/api/v1/me", json={})).json()["name"] == "Kim Mina"
        for wrong in (
            {"name": ""},
            {"name": "x" * 41},
            {"name": None},
            {"locale": "xx"},
            {"phone": "+82"},
            {"name": 7},
        ):
            answer = await client.patch("/api/v1/me", json=wrong)
            assert (answer.status_code, answer.json()["code"]) == (400, "malformed"), wrong
        blank = await client.patch("/api/v1/me", json={"name": " \u200b\u202e "})
        assert (blank.status_code, blank.json()["code"]) == (400, "name_invalid")
        null = await client.patch("/api/v1/me", json={"name": "a\u0000b"})
        assert null.json()["name"] == "ab"
        assert (await client.get("/api/v1/me")).json()["name"] == "ab"


async def test_a_family_emoji_stays_one_in_a_name(running_app: RunningApp) -> None:
    family = "👨\u200d👩\u200d👧 Kim"
    async with running_app.client() as client:
        assert (await sign_in(client, PHONE)).me.phone == PHONE
        assert (await client.patch("/api/v1/me", json={"name": family})).json()["name"] == family
