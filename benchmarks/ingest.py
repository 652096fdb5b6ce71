"""Taking images in (hash, decode to the last row, EXIF, store), against what the cores decode and do nothing else.

JPEG is decoded with Pillow, PNG with OpenCV, on both sides, by as many threads. `ratio` is ours over decoding alone,
alternating; `again_ratio` is a second time, nothing changed.
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

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from detector.data.ingested import Means, ingest_once

IMAGES, ROUNDS = 400, 5


class Silent:
    @contextlib.contextmanager
    def progress(self, *_: object):
        yield lambda _: None


def pictures(folder: Path, ending: str) -> list[Path]:
    """Photographs of 1280 x 960, some of them alike."""
    noise = np.random.default_rng(0)
    files = [folder / f"{number}{ending}" for number in range(IMAGES)]
    for file in files:
        small = noise.integers(0, 255, (60, 80, 3), np.uint8)
        Image.fromarray(small).resize((1280, 960), Image.Resampling.BICUBIC).save(file, quality=90, compress_level=1)
    return files


def jpeg(file: Path) -> None:
    with Image.open(file) as image:
        image.load()


def png(file: Path) -> None:
    assert cv2.imread(str(file)) is not None


def alone(decode: Callable[[Path], None], files: list[Path]) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(decode, files))


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(decode: Callable[[Path], None], root: Path) -> dict[str, object]:
    files = pictures(root, f".{decode.__name__}")
    rounds = []
    for number in range(ROUNDS):
        store = root / f"store{number}"
        ours = seconds(lambda store=store: ingest_once(files, store, Means(Silent())))
        again = seconds(lambda store=store: ingest_once(files, store, Means(Silent())))
        rounds.append((seconds(lambda: alone(decode, files)), ours, again))
    return {
        "name": f"ingest_{decode.__name__}",
        "ratio": round(statistics.median(decoding / ours for decoding, ours, _ in rounds), 2),
        "images_per_second": round(IMAGES / statistics.median(ours for _, ours, _ in rounds)),
        "again_ratio": round(statistics.median(ours / second for _, ours, second in rounds)),
    }


def main() -> None:
    for decode in (jpeg, png):
        with tempfile.TemporaryDirectory(dir=os.environ.get("DETECTOR_BENCH_FOLDER", "/dev/shm")) as scratch:
            print(json.dumps(measure(decode, Path(scratch))), flush=True)


if __name__ == "__main__":
    main()
