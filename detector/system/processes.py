"""The same work on many parts at once, a process for each core: Python's lock lets threads use one only.

This process does its share, and forks one more for each further core. These find what they work on in memory, and lay
what they made there (detector.system.memory_file). They end with this process, however it ends.
"""

import contextlib
import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from threading import Thread
from typing import Any, NamedTuple, TypeVar

from detector.errors import DetectorError
from detector.system import memory_file
from detector.system.cores import cores

Part = TypeVar("Part")
Output = TypeVar("Output")
PR_SET_PDEATHSIG = 1
_MOST = 64  # parts: enough that no process waits long for the last of another


class _Share(NamedTuple):
    """What one process made, by the part's number; it stops at the first part that fails."""

    results: dict[int, Any]
    failed: dict[int, Exception]


class _Helper(NamedTuple):
    """A forked process, the file in memory for its buffers, and the pipe that its share comes through."""

    process: ForkProcess
    file: int
    receiver: Connection


def parts_of(count: int, least: int) -> list[slice]:
    """`count` things in parts of `least` or more, some dozens at most; one empty part where there is nothing."""
    each = max(least, -(-count // _MOST))
    return [slice(start, start + each) for start in range(0, max(count, 1), each)]


def on_every_core(work: Callable[[Part], Output], parts: Sequence[Part]) -> list[Output]:
    """`work` of each part, in the order of the parts, of which there are 256 at most.

    Results are pickled, `work` and what it holds are not. What `work` raises is raised here, for the first part that
    failed; DetectorError when a process was killed.
    """
    more = min(len(parts), cores() if sys.platform == "linux" else 1) - 1  # elsewhere a fork is not safe
    if more < 1:
        return list(map(work, parts))
    with _claims(len(parts)) as claims, _forked(more, partial(_help, work, parts, claims)) as helpers:
        own = _share(work, parts, claims)
        shares = [own, *map(_share_of, helpers)]
    if failed := {number: error for share in shares for number, error in share.failed.items()}:
        raise failed[min(failed)]
    results = {number: result for share in shares for number, result in share.results.items()}
    return [results[number] for number in range(len(parts))]


@contextlib.contextmanager
def _claims(count: int) -> Iterator[int]:
    """A pipe that holds the number of each part, a byte each: whoever reads it has the part."""
    claims, numbers = os.pipe()
    try:
        os.write(numbers, bytes(range(count)))
        os.close(numbers)
        yield claims
    finally:
        os.close(claims)


@contextlib.contextmanager
def _forked(count: int, work: Callable[[int, Connection], None]) -> Iterator[list[_Helper]]:
    """So many processes that work, each with a file in memory. They end by themselves, or are ended on an error."""
    helpers: list[_Helper] = []
    try:
        helpers.extend(_started(work) for _ in range(count))
        yield helpers
    except BaseException:
        for helper in helpers:
            helper.process.kill()
        raise
    finally:
        for helper in helpers:
            Thread(target=helper.process.join, daemon=True).start()  # until its memory is gone: nobody waits for that
            os.close(helper.file)
            helper.receiver.close()


def _started(work: Callable[[int, Connection], None]) -> _Helper:
    context, file = get_context("fork"), os.memfd_create("share")
    receiver, sender = context.Pipe(duplex=False)
    with sender:
        process = context.Process(target=work, args=(file, sender), daemon=True)
        process.start()
    return _Helper(process, file, receiver)


def _share(
    work: Callable[[Part], Any], parts: Sequence[Part], claims: int, keep: Callable[[Any], Any] = lambda result: result
) -> _Share:
    """The work on every part that nobody else has; what is kept of each result."""
    share = _Share({}, {})
    while claim := os.read(claims, 1):
        [number] = claim
        try:
            share.results[number] = keep(work(parts[number]))
        except Exception as error:  # noqa: BLE001 - raised by the parent
            share.failed[number] = error
            os.read(claims, len(parts))  # nobody needs the rest
    return share


def _help(work: Callable[[Part], Any], parts: Sequence[Part], claims: int, file: int, sender: Connection) -> None:
    """In a forked process: its share."""
    end_with_parent()
    with open(file, "wb", closefd=False) as sink:
        share = _share(work, parts, claims, lambda result: memory_file.laid(result, sink))
    for error in share.failed.values():
        error.add_note(f"In a process that shared the work:\n{''.join(traceback.format_exception(error))}")
    sender.send(share)


def end_with_parent() -> None:
    """End this process, which `multiprocessing` started, when its parent ends; Ctrl-C is for the parent alone.

    So is a terminal's end: both reach every process of it, and the parent says what happens then.
    """
    signal.set_wakeup_fd(-1)  # the parent's pipe, if it has one: a signal to this process is none to it
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    parent = parent_process()
    if parent is None or os.getppid() != parent.pid:  # it ended before it could be asked to tell
        os.kill(os.getpid(), signal.SIGTERM)


def _share_of(helper: _Helper) -> _Share:
    """What a helper made; the buffers stay in its file."""
    try:
        share: _Share = helper.receiver.recv()
    except EOFError as error:
        raise DetectorError(
            "a process that shared the work was killed, most likely for want of memory; free some, and run again"
        ) from error
    memory = memory_file.mapped(helper.file)
    return _Share({number: memory_file.taken(result, memory) for number, result in share.results.items()}, share.failed)
