"""The entry script on real shells and Pythons: a bare environment, odd paths, interruptions, clear refusals.

It runs in a clone of its own whose `talktalk` package only prints its arguments and whose locks name no
package, so that nothing is downloaded.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.supervisor.support import wait_until

pytestmark = pytest.mark.integration

ENTRY = Path(__file__).parents[2] / "talktalk"
PYTHON = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
UNKNOWN_PACKAGE = "no-such-package-at-all==1.0 --hash=sha256:" + "0" * 64 + "\n"


@pytest.fixture
def clone() -> Iterator[Path]:
    """A small clone in a folder with a space in its name, which an unprivileged user can enter."""
    top = Path(tempfile.mkdtemp(prefix="talktalk-test-", dir="/tmp"))
    top.chmod(0o755)
    root = top / "a clone"
    package = root / "src" / "talktalk"
    package.mkdir(parents=True)
    shutil.copy(ENTRY, root / "talktalk")
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("import sys\nprint('ran with', sys.argv[1:])\n", encoding="ascii")
    for name in ("requirements.lock", "requirements-dev.lock"):
        (root / name).touch()
    yield root
    shutil.rmtree(top)


def environment(**more: str) -> dict[str, str]:
    """As empty an environment as a program can have, but for the Python to use."""
    return {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TALKTALK_PYTHON": str(PYTHON), **more}


def start(clone: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the entry script from another folder."""
    return subprocess.run(
        [clone / "talktalk", *arguments],
        cwd="/",
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
    )


def assert_refused(outcome: subprocess.CompletedProcess[str], sentence: str, way_out: str) -> None:
    """A refusal is one sentence, a way out, and an exit code; nothing of a traceback."""
    assert outcome.returncode == 1, outcome
    assert sentence in outcome.stderr
    assert way_out in outcome.stderr
    assert "Traceback" not in outcome.stderr


def only_tools(clone: Path) -> Path:
    """A folder for PATH that holds what the script calls, and no Python."""
    tools = clone / "tools"
    tools.mkdir()
    for name in ("dirname", "cksum", "tr", "sed", "mkdir", "ln", "readlink", "rm", "sleep", "grep"):
        (tools / name).symlink_to(shutil.which(name) or name)
    return tools


def write_program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_first_start_makes_the_environment_and_the_second_uses_it(clone: Path) -> None:
    first = start(clone, "up", "--data", "a folder")
    assert first.stdout == "ran with ['up', '--data', 'a folder']\n", first
    assert "Making a Python environment" in first.stderr
    second = start(clone)
    assert (second.stdout, second.stderr) == ("ran with []\n", "")


def test_it_runs_through_a_link_from_anywhere(clone: Path) -> None:
    link = clone.parent / "link"
    link.symlink_to("a clone/talktalk")
    outcome = subprocess.run([link], cwd="/", env=environment(), capture_output=True, text=True, check=False)
    assert outcome.stdout == "ran with []\n", outcome


def test_what_lies_in_the_callers_folder_is_not_imported(clone: Path) -> None:
    start(clone)
    (clone.parent / "talktalk.py").write_text("raise SystemExit('the wrong one')", encoding="ascii")
    outcome = subprocess.run(
        [clone / "talktalk"], cwd=clone.parent, env=environment(), capture_output=True, text=True, check=False
    )
    assert outcome.stdout == "ran with []\n", outcome


def test_a_changed_lock_is_installed_again(clone: Path) -> None:
    start(clone)
    (clone / "requirements.lock").write_text("# nothing, in other words\n", encoding="ascii")
    assert "Installing" in start(clone).stderr
    assert start(clone).stderr == ""


def test_tests_get_their_own_packages_too(clone: Path) -> None:
    assert "what its tests need" not in start(clone).stderr
    assert "what its tests need" in start(clone, "test").stderr
    assert start(clone, "test").stderr == ""


def test_a_clone_that_was_moved_makes_its_environment_anew(clone: Path) -> None:
    start(clone)
    moved = clone.rename(clone.with_name("elsewhere"))
    outcome = start(moved)
    assert "Making a Python environment" in outcome.stderr
    assert outcome.stdout == "ran with []\n"


