"""A stop from outside: by SIGTERM, Ctrl-C or a closed terminal, at the next safe point.

Every file appears whole or not at all, so that any moment is safe. But Python calls a handler only between two of its
own instructions, and a library may sit in one for minutes (building an engine), or swallow what the handler raises. So
a thread watches for the signals, too, and ends the process within ten seconds when it has not ended by itself.
"""

import os
import signal
import threading
import time

from detector.errors import HungUp, Interrupted, Stopped

SECONDS = 9.5  # of the ten
STOPS: dict[int, type[Stopped]] = {
    signal.SIGTERM: Stopped,
    signal.SIGINT: Interrupted,
    signal.SIGHUP: HungUp,
}


def listen() -> None:
    """Raise Stopped at SIGTERM, Interrupted at Ctrl-C, HungUp at SIGHUP; the process ends soon after each.

    A run under `nohup` goes on when its terminal is closed.
    """
    for number in STOPS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(reading, True)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading,), daemon=True, name="stopping").start()


def _stop(number: int, _: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is under way: a second one must not cut the record short
    raise STOPS[number]


def _watch(reading: int) -> None:
    while (number := os.read(reading, 1)[0]) not in STOPS:
        pass  # a child that ended, a window that was resized
    time.sleep(SECONDS)
    os._exit(STOPS[number].exit_code)
