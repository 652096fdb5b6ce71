"""Work on every core: the same results as in one process, errors as they were raised, no process left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from detector.errors import DetectorError, UsageError
from detector.system import processes
from detector.system.processes import on_every_core

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks safely")


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "cores", lambda: 2)


def test_results_come_in_the_order_of_the_parts() -> None:
    def slowest_first(part: int) -> tuple[int, int]:
        time.sleep(0.2 if part == 0 else 0.01)
        return part, os.getpid()

    made = on_every_core(slowest_first, range(7))
    assert [part for part, _ in made] == list(range(7))
    processes = {process for _, process in made}
    assert len(processes) == 2
    assert os.getpid() in processes


def test_tables_and_arrays_come_back_as_they_were_made() -> None:
    def make(part: int) -> tuple[pa.Table, np.ndarray, str]:
        words = [None, "a" * part, "é"]
        return pa.table({"n": [part] * 3, "word": words, "none": pa.nulls(3)}), np.arange(part * 1000.0), "text"

    made = on_every_core(make, range(3))
    for part, (table, array, text) in enumerate(made):
        expected, numbers, _ = make(part)
        assert table.equals(expected)
        assert np.array_equal(array, numbers)
        assert text == "text"


def test_one_part_or_one_core_stays_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_every_core(lambda _: os.getpid(), [1]) == [os.getpid()]
    monkeypatch.setattr(processes, "cores", lambda: 1)
    assert on_every_core(lambda _: os.getpid(), [1, 2]) == [os.getpid()] * 2


def test_the_error_of_the_first_part_that_failed_is_raised() -> None:
    def refuse(part: int) -> int:
        if part:
            time.sleep(0.1 / part)
            raise UsageError(f"part {part} is wrong")
        return part

    with pytest.raises(UsageError, match="part 1 is wrong"):
        on_every_core(refuse, range(4))


def test_a_process_that_is_killed_is_an_error_that_says_so() -> None:
    here = os.getpid()

    def die(_: int) -> None:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.1)

    with pytest.raises(DetectorError, match="was killed, most likely for want of memory"):
        on_every_core(die, range(4))


def test_what_ends_this_process_work_ends_the_others_too(tmp_path: Path) -> None:
    here = os.getpid()

    def work(_: int) -> None:
        if os.getpid() == here:
            _wait((tmp_path / "pid").exists)
            raise KeyboardInterrupt
        (tmp_path / "part").write_text(str(os.getpid()))
        (tmp_path / "part").rename(tmp_path / "pid")
        time.sleep(30)

    with pytest.raises(KeyboardInterrupt):
        on_every_core(work, range(2))
    _wait(lambda: not Path("/proc", (tmp_path / "pid").read_text()).exists())


def test_no_ended_process_is_left_in_the_table() -> None:
    here, helpers = os.getpid(), set()
    while not helpers:  # one core may take all the parts
        helpers = {*on_every_core(lambda _: time.sleep(0.05) or os.getpid(), range(4))} - {here}
    _wait(lambda: not any(Path(f"/proc/{helper}").exists() for helper in helpers))


def test_a_bug_in_another_process_comes_with_its_traceback() -> None:
    here = os.getpid()

    def stumble(_: int) -> None:
        time.sleep(0.1)
        if os.getpid() != here:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as raised:
        on_every_core(stumble, range(2))
    assert "in stumble" in raised.value.__notes__[0]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_the_one_that_started_it(end: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(f"""
        import os, time
        from pathlib import Path
        from detector.system import processes
        processes.cores = lambda: 2
        def work(part):
            Path({str(tmp_path)!r}, f"{{os.getpid()}}.pid").touch()
            time.sleep(30)
        processes.on_every_core(work, range(2))
        """)
    )
    parent = subprocess.Popen([sys.executable, script], stderr=subprocess.DEVNULL)
    _wait(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
    children = [int(file.stem) for file in tmp_path.glob("*.pid")]
    parent.send_signal(end)
    parent.wait(20)
    _wait(lambda: not any(_lives(child) for child in children))


def _lives(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def _wait(condition) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
