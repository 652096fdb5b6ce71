"""The shards of stages on the machines of an engine: sent when there are enough, and sent anew when one is lost."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from detector.engine import AGAIN, Command, Ended, Job, Machines, Tell, load
from detector.engine._worker import POLL
from detector.system.machine import machine
from detector.system.shards import Advance, Item, Output, Shards, alone

EACH = 3  # parts for each worker: whoever is faster takes more, and a lost machine costs less


@contextmanager
def shared_among(machines: Machines, logs: Path, tell: Tell) -> Iterator[Shards]:
    """Whoever does the shards within the block; the machines are reached with the first of them."""
    with ExitStack() as stack:
        yield _Away(machines, logs, tell, stack)


class _Away:
    """Shards on other machines."""

    def __init__(self, machines: Machines, logs: Path, tell: Tell, stack: ExitStack) -> None:
        self._machines, self._logs, self._tell, self._stack = machines, logs, tell, stack
        self._start: Callable[[Command], Job] | None = None

    def __call__(
        self,
        work: Callable[[Sequence[Item], Advance], Output],
        items: Sequence[Item],
        advance: Advance,
        *,
        least: int,
        gpu: bool = False,
    ) -> list[Output]:
        """As `Shards` has it; too few items are done here."""
        from detector.engine._parcel import pack, unpack

        count = min(len(items) // least, EACH * self._machines.workers)
        if count < 2:
            return alone(work, items, advance, least=least, gpu=gpu)
        self._logs.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._logs) as scratch:
            parcels = [Path(scratch, str(number)) for number in range(count)]
            for parcel, part in zip(parcels, _parts(items, count), strict=True):
                pack(parcel, (work, part))
            outputs: dict[Path, Output] = {}

            def take(parcel: Path) -> None:
                done, outputs[parcel] = unpack(_made_of(parcel))
                advance(done)

            self._do(parcels, gpu, take)
        return [outputs[parcel] for parcel in parcels]

    def _do(self, parcels: Sequence[Path], gpu: bool, take: Callable[[Path], None]) -> None:
        """Have each done, `workers` of them at once, and take it as it is done. Raises what one of them raised."""
        start, again = self._reached(), AGAIN * self._machines.workers
        waiting, at_work = deque(parcels), dict[Path, Job]()
        while waiting or at_work:
            while waiting and len(at_work) < self._machines.workers:
                parcel = waiting.popleft()
                at_work[parcel] = start(_command(parcel, gpu))
            time.sleep(POLL)
            for parcel, ended in _ended(at_work):
                del at_work[parcel]
                if ended.code == 0:
                    take(parcel)
                elif ended.was_cut_short and again > 0:
                    again -= 1
                    self._tell("", f"a shard on {ended.machine} ended: {ended.said}; it starts again")
                    waiting.append(parcel)
                else:
                    raise ended.failure("a shard")

    def _reached(self) -> Callable[[Command], Job]:
        if self._start is None:
            cluster = self._stack.enter_context(load(self._machines.using).cluster(self._machines, self._logs))
            self._tell("engine", cluster.about)
            self._start = cluster.start
        return self._start


def _parts(items: Sequence[Item], count: int) -> Iterator[Sequence[Item]]:
    """As many parts, which differ by one item at most."""
    ends = [len(items) * number // count for number in range(count + 1)]
    return (items[start:end] for start, end in pairwise(ends))


def _made_of(parcel: Path) -> Path:
    return parcel.with_suffix(".done")


def _command(parcel: Path, gpu: bool) -> Command:
    arguments = (str(parcel.absolute()), str(_made_of(parcel).absolute()))
    return Command("detector.engine._shard", arguments, Path.cwd(), machine(), gpu)


def _ended(at_work: dict[Path, Job]) -> list[tuple[Path, Ended]]:
    return [(parcel, ended) for parcel, job in at_work.items() if (ended := job()) is not None]
