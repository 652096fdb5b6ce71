"""A mortal command goes when its parent does."""

import subprocess
import sys
import time
from pathlib import Path

from detector.system.mortal import mortal

PARENT = """
import subprocess, sys, time
from detector.system.mortal import mortal
child = subprocess.Popen(mortal(sys.executable, "-c", "import time; time.sleep(60)"))
print(child.pid, flush=True)
time.sleep(60)
"""


def test_it_runs_the_command_with_its_arguments():
    command = mortal(sys.executable, "-c", "import sys; print(sys.argv[1:])", "a b", "*")
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "['a b', '*']\n"


def test_it_dies_with_a_parent_that_was_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    child = Path("/proc") / parent.stdout.readline().strip()
    time.sleep(0.5)  # until it has become the command
    assert child.exists()
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while child.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not child.exists()