def test_a_failed_download_says_so_and_the_next_start_makes_up_for_it(clone: Path) -> None:
    (clone / "requirements.lock").write_text(UNKNOWN_PACKAGE, encoding="ascii")
    outcome = start(clone, PIP_NO_INDEX="1")
    assert_refused(outcome, "could not be downloaded", "Internet")
    (clone / "requirements.lock").write_text("", encoding="ascii")
    assert start(clone).stdout == "ran with []\n"


def test_an_interrupted_installation_leaves_no_broken_environment(clone: Path) -> None:
    start(clone)
    # A pip that never ends, found before the real one.
    hang = clone / "src" / "pip"
    hang.mkdir()
    marker = clone / "pip runs"
    (hang / "__init__.py").touch()
    (hang / "__main__.py").write_text(
        f"import pathlib, time\npathlib.Path({str(marker)!r}).touch()\ntime.sleep(3600)\n", encoding="ascii"
    )
    site = next((clone / ".venv" / "lib").iterdir()) / "site-packages"
    first = f"import sys; sys.path.insert(0, {str(clone / 'src')!r})\n"
    (site / "talktalk_src.pth").write_text(first, encoding="ascii")
    (clone / "requirements.lock").write_text("# changed\n", encoding="ascii")
    process = subprocess.Popen(
        [clone / "talktalk"], env=environment(), stderr=subprocess.DEVNULL, start_new_session=True
    )
    wait_until(marker.exists, "pip was started")
    os.killpg(process.pid, signal.SIGTERM)
    process.wait()
    shutil.rmtree(hang)
    assert (clone / ".venv" / "talktalk.unfinished").exists()
    outcome = start(clone)
    assert "Making a Python environment" in outcome.stderr
    assert outcome.stdout == "ran with []\n"


def test_two_first_starts_at_once_make_one_environment(clone: Path) -> None:
    both = [
        subprocess.Popen(
            [clone / "talktalk"], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    outcomes = [process.communicate() for process in both]
    assert [out for out, _ in outcomes] == ["ran with []\n"] * 2, outcomes
    assert sum("Making a Python environment" in err for _, err in outcomes) == 1


def test_the_lock_of_a_killed_start_is_taken_over(clone: Path) -> None:
    dead = subprocess.Popen(["/bin/true"])
    dead.wait()
    (clone / ".talktalk").mkdir()
    (clone / ".talktalk" / "install.lock").symlink_to(f"pid-{dead.pid}")
    assert start(clone).stdout == "ran with []\n"


def test_too_old_a_python_is_named(clone: Path) -> None:
    tools = only_tools(clone)
    old = write_program(tools / "python3", 'case "$2" in *print*) echo 3.9 ;; *) exit 1 ;; esac')
    outcome = start(clone, PATH=str(tools), TALKTALK_PYTHON="")
    assert_refused(outcome, f"needs Python 3.11 or newer, and found Python 3.9 at {old}", "apt install")


def test_no_python_at_all_is_said(clone: Path) -> None:
    outcome = start(clone, PATH=str(only_tools(clone)), TALKTALK_PYTHON="")
    assert_refused(outcome, "needs Python 3.11 or newer, and found none", "brew install python")


def test_a_python_without_venv_is_named(clone: Path) -> None:
    tools = only_tools(clone)
    bare = write_program(
        tools / "python3", f'case "$2" in *ensurepip*) exit 1 ;; *) exec "{PYTHON}" "$@" ;; esac'
    )
    outcome = start(clone, PATH=str(tools), TALKTALK_PYTHON="")
    assert_refused(outcome, f"The Python at {bare} lacks its venv module", "apt install python3-venv")


def test_an_unwritable_folder_is_named(clone: Path) -> None:
    clone.chmod(0o555)
    if os.geteuid() == 0:  # nothing is unwritable for root
        nobody = pwd.getpwnam("nobody")
        outcome = subprocess.run(
            [clone / "talktalk"],
            cwd="/",
            env={"PATH": "/usr/bin:/bin"},
            user=nobody.pw_uid,
            group=nobody.pw_gid,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
    else:
        outcome = start(clone)
    clone.chmod(0o755)
    assert_refused(outcome, f"The folder {clone} cannot be written to", "folder of your own")
