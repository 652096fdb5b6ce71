"""Taking images in (hash, decode to the last row, EXIF, store), against what the cores decode with Pillow alone.

`ratio` is ours over decoding alone, with as many threads, alternating; `again_ratio` is a second time, nothing changed.
"""

import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from detector.ingested import ingest_once

IMAGES, ROUNDS = 400, 5


class Silent:
    @contextlib.contextmanager
    def progress(self, *_: object):
        yield lambda _: None


def pictures(folder: Path) -> list[Path]:
    """Photographs of 1280 x 960, some of them alike, as JPEG."""
    noise = np.random.default_rng(0)
    files = [folder / f"{number}.jpg" for number in range(IMAGES)]
    for file in files:
        small = noise.integers(0, 255, (60, 80, 3), np.uint8)
        Image.fromarray(small).resize((1280, 960), Image.Resampling.BICUBIC).save(file, quality=90)
    return files


def decode(file: Path) -> None:
    with Image.open(file) as image:
        image.load()


def alone(files: list[Path]) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(decode, files))


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory(dir=os.environ.get("DETECTOR_BENCH_FOLDER", "/dev/shm")) as scratch:
        files = pictures(Path(scratch))
        rounds = []
        for number in range(ROUNDS):
            store = Path(scratch) / f"store{number}"
            ours = seconds(lambda store=store: ingest_once(files, store, Silent()))
            again = seconds(lambda store=store: ingest_once(files, store, Silent()))
            rounds.append((seconds(lambda: alone(files)), ours, again))
        share = statistics.median(decoding / ours for decoding, ours, _ in rounds)
        again = statistics.median(ours / second for _, ours, second in rounds)
        rate = IMAGES / statistics.median(ours for _, ours, _ in rounds)
        line = {
            "name": "ingest",
            "ratio": round(share, 2),
            "images_per_second": round(rate),
            "again_ratio": round(again),
        }
        print(json.dumps(line))


if __name__ == "__main__":
    main()
