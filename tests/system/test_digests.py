"""The hash of a large file: known while the file is as it was, read again otherwise."""

import os
import time

import pytest

from detector.system import digests
from detector.system.digests import digest_of
from detector.system.files import digest


@pytest.fixture
def export(tmp_path, monkeypatch):
    """A file that changed long enough ago."""
    monkeypatch.setattr(digests, "_A_MOMENT", 0)
    file = tmp_path / "export.json"
    file.write_bytes(b"[1]")
    return file


def _read_again(file, kept, monkeypatch):
    """Whether the file is read for its hash."""
    reads = []
    monkeypatch.setattr(digests, "digest", lambda file: reads.append(file) or digest(file))
    assert digest_of(file, kept) == digest(file)
    return bool(reads)


def test_it_is_read_once(export, tmp_path, monkeypatch):
    assert _read_again(export, tmp_path / "kept", monkeypatch)
    assert not _read_again(export, tmp_path / "kept", monkeypatch)


def test_a_change_of_the_same_size_and_time_is_seen(export, tmp_path, monkeypatch):
    digest_of(export, tmp_path / "kept")
    before = export.stat()
    time.sleep(0.02)
    export.write_bytes(b"[2]")
    os.utime(export, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (export.stat().st_size, export.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert _read_again(export, tmp_path / "kept", monkeypatch)


@pytest.mark.parametrize("damaged", [b"", b"x y", b"\xff", b"%s"], ids=["empty", "torn", "no text", "another hash"])
def test_what_is_kept_may_be_damaged(export, tmp_path, monkeypatch, damaged):
    digest_of(export, tmp_path / "kept")
    [known] = (tmp_path / "kept").iterdir()
    look, content, check = known.read_bytes().split()
    known.write_bytes(damaged if damaged != b"%s" else b" ".join([look, content[::-1], check]))
    assert _read_again(export, tmp_path / "kept", monkeypatch)
    assert not _read_again(export, tmp_path / "kept", monkeypatch)


def test_one_that_changed_a_moment_ago_is_not_kept(tmp_path):
    file = tmp_path / "export.json"
    file.write_bytes(b"[1]")
    digest_of(file, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_a_folder_that_cannot_be_written_to_costs_the_time_alone(export, tmp_path):
    (tmp_path / "kept").write_text("no folder")
    assert digest_of(export, tmp_path / "kept") == digest(export)
