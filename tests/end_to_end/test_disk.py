"""A disk that is full, or may not be written: one sentence, nothing half-written, and the next run goes on."""

import json
import os
import subprocess
from contextlib import contextmanager

import pytest

from tests.support import cut_short

SIZE = 32  # MiB; a whole run of this project takes 12


@contextmanager
def small_disk(folder):
    """A file system of its own in `folder`."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}M", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"only root can mount a small disk: {mounted.stderr.strip()}")
    try:
        yield cut_short.project(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder, leave):
    """Leave so many KiB free."""
    (folder / "filler").unlink(missing_ok=True)
    space = os.statvfs(folder)
    (folder / "filler").write_bytes(bytes(max(0, space.f_bavail * space.f_frsize - leave * 1024)))


def refused(folder):
    with cut_short.start(folder) as process:
        out, err = process.communicate(timeout=300)
    assert process.returncode == 1, err
    assert "Traceback" not in err
    return json.loads(out)["error"]


@pytest.mark.parametrize(
    ("leave", "until"),
    [
        (0, "check"),
        (200, "check"),
        pytest.param(2500, "promote", marks=pytest.mark.torture),
        (3500, "train"),
    ],
)
def test_a_full_disk(tmp_path, leave, until):
    """Before anything is written, while MLflow's database is made, and while a network is trained."""
    with small_disk(tmp_path) as folder:
        fill(folder, leave)
        full = "the disk is full; make room (`detector prune` removes old versions and runs), then run again"
        assert refused(folder) == full
        (folder / "filler").unlink()
        assert cut_short.run(folder, "--until", until)["status"] == "done"
        runs = cut_short.runs_of(folder)
        assert "RUNNING" not in {run.info.status for run in runs}
        assert len([run for run in runs if run.info.status == "FINISHED"]) == 1
        assert not [file for file in folder.rglob(".*") if file.name != ".lock"]


def test_a_folder_that_may_not_be_written(tmp_path):
    with small_disk(tmp_path) as folder:
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        assert refused(folder) == "runs: Read-only file system; this user must be able to read and write there"
