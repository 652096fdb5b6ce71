"""One run at a time, and a lock that no dead process can hold."""

import subprocess
import sys

import pytest

from detector.errors import Locked
from detector.system.lock import locked

HOLD = """
import sys
from pathlib import Path
from detector.system.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_second_run_is_told_who_is_at_work(tmp_path, holder):
    with pytest.raises(Locked, match=f"process {holder.pid} since") as caught, locked(tmp_path / "lock"):
        pass
    assert caught.value.exit_code == 11


def test_waiting_gets_the_lock_once_its_holder_is_killed(tmp_path, holder):
    holder.kill()
    with locked(tmp_path / "lock", wait=10):
        assert True


def test_a_stale_file_is_no_lock(tmp_path):
    (tmp_path / "lock").write_text("process 1 since forever")
    for _ in range(50):
        with locked(tmp_path / "lock"):
            pass
