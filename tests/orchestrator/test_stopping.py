"""A process that is told to stop ends, whatever swallows the news."""

import signal
import subprocess
import sys
import time

import pytest

DEAF = """
import time
from detector.orchestrator import stopping
stopping.listen()
while True:
    try:
        print("ready", flush=True)
        time.sleep(60)
    except BaseException:
        pass
"""


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 75), (signal.SIGINT, 130)])
def test_what_hangs_is_ended_within_ten_seconds(how, code):
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(how)
        began = time.monotonic()
        assert process.wait(timeout=20) == code
    assert 9 < time.monotonic() - began < 11
