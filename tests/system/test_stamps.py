"""Files as they were left: what changed is seen, and what only looks otherwise is read."""

import os
import shutil
from hashlib import sha256

import pytest

from detector.system import looks, many, stamps


@pytest.fixture(autouse=True, params=["few", "many"])
def amount(request, monkeypatch):
    """Where there are many files, they are looked at in parts, by a process for each core."""
    if request.param == "many":
        monkeypatch.setattr(many, "MANY", 1)
        monkeypatch.setattr(looks, "TOGETHER", 1)


@pytest.fixture
def folder(tmp_path):
    """Three files: one whose hash is known, one that is called by its hash, and one that is read."""
    (tmp_path / "known").write_text("known")
    (tmp_path / f"{sha256(b'named').hexdigest()}.jpg").write_text("named")
    (tmp_path / "read").write_text("read")
    return tmp_path


@pytest.fixture
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("kept") / "stamps"


def left(kept, folder):
    known = {folder / "known": sha256(b"known").hexdigest()}
    stamps.stamp(kept, sorted(folder.iterdir()), known, [folder])


def test_what_is_as_it_was_left_is_not_read(folder, kept, monkeypatch):
    left(kept, folder)
    monkeypatch.setattr(stamps, "sha256_of", None)
    assert stamps.changed(kept) == []


def test_what_is_known_is_not_read_for_its_stamp(folder, kept, monkeypatch):
    (folder / "read").unlink()
    monkeypatch.setattr(stamps, "sha256_of", None)
    left(kept, folder)
    assert stamps.count(kept) == 2


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("how", ["gone", "empty", "shorter", "other", "a folder", "a link to nothing"])
def test_what_changed_is_named(folder, kept, at, how):
    left(kept, folder)
    file = sorted(folder.iterdir())[at]
    content = file.read_text()
    file.unlink()
    if how == "a folder":
        file.mkdir()
    elif how == "a link to nothing":
        file.symlink_to("nothing")
    elif how != "gone":
        file.write_text({"empty": "", "shorter": content[:-1], "other": content.upper()}[how])
    assert stamps.changed(kept) == [str(file)]


def test_a_copy_is_read_once_and_stamped_anew(folder, kept, monkeypatch):
    monkeypatch.chdir(folder)
    stamps.stamp(kept, [file.relative_to(folder) for file in folder.iterdir()], {})
    shutil.copytree(folder, kept.parent / "copy")
    monkeypatch.chdir(kept.parent / "copy")
    assert stamps.changed(kept) == []
    monkeypatch.setattr(stamps, "sha256_of", None)
    assert stamps.changed(kept) == []


def test_what_is_more_in_a_folder_is_named_but_for_caches(folder, kept):
    left(kept, folder)
    for name in ("train.cache", "photo.npy", "more.txt"):
        (folder / name).write_text("")
    assert stamps.changed(kept) == [str(folder / "more.txt")]


def test_a_change_that_can_not_be_seen_is_found_by_reading_everything(folder, kept):
    left(kept, folder)
    file = folder / "read"
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    with file.open("r+") as opened:
        opened.write("R")
    os.utime(file, ns=times)
    assert stamps.changed(kept) == []
    assert stamps.changed(kept, thorough=True) == [str(file)]


def test_reading_everything_writes_nothing(folder, kept):
    left(kept, folder)
    (folder / "read").touch()
    before = kept.read_bytes()
    assert stamps.changed(kept, thorough=True) == []
    assert kept.read_bytes() == before
    assert stamps.changed(kept) == []
    assert kept.read_bytes() != before


@pytest.mark.parametrize("content", [b"", b"\x93", b'{"looks": 3}'])
def test_a_list_that_is_lost_is_made_again_from_the_hashes(folder, kept, content):
    left(kept, folder)
    (folder / "read").write_text("another")
    kept.write_bytes(content)
    assert stamps.changed(kept) == [str(folder / "read")]
    (folder / "read").write_text("read")
    assert stamps.changed(kept) == []
    kept.with_name("stamps.hashes").unlink()
    assert stamps.changed(kept) == []
    kept.unlink()
    assert stamps.changed(kept) == [str(kept)]
