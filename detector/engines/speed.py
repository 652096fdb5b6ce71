"""How fast an engine is on this machine, warm: the network by itself, and what comes before and after it."""

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from time import perf_counter
from typing import NamedTuple

import numpy as np

from detector.data.colour import Pixels
from detector.engines.detector import Detector

BATCHES = (1, 2, 4, 8, 16, 32)  # that are tried where any number of pictures may go in at once
WARM, MOST, LONG = 3, 200, 1.0  # runs that don't count; runs that do, at most, and seconds after which they end
LEAST, FEW = 20, 5  # runs of a picture, and of a larger batch, that count however long they take
BETTER = 1.05  # times the best speed so far: else no larger batch is tried


class Speed(NamedTuple):
    """Milliseconds of a batch in the network: the median and the 95th percentile; pictures in a second of that.

    before, after: median milliseconds a picture takes to be prepared and to be read from the outputs, which are apart.
    """

    batch: int
    p50: float
    p95: float
    images_per_second: float
    before: float
    after: float


def speeds(detector: Detector, pictures: Sequence[Pixels], score: float) -> Iterator[Speed]:
    """One picture at a time first, then larger batches as long as they pay; only its own size where that is fixed."""
    best = 0.0
    for batch in (detector.network.batch,) if detector.network.batch else BATCHES:
        speed = _speed(detector, list(islice(cycle(pictures), batch)), score)
        yield speed
        if speed.images_per_second < best * BETTER:
            return
        best = max(best, speed.images_per_second)


def _speed(detector: Detector, pictures: Sequence[Pixels], score: float) -> Speed:
    count = len(pictures)
    batch, windows = detector.prepare(pictures)
    outputs = detector.run(batch)
    least = LEAST if count == 1 else FEW
    network = _milliseconds(lambda: detector.network.run(batch), least)
    before = _milliseconds(lambda: detector.prepare(pictures), FEW)
    after = _milliseconds(lambda: detector.read(outputs, windows, score), FEW)
    p50, p95 = (float(each) for each in np.percentile(network, (50, 95)))
    rate = count * 1000 * len(network) / sum(network)
    return Speed(count, p50, p95, rate, float(np.median(before)) / count, float(np.median(after)) / count)


def _milliseconds(work: Callable[[], object], least: int) -> list[float]:
    for _ in range(WARM):
        work()
    times: list[float] = []
    while len(times) < least or (len(times) < MOST and sum(times) < LONG * 1000):
        start = perf_counter()
        work()
        times.append((perf_counter() - start) * 1000)
    return times
