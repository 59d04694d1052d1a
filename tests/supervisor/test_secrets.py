"""Key files: made once, private, outside the data; a lost or open one is refused, never replaced."""

import os
import stat
from pathlib import Path

import pytest

from talktalk.supervisor import secrets
from talktalk.supervisor.errors import KeyFileError
from talktalk.supervisor.folders import DataFolder, open_data_folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """A new data folder, whose keys go to a home of the test's own."""
    monkeypatch.setattr(secrets, "_keys_home", lambda environ: Path(environ["HOME"]) / "keys")
    return open_data_folder(tmp_path / "data")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home")}


def test_the_key_encryption_key_is_private_and_outside_the_data(
    folder: DataFolder, environ: dict[str, str]
) -> None:
    key = secrets.key_encryption_key(folder, environ)
    assert folder.path not in key.parents
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(bytes.fromhex(key.read_text(encoding="ascii"))) == 32


def test_it_is_found_again_under_another_home(folder: DataFolder, environ: dict[str, str]) -> None:
    first = secrets.key_encryption_key(folder, environ)
    assert secrets.key_encryption_key(folder, {"HOME": "/elsewhere"}) == first


def test_two_data_folders_have_two_keys(folder: DataFolder, environ: dict[str, str], tmp_path: Path) -> None:
    other = open_data_folder(tmp_path / "other")
    keys = {secrets.key_encryption_key(each, environ).read_bytes() for each in (folder, other)}
    assert len(keys) == 2


def test_a_lost_key_is_not_replaced_by_one_that_opens_nothing(
    folder: DataFolder, environ: dict[str, str]
) -> None:
    key = secrets.key_encryption_key(folder, environ)
    key.unlink()
    with pytest.raises(KeyFileError, match="is missing") as caught:
        secrets.key_encryption_key(folder, environ)
    assert "backup" in caught.value.way_out
    assert not key.exists()


def test_a_key_that_moved_is_found_by_its_new_name_from_then_on(
    folder: DataFolder, environ: dict[str, str], tmp_path: Path
) -> None:
    moved = secrets.key_encryption_key(folder, environ).rename(tmp_path / "kek")
    assert secrets.key_encryption_key(folder, environ | {secrets.KEK_VARIABLE: str(moved)}) == moved
    assert secrets.key_encryption_key(folder, environ) == moved


def test_a_key_inside_the_data_is_refused(folder: DataFolder, environ: dict[str, str]) -> None:
    inside = folder.path / "kek"
    with pytest.raises(KeyFileError, match="inside the data folder"):
        secrets.key_encryption_key(folder, environ | {secrets.KEK_VARIABLE: str(inside)})
    assert not inside.exists()


def test_a_key_that_others_can_read_is_refused(folder: DataFolder, environ: dict[str, str]) -> None:
    secrets.key_encryption_key(folder, environ).chmod(0o640)
    with pytest.raises(KeyFileError, match="open to other users"):
        secrets.key_encryption_key(folder, environ)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's file")
def test_a_key_that_another_user_put_there_is_refused(folder: DataFolder) -> None:
    os.chown(secrets.server_key(folder), 65534, -1)
    with pytest.raises(KeyFileError, match="open to other users"):
        secrets.server_key(folder)


def test_a_damaged_key_is_named(folder: DataFolder) -> None:
    secrets.server_key(folder).write_text("not a key", encoding="ascii")
    with pytest.raises(KeyFileError, match="damaged"):
        secrets.server_key(folder)


def test_a_key_that_cannot_be_made_says_where_else_it_may_be(folder: DataFolder) -> None:
    with pytest.raises(KeyFileError, match="cannot be made") as caught:
        secrets.key_encryption_key(folder, {"HOME": "/proc/none"})
    assert secrets.KEK_VARIABLE in caught.value.way_out


def test_the_server_key_is_made_once(folder: DataFolder) -> None:
    first = secrets.server_key(folder).read_bytes()
    assert secrets.server_key(folder).read_bytes() == first
