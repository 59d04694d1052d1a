"""The summary of `talktalk test`: what failed is counted, and a run that counts nothing is a failure."""

import io
import shutil
import sys
from pathlib import Path

import pytest
from rich.console import Console

from talktalk.supervisor import checks
from talktalk.supervisor.checks import Program, Result, run_checks, run_tests, summarise

PYTEST = (sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider")


def run(folder: Path, tests: str) -> Result:
    """Run pytest on a small module of its own."""
    (folder / "test_small.py").write_text(tests, encoding="ascii")
    return run_tests("small", [*PYTEST, "test_small.py"], folder, folder / "report.xml")


def test_each_test_is_counted(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        "import pytest\n"
        "def test_one(): pass\n"
        "def test_two(): assert False\n"
        "def test_three(): pytest.skip('not today')\n"
        "def test_four(no_such_fixture): pass\n",
    )
    assert (result.passed, result.failed, result.skipped) == (1, 2, 1)


def test_a_run_without_tests_is_a_failure(tmp_path: Path) -> None:
    result = run(tmp_path, "")
    assert (result.passed, result.failed) == (0, 1)
    assert "no tests were found" in result.detail


def test_a_run_that_breaks_off_is_a_failure(tmp_path: Path) -> None:
    result = run(tmp_path, "import os\ndef test_one(): pass\ndef test_two(): os._exit(7)\n")
    assert result.failed == 1
    assert "exit code 7" in result.detail


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (2, 1)])
def test_the_summary_ends_with_the_totals(failed: int, code: int) -> None:
    written = io.StringIO()
    results = [Result("one", 3, 0, 0, "ok", 1.0), Result("two", 1, failed, 1, "a [detail]", 2.0)]
    assert summarise(Console(file=written, width=100), results) == code
    text = written.getvalue()
    assert text.splitlines()[-1] == f"4 passed, {failed} failed"
    assert "a [detail]" in text


@pytest.mark.parametrize(("ci", "failed"), [("", 0), ("1", 1)])
def test_what_the_machine_lacks_fails_in_ci_alone(
    monkeypatch: pytest.MonkeyPatch, ci: str, failed: int
) -> None:
    lacking = (Program("a unicorn", ("unicorn",), lambda: False),)
    monkeypatch.setattr(checks, "PROGRAMS", lacking)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    result = checks.look_for_programs(Console(file=io.StringIO()), {"CI": ci})
    assert result.failed == failed
    assert "apt install unicorn" in result.detail


def test_arguments_run_pytest_alone_and_its_exit_code_is_ours(tmp_path: Path) -> None:
    (tmp_path / "test_small.py").write_text("def test_one(): assert False\n", encoding="ascii")
    assert run_checks(tmp_path, ["-q", "-p", "no:cacheprovider", "test_small.py"]) == 1
    assert run_checks(tmp_path, ["-q", "-p", "no:cacheprovider", "-k", "nothing"]) == 5
