"""Requests that wait together are looked at together: while the model is busy, a batch gathers for its next turn."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, NamedTuple, TypeVar

AskedT = TypeVar("AskedT")
ToldT = TypeVar("ToldT")
_Waiting = tuple[AskedT, Future[ToldT]]


class Limits(NamedTuple):
    """How many are looked at together at most, and how many may wait."""

    together: int = 8
    waiting: int = 64


class Busy(Exception):
    """So many wait that one more would wait for long."""


class Batches(Generic[AskedT, ToldT]):
    """One thread that asks `look` of a batch at a time; `look` gives an answer for each in its order."""

    def __init__(self, look: Callable[[Sequence[AskedT]], Sequence[ToldT]], limits: Limits) -> None:
        self._look, self._limits = look, limits
        self._queue: queue.Queue[_Waiting[AskedT, ToldT] | None] = queue.Queue(limits.waiting)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def put(self, asked: AskedT) -> Future[ToldT]:
        """The answer to come. Raises Busy where too many wait."""
        answer: Future[ToldT] = Future()
        try:
            self._queue.put_nowait((asked, answer))
        except queue.Full as error:
            raise Busy from error
        return answer

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return self._queue.qsize()

    def close(self) -> None:
        """Answer those that wait, and end."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, over = [first], False
            while len(batch) < self._limits.together and not over:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                over = following is None
                batch += [] if following is None else [following]
            self._answer([each for each in batch if each[1].set_running_or_notify_cancel()])
            if over:
                return

    def _answer(self, batch: Sequence[_Waiting[AskedT, ToldT]]) -> None:
        try:
            told = [*self._look([asked for asked, _ in batch])]
            for (_, answer), one in zip(batch, told, strict=True):
                answer.set_result(one)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
