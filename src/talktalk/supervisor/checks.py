"""`talktalk test`: every check and test in order, one summary at the end.

The stages are in `_stages`, cheapest first; one that fails does not keep the others from running. What the
tests need from the system (Redis, Chromium, SoftHSM, a Korean font) is looked for first and, as root on
Debian, installed; elsewhere the summary says what to install. In CI (`CI` is set) what is missing is a
failure.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from talktalk.supervisor.errors import StartError
from talktalk.supervisor.processes import GuardPipe
from talktalk.supervisor.web_build import ensure_packages, find_node

LONG = "--long"
_NO_TESTS_COLLECTED = 5


@dataclass(frozen=True, slots=True)
class Program:
    """Something the tests need from the system."""

    what: str
    packages: tuple[str, ...]
    """Debian's packages that bring it."""
    is_there: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Result:
    """How a stage ended. A check counts as one; a stage of tests counts its tests."""

    name: str
    passed: int
    failed: int
    skipped: int
    detail: str
    took_s: float


def _has_command(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


def _has_chromium() -> bool:
    if sys.platform == "darwin":
        return any(Path(f"/Applications/{name}.app").exists() for name in ("Chromium", "Google Chrome"))
    return _has_command("chromium", "chromium-browser", "google-chrome")()


def _has_korean_font() -> bool:
    if sys.platform == "darwin":
        return True
    if not shutil.which("fc-list"):
        return False
    listed = subprocess.run(["fc-list", ":lang=ko"], check=False, capture_output=True, text=True)
    return bool(listed.stdout.strip())


PROGRAMS = (
    Program("Redis 7 (redis-server)", ("redis-server",), _has_command("redis-server")),
    Program("Chromium", ("chromium",), _has_chromium),
    Program("SoftHSM 2 (softhsm2-util)", ("softhsm2",), _has_command("softhsm2-util")),
    Program("a font with Korean letters", ("fontconfig", "fonts-noto-cjk"), _has_korean_font),
)


def run_checks(root: Path, arguments: Sequence[str]) -> int:
    """Run all stages, or with arguments pytest alone with them. Returns the exit code for the process."""
    console = Console()
    long = LONG in arguments
    chosen = [argument for argument in arguments if argument != LONG]
    if chosen:
        return subprocess.run(
            _pytest(*chosen, *_without_long(long, chosen)), cwd=root, check=False
        ).returncode
    results = [look_for_programs(console, os.environ)]
    reports = root / "artifacts" / "tests"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    for name, stage in _stages(root, reports, long=long):
        console.rule(f"[bold]{name}", align="left")
        results.append(stage(name))
    return summarise(console, results)


def _stages(root: Path, reports: Path, *, long: bool) -> list[tuple[str, Callable[[str], Result]]]:
    def check(*command: str) -> Callable[[str], Result]:
        return lambda name: _check(name, command, root, os.environ)

    def tests(report: str, marks: str, *extra: str) -> Callable[[str], Result]:
        wanted = marks if long else f"({marks}) and not long"
        return lambda name: run_tests(name, _pytest("-q", "-m", wanted, *extra), root, reports / report)

    def web(script: str) -> Callable[[str], Result]:
        return lambda name: _web(name, script, root)

    return [
        ("lint", check(*_python("ruff"), "check", ".")),
        ("format", check(*_python("ruff"), "format", "--check", ".")),
        ("types", check(*_python("mypy"))),
        ("types of tests", check(*_python("mypy"), "tests", "bench")),
        ("import contracts", check(str(Path(sys.executable).parent / "lint-imports"))),
        ("web packages", lambda name: _web_packages(name, root, reports)),
        ("web lint", web("lint")),
        ("web contract", web("generated")),
        ("web types", web("typecheck")),
        ("web tests", web("test")),
        ("tests", tests("tests.xml", "not journey", "-n", "2")),
        ("journeys", tests("journeys.xml", "journey")),
    ]


def _python(module: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", module)


def _pytest(*arguments: str) -> tuple[str, ...]:
    return (*_python("pytest"), *arguments)


def _without_long(long: bool, chosen: Sequence[str]) -> list[str]:
    """Leave long tests out, unless they are asked for or the arguments choose by mark themselves."""
    return [] if long or "-m" in chosen else ["-m", "not long"]


def look_for_programs(console: Console, environ: Mapping[str, str]) -> Result:
    """Look for what the tests need from the system, and install it where we may."""
    began = time.monotonic()
    missing = [program for program in PROGRAMS if not program.is_there()]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        console.print(f"Installing {', '.join(program.what for program in missing)} ...")
        _apt_install([package for program in missing for package in program.packages])
        missing = [program for program in missing if not program.is_there()]
    took_s = time.monotonic() - began
    found = len(PROGRAMS) - len(missing)
    if not missing:
        return Result("programs", found, 0, 0, "all there", took_s)
    packages = " ".join(package for program in missing for package in program.packages)
    detail = f"missing: {', '.join(program.what for program in missing)}. Debian: apt install {packages}"
    if environ.get("CI"):
        return Result("programs", found, len(missing), 0, detail, took_s)
    return Result("programs", found, 0, len(missing), detail, took_s)


def _apt_install(packages: Sequence[str]) -> None:
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(install, check=False, env=environment, stdout=sys.stderr).returncode != 0:
        # The lists may be missing or old, as in a fresh container.
        subprocess.run(["apt-get", "update", "-q"], check=False, env=environment, stdout=sys.stderr)
        subprocess.run(install, check=False, env=environment, stdout=sys.stderr)


def _check(name: str, command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> Result:
    began = time.monotonic()
    try:
        code = subprocess.run(command, cwd=cwd, env=environment, check=False).returncode
    except OSError as error:
        return Result(name, 0, 1, 0, str(error), time.monotonic() - began)
    took_s = time.monotonic() - began
    if code == 0:
        return Result(name, 1, 0, 0, "ok", took_s)
    return Result(name, 0, 1, 0, f"exit code {code}", took_s)


def _web_packages(name: str, root: Path, scratch: Path) -> Result:
    began = time.monotonic()
    guard_pipe = GuardPipe()
    guard_pipe.start()
    try:
        asyncio.run(ensure_packages(root / "web", scratch, guard_pipe, print))
    except StartError as error:
        return Result(name, 0, 1, 0, f"{error.sentence} {error.way_out}", time.monotonic() - began)
    finally:
        guard_pipe.stop()
    return Result(name, 1, 0, 0, "ok", time.monotonic() - began)


def _web(name: str, script: str, root: Path) -> Result:
    node = find_node()
    return _check(name, node.command("run", script), root / "web", node.environment(os.environ))


def run_tests(name: str, command: Sequence[str], root: Path, report: Path) -> Result:
    """Run pytest and count by its report; a run that ends badly without a failed test is a failure itself."""
    ran = _check(name, [*command, f"--junitxml={report}"], root, os.environ)
    passed, failed, skipped = _counts(report)
    if ran.failed and not failed:
        why = "no tests were found" if ran.detail == f"exit code {_NO_TESTS_COLLECTED}" else ran.detail
        return Result(name, passed, 1, skipped, why, ran.took_s)
    detail = f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")
    return Result(name, passed, failed, skipped, detail, ran.took_s)


def _counts(report: Path) -> tuple[int, int, int]:
    """Return how many tests passed, failed and were skipped according to a JUnit report."""
    try:
        suites = ET.parse(report).getroot().iter("testsuite")  # noqa: S314 - pytest wrote it a moment ago
        totals = [
            [int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")]
            for suite in suites
        ]
    except (OSError, ET.ParseError):
        return 0, 0, 0
    tests, failures, errors, skipped = (sum(column) for column in zip(*totals, strict=True))
    return tests - failures - errors - skipped, failures + errors, skipped


def summarise(console: Console, results: Sequence[Result]) -> int:
    """Print the table and the line of totals; returns the exit code."""
    table = Table(title="Summary", title_justify="left")
    table.add_column("stage")
    table.add_column("result")
    table.add_column("time", justify="right")
    table.add_column("detail")
    for result in results:
        if result.failed:
            verdict = "[red]failed[/]"
        elif result.passed == 0 and result.skipped:
            verdict = "[yellow]skipped[/]"
        else:
            verdict = "[green]passed[/]"
        table.add_row(result.name, verdict, f"{result.took_s:.1f} s", escape(result.detail))
    console.print(table)
    failed = sum(result.failed for result in results)
    console.print(f"{sum(result.passed for result in results)} passed, {failed} failed", highlight=False)
    return 1 if failed else 0
