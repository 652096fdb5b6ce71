"""Arrow tables and NumPy arrays from one process to another, by a file in memory: only what is around them is pickled.

Out-of-band buffers: PEP 574.
"""

import mmap
import os
import pickle
from typing import Any, BinaryIO, NamedTuple

_ALIGNED = 64  # bytes, as Arrow likes its buffers


class Laid(NamedTuple):
    """A pickle without its buffers, and where in the file these lie."""

    pickled: bytes
    places: list[tuple[int, int]]


def laid(result: Any, sink: BinaryIO) -> Laid:
    """Append the buffers of what was made to the file."""
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(result, 5, buffer_callback=buffers.append)
    places = []
    for buffer in buffers:
        sink.write(b"\0" * (-sink.tell() % _ALIGNED))
        with buffer.raw() as content:
            places.append((sink.tell(), len(content)))
            sink.write(content)
    return Laid(pickled, places)


def mapped(file: int) -> memoryview:
    """The whole file, all of its pages at once."""
    if not os.fstat(file).st_size:
        return memoryview(b"")
    return memoryview(mmap.mmap(file, 0, mmap.MAP_SHARED | mmap.MAP_POPULATE, mmap.PROT_READ))


def taken(stored: Laid, memory: memoryview) -> Any:
    """What was made, its buffers still in the file."""
    buffers = [memory[at : at + length] for at, length in stored.places]
    return pickle.loads(stored.pickled, buffers=buffers)  # noqa: S301 - our own process made it
