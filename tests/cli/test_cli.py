"""The command line: it lists itself, and what it refuses is one sentence with an exit code."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = ("up", "test", "serve", "work", "devnet", "migrate", "openapi", "asyncapi", "tokens", "bench")


def talktalk(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, without settings of the caller's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TALKTALK_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "talktalk", *arguments],
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )


def assert_refused(outcome: subprocess.CompletedProcess[str], *words: str) -> None:
    assert outcome.returncode == 1, outcome
    assert outcome.stderr.startswith("talktalk: ")
    assert "Traceback" not in outcome.stderr
    for word in words:
        assert word in outcome.stderr


def test_alone_it_lists_every_command_with_a_line_each() -> None:
    outcome = talktalk()
    assert outcome.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command} +[A-Z].*\.$", outcome.stdout, re.MULTILINE), (
            command,
            outcome.stdout,
        )


def test_an_unknown_command_is_refused() -> None:
    assert talktalk("fly").returncode == 2


@pytest.mark.parametrize("port", ["0", "65536", "-1", "eighty"])
def test_a_port_that_cannot_be_is_refused(port: str) -> None:
    assert talktalk("up", "--port", port).returncode == 2


def test_migrating_without_a_database_names_the_setting() -> None:
    assert_refused(talktalk("migrate"), "TALKTALK_DATABASE_URL")


def test_serving_without_settings_names_what_is_missing() -> None:
    assert_refused(talktalk("serve"), "TALKTALK_")


def test_an_unknown_benchmark_is_refused_with_those_there_are() -> None:
    outcome = talktalk("bench", "no-such")
    assert outcome.returncode == 2
    assert "startup" in outcome.stderr


def test_a_taken_port_is_refused_with_a_free_one(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = talktalk(
            "up",
            "--no-open",
            "--port",
            str(port),
            "--data",
            str(tmp_path / "data"),
            TALKTALK_KEK_FILE=str(tmp_path / "kek"),
        )
    assert_refused(outcome, f"Port {port} is taken", "./talktalk up --port")


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    assert_refused(talktalk("up", "--no-open", "--data", str(tmp_path / "data")), "is a file", "--data DIR")
