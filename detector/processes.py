"""The same work on many parts at once, a process for each core: Python's lock lets threads use one only.

The processes are forked, so they find what they work on in memory, and lay what they made there: only its outline
goes through a pipe. They end with this process, however it ends.
"""

import contextlib
import ctypes
import mmap
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, NamedTuple, TypeVar

from detector.errors import DetectorError

Part = TypeVar("Part")
Made = TypeVar("Made")
PR_SET_PDEATHSIG = 1
_MOST = 64  # parts: each keeps a file in memory open
_ALIGNED = 64  # bytes, as Arrow likes its buffers
_work: Callable[[Any], Any]  # in a forked process: what it does with each part


class _Outline(NamedTuple):
    """A pickle without its buffers, and where in a file these lie."""

    pickled: bytes
    places: list[tuple[int, int]]


def cores() -> int:
    """How many processes are worth having; 1 where they can't be forked safely."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def parts_of(count: int, least: int) -> list[slice]:
    """`count` things in parts of `least` or more, some dozens at most; one empty part where there is nothing."""
    each = max(least, -(-count // _MOST))
    return [slice(start, start + each) for start in range(0, max(count, 1), each)]


def on_every_core(work: Callable[[Part], Made], parts: Sequence[Part]) -> Iterator[Made]:
    """`work` of each part, in the order of the parts; one part, or one core, is worked on in this process.

    Parts and results are pickled, `work` and what it holds are not. What `work` raises is raised here, for the first
    part that failed; DetectorError when a process was killed.
    """
    workers = min(len(parts), cores())
    if workers < 2:
        yield from map(work, parts)
        return
    files = [os.memfd_create("part") for _ in parts]
    try:
        with ProcessPoolExecutor(workers, get_context("fork"), _begin, (work, os.getpid())) as pool:
            for file, outline in zip(files, pool.map(_do, files, parts), strict=True):
                yield _whole(file, outline)
    except BrokenProcessPool as error:
        raise DetectorError(
            "a process that shared the work was killed, most likely for want of memory; free some, and run again"
        ) from error
    finally:
        for file in files:
            os.close(file)


def _begin(work: Callable[[Any], Any], parent: int) -> None:
    """In a forked process, once. Ctrl-C reaches every process of a terminal: the parent says what happens then."""
    global _work  # noqa: PLW0603 - the pool hands nothing else from here to `_do`
    _work = work
    signal.set_wakeup_fd(-1)  # the parent's pipe, if it has one: a signal to this process is none to it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before it could be asked to tell
        os.kill(os.getpid(), signal.SIGTERM)


def _do(file: int, part: Any) -> _Outline:
    """In a forked process: the work, its buffers written to `file`."""
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(_work(part), 5, buffer_callback=buffers.append)
    places = []
    with open(file, "wb", closefd=False) as sink:
        for buffer in buffers:
            sink.write(b"\0" * (-sink.tell() % _ALIGNED))
            with buffer.raw() as content:
                places.append((sink.tell(), len(content)))
                sink.write(content)
    return _Outline(pickled, places)


def _whole(file: int, outline: _Outline) -> Any:
    """What was made, its buffers still in the file."""
    filled = any(length for _, length in outline.places)
    flags = mmap.MAP_SHARED | mmap.MAP_POPULATE  # all pages at once, while other parts are still in the making
    memory = memoryview(mmap.mmap(file, 0, flags, mmap.PROT_READ) if filled else b"")
    buffers = [memory[at : at + length] for at, length in outline.places]
    return pickle.loads(outline.pickled, buffers=buffers)  # noqa: S301 - our own process made it
