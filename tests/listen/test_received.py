"""What was told stays on the disk until a run has ended that took it."""

import subprocess
import sys

import pytest

from detector.listen.received import Received
from detector.listen.webhooks import News

ONE, THREE = News("ANNOTATION_CREATED", 1), News("ANNOTATIONS_CREATED", 3)


def test_what_came_is_there_after_a_kill(tmp_path):
    """Another process writes, says so, and is killed before it can do anything more."""
    told = "Received(Path('.')).add([News('A', 1), News('B', 3)]); os.kill(os.getpid(), 9)"
    imports = "import os; from pathlib import Path; from detector.listen.received import *"
    done = subprocess.run([sys.executable, "-c", f"{imports}; {told}"], cwd=tmp_path, check=False)
    assert done.returncode == -9
    assert Received(tmp_path).changes == 4


def test_a_run_takes_what_came_and_what_comes_meanwhile_is_for_the_next(tmp_path):
    received = Received(tmp_path)
    assert received.add([ONE, THREE]) == [4, 4]
    assert received.take() == 4
    received.add([ONE])
    assert (received.changes, Received(tmp_path).changes) == (5, 5)  # a kill now loses neither
    received.done()
    assert (received.changes, Received(tmp_path).changes) == (1, 1)
    assert received.take() == 1
    received.done()
    assert (received.changes, Received(tmp_path).changes) == (0, 0)


def test_a_run_that_is_tried_again_takes_all(tmp_path):
    received = Received(tmp_path)
    received.add([THREE])
    assert received.take() == 3
    received.add([ONE])
    assert received.take() == 4
    assert Received(tmp_path).take() == 4
    received.done()
    assert Received(tmp_path).changes == 0


def test_a_torn_line_counts_and_spoils_no_other(tmp_path):
    Received(tmp_path).add([THREE, ONE])
    with (tmp_path / "waiting.jsonl").open("ab") as file:
        file.write(b'{"at": "2026-01')
    assert Received(tmp_path).changes == 5


def test_a_full_disk_is_said_and_what_came_counts_all_the_same(tmp_path, monkeypatch):
    received = Received(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    with pytest.raises(OSError, match="No space"):
        received.add([ONE])
    assert received.changes == 1
