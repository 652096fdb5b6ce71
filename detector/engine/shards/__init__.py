"""The shards of stages on the machines of an engine: sent when there are enough, and sent anew when one is lost."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from detector.engine import AGAIN, Command, Ended, Job, Machines, load, missing
from detector.engine._worker import POLL
from detector.errors import UsageError
from detector.system.cores import cores
from detector.system.files import scratch_folder
from detector.system.machine import machine
from detector.system.shards import Advance, Item, Output, Shards, alone

EACH = 3  # parts for each worker: whoever is faster takes more, and a lost machine costs less
Start = Callable[[Command], Job]
Tell = Callable[[str, str], None]  # a title, and a line for the person who watches


def shared(machines: Machines | None, logs: Path, tell: Tell) -> Shards:
    """Who does the shards of a run: this machine, or those of an engine; what these print goes to `logs`."""
    return alone if machines is None else _Away(machines, logs, tell)


class _Away:
    """Shards on other machines, which are reached when there are enough."""

    def __init__(self, machines: Machines, logs: Path, tell: Tell) -> None:
        self._machines, self._logs, self._tell = machines, logs, tell
        self._told = False

    def __call__(
        self,
        work: Callable[[Sequence[Item], Advance], Output],
        items: Sequence[Item],
        advance: Advance,
        *,
        least: int,
        gpu: bool = False,
    ) -> list[Output]:
        """As `Shards` has it; too few items are done here, and what needs no GPU also where more cores are here.

        Raises:
            UsageError: what reaches the engine is not installed.
            TryAgain: the machines can't be reached.
        """
        count = min(len(items) // least, EACH * self._machines.workers)
        if count < 2 or not (gpu or self._machines.workers * self._machines.cpus > cores()):
            return alone(work, items, advance, least=least, gpu=gpu)
        if lacks := missing(self._machines):
            raise UsageError(f"engine.using: {lacks}")
        from detector.engine.shards.parcel import pack, unpack

        outputs: dict[Path, Output] = {}

        def take(parcel: Path) -> None:
            done, outputs[parcel] = unpack(_made_of(parcel))
            advance(done)

        with scratch_folder(self._logs) as scratch:
            parcels = [scratch / str(number) for number in range(count)]
            for parcel, part in zip(parcels, _parts(items, count), strict=True):
                pack(parcel, (work, part))
            with load(self._machines.using).cluster(self._machines, self._logs) as cluster:
                self._say_once(cluster.about)
                self._do([_command(parcel, gpu, self._machines.cpus) for parcel in parcels], cluster.start, take)
        return [outputs[parcel] for parcel in parcels]

    def _say_once(self, about: str) -> None:
        if not self._told:
            self._told = True
            self._tell("engine", about)

    def _do(self, commands: Sequence[Command], start: Start, take: Callable[[Path], None]) -> None:
        """Have each done, `workers` of them at once, and take it as it is done. Raises what one of them raised."""
        again = AGAIN * self._machines.workers
        waiting, at_work = deque(commands), dict[Command, Job]()
        while waiting or at_work:
            while waiting and len(at_work) < self._machines.workers:
                command = waiting.popleft()
                at_work[command] = start(command)
            time.sleep(POLL)
            for command, ended in _ended(at_work):
                del at_work[command]
                if ended.code == 0:
                    take(Path(command.arguments[0]))
                elif ended.was_cut_short and again > 0:
                    again -= 1
                    self._tell("", f"a shard on {ended.machine} ended: {ended.said}; it starts again")
                    waiting.append(command)
                else:
                    raise ended.failure("a shard")


def _parts(items: Sequence[Item], count: int) -> Iterator[Sequence[Item]]:
    """As many parts, which differ by one item at most."""
    ends = [len(items) * number // count for number in range(count + 1)]
    return (items[start:end] for start, end in pairwise(ends))


def _made_of(parcel: Path) -> Path:
    return parcel.with_suffix(".done")


def _command(parcel: Path, gpu: bool, cpus: int) -> Command:
    arguments = (str(parcel), str(_made_of(parcel)))
    return Command("detector.engine.shards.shard", arguments, Path.cwd(), machine(), gpu, cpus)


def _ended(at_work: dict[Command, Job]) -> list[tuple[Command, Ended]]:
    return [(command, ended) for command, job in at_work.items() if (ended := job()) is not None]
