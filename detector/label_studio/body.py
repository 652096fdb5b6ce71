"""The body of an answer: unpacked a piece at a time, in time, and no larger than whoever reads it can use."""

import time
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from detector.label_studio.persist import Passing

if TYPE_CHECKING:
    import httpx

WHOLE = 600.0  # seconds for one body, however steadily it drips
_PIECE = 1 << 20  # bytes that are unpacked at a time
_PACKED = {"gzip", "x-gzip", "deflate"}


class Unreadable(Exception):
    """The body is packed in a way that is not read."""


def body(answer: "httpx.Response") -> Iterator[bytes]:
    """A body as it comes, unpacked: however small it was packed, a piece is some MiB at most.

    Raises Passing for one that drips or ends too early, Unreadable for one that can't be unpacked.
    """
    return _in_time(_unpacked(answer))


def most_of(answer: "httpx.Response", most: int) -> tuple[bytearray, bool]:
    """The beginning of a body, `most` bytes and some more at most, and whether it goes on. Raises as `body`."""
    content, pieces = bytearray(), body(answer)
    for piece in pieces:
        content += piece
        if len(content) > most:
            return content, True
    return content, False


def _in_time(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Raises Passing for what drips: each drop is in time, and the whole never would be."""
    until = time.monotonic() + WHOLE
    for piece in pieces:
        yield piece
        if time.monotonic() > until:
            raise Passing(f"not whole after {WHOLE:.0f} seconds")


def _unpacked(answer: "httpx.Response") -> Iterator[bytes]:
    packed = answer.headers.get("content-encoding", "identity").strip().lower()
    if packed in {"", "identity"}:
        yield from answer.iter_raw()
        return
    if packed not in _PACKED:
        raise Unreadable(f"it is sent as {packed}, which is not read")
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, whichever it is
    try:
        for chunk in answer.iter_raw():
            waiting = chunk
            while waiting:
                yield decoder.decompress(waiting, _PIECE)
                waiting = decoder.unconsumed_tail
            if decoder.eof:
                return  # what follows the end belongs to nothing, and may never end
        yield decoder.flush()
    except zlib.error as error:
        raise Unreadable(f"it is sent as {packed}, and can't be unpacked") from error
    if not decoder.eof:
        raise Passing("it ends too early")
