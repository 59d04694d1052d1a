"""House rules of the source, as tests."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MODULES = [path for path in SOURCES if "migrations/env.py" not in path.as_posix()]
# Written in pieces, so that this file keeps its own rule.
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", r"\bX" + r"XX\b", "NotImplemented" + "Error")))
BARE_IGNORES = re.compile(r"#\s*type:\s*ignore(?!\[)|#\s*noqa(?!:)|pragma:\s*no" + " cover")
REGISTRIES = re.compile(
    r"|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("python" + "hosted", "org"),
            ("registry", "npmjs"),
            ("registry", "yarnpkg"),
            ("npmmirror", "com"),
            ("crates", "io"),
        )
    )
)
MONEY = [
    ROOT / "src" / name
    for name in (
        "talktalk/ledger/amounts.py",
        "talktalk/ledger/fees.py",
        "talktalk/transfers/rules.py",
        "talktalk/transfers/requests/rules.py",
        "talktalk/transfers/requests/settling.py",
        "talktalk/transfers/schedules/rules.py",
        "talktalk/wallet/rules.py",
        "talktalk_wire/common.py",
        "talktalk_wire/wallet.py",
        "talktalk_wire/transfers.py",
        "talktalk_wire/requests.py",
        "talktalk_client/amounts.py",
    )
]


def tracked() -> list[Path]:
    """Every file of the project that git knows, or, without git, every source."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return SOURCES
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def lines_matching(paths: list[Path], pattern: re.Pattern[str]) -> list[str]:
    """Where a pattern stands: `path:line: text`."""
    found = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    return found


def imports_of(path: Path) -> Iterator[str]:
    """Every module a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_every_module_says_what_it_is() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_every_public_class_and_function_says_what_it_promises() -> None:
    silent = []
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if not node.name.startswith("_") and not ast.get_docstring(node):
                silent.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert silent == []


def test_nothing_is_left_unfinished() -> None:
    assert lines_matching(SOURCES, UNFINISHED) == []


def test_every_ignore_names_its_code() -> None:
    tests = sorted((ROOT / "tests").rglob("*.py"))
    assert lines_matching([*SOURCES, *(path for path in tests if path != Path(__file__))], BARE_IGNORES) == []


def test_no_file_names_a_package_registry() -> None:
    assert lines_matching(tracked(), REGISTRIES) == []


@pytest.mark.parametrize("path", [path for path in MONEY if path.exists()], ids=lambda path: path.name)
def test_money_is_never_a_float(path: Path) -> None:
    def is_float(node: ast.AST) -> bool:
        is_literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        return is_literal or (isinstance(node, ast.Name) and node.id == "float")

    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    assert [ast.unparse(node) for node in nodes if is_float(node)] == []


def test_migrations_import_nothing_of_the_application() -> None:
    versions = ROOT / "src" / "talktalk" / "migrations" / "versions"
    found = [
        f"{path.name}: {name}"
        for path in versions.glob("*.py")
        for name in imports_of(path)
        if name.split(".")[0] in {"talktalk", "talktalk_wire", "talktalk_client", "xrpl_codec", "xrpl_devnet"}
    ]
    assert found == []


def test_the_wall_clock_is_asked_in_one_place() -> None:
    """Code gets time from a `Clock`; these read the machine's, each for the reason beside it."""
    allowed = {
        "platform/clock.py",  # is the clock
        "platform/ids.py",  # ids carry the machine's time
        "platform/log.py",  # log lines carry the record's time
    }
    pattern = re.compile(r"datetime\.(now|utcnow)\(|(?<![\w.])time\.time\(")
    slices = [
        path
        for name in (
            "platform",
            "identity",
            "social",
            "chat",
            "ledger",
            "custody",
            "wallet",
            "transfers",
            "webhooks",
        )
        for path in sorted((ROOT / "src" / "talktalk" / name).rglob("*.py"))
        if path.relative_to(ROOT / "src" / "talktalk").as_posix() not in allowed
    ]
    assert lines_matching(slices, pattern) == []
