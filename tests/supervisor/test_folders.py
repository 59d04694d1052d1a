"""The data folder: made private, refused when it cannot be used, and never opened up."""

import os
import stat
from pathlib import Path

import pytest

from talktalk.supervisor import folders
from talktalk.supervisor.errors import DataFolderCorrupt, DataFolderError
from talktalk.supervisor.folders import DataFolder, Instance, open_data_folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "new" / "data")
    assert mode(folder.path) == 0o700
    assert mode(folder.keys) == mode(folder.logs) == mode(folder.ledger) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder to somebody else")
def test_roots_new_folder_belongs_to_an_unprivileged_user(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    assert folder.path.stat().st_uid != 0
    assert folder.keys.stat().st_uid == 0
    assert Path("/var/lib") in folders.default_path(Path("/srv/clone")).parents


def test_the_mode_of_a_folder_that_exists_stays(tmp_path: Path) -> None:
    given = tmp_path / "data"
    given.mkdir()
    given.chmod(0o751)
    open_data_folder(given)
    assert mode(given) == 0o751


def test_a_file_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(DataFolderError, match="is a file") as caught:
        open_data_folder(tmp_path / "data")
    assert "--data" in caught.value.way_out


def test_a_folder_that_cannot_be_made_is_named() -> None:
    with pytest.raises(DataFolderError, match="cannot be written to") as caught:
        open_data_folder(Path("/proc/talktalk"))
    assert "--data" in caught.value.way_out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's folder")
def test_another_users_data_is_refused_by_name(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    os.chown(folder.keys, 65534, -1)
    with pytest.raises(DataFolderError, match="made by the user nobody"):
        open_data_folder(folder.path)


def test_what_tells_a_folder_from_others_is_kept(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path)
    assert folders.read_instance(folder) is None
    folders.write_instance(folder, Instance("an id", "/a/key"))
    assert folders.read_instance(folder) == Instance("an id", "/a/key")


def test_a_damaged_instance_file_is_named(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.instance_file.write_text("{", encoding="ascii")
    with pytest.raises(DataFolderCorrupt, match=r"instance\.json is damaged"):
        folders.read_instance(folder)
