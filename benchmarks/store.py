"""The content store at ten thousand to a million files: putting new pictures in, and looking at those that are there.

    python benchmarks/store.py [FILES …]

The store is filled with names as it gives them, each a link to one of a few files. `put` is what 500 new pictures of
64 x 48 pixels take to be taken in, `look` what it takes to look at a thousand of its files (at all, for that).
`put_ratio` and `look_ratio` are over those of the smallest store: 1.0 where nothing depends on how full it is.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from detector.data.images import ingest, stored
from detector.system import looks

FILES, NEW, LINKS, ROUNDS = (10_000, 100_000, 1_000_000), 500, 50_000, 3  # ext4 takes 65,000 links to a file


def fill(store: Path, before: int, after: int) -> None:
    """Names for the files from number `before` to number `after`."""
    for number in range(before, after):
        name = stored(store, sha256(str(number).encode()).hexdigest(), ".jpg")
        target = store.parent / f"target-{number // LINKS}"
        if not target.exists():
            target.write_bytes(b"picture")
        name.parent.mkdir(parents=True, exist_ok=True)
        os.link(target, name)


def pictures(folder: Path, seed: int) -> list[Path]:
    """Files that the store does not have."""
    noise, folder = np.random.default_rng(seed), folder / f"new-{seed}"
    folder.mkdir()
    files = [folder / f"{number}.jpg" for number in range(NEW)]
    for file in files:
        Image.fromarray(noise.integers(0, 255, (48, 64, 3), np.uint8)).save(file)
    return files


def quickest(work: Callable[[int], object]) -> float:
    taken = []
    for number in range(ROUNDS):
        started = time.perf_counter()
        work(number)
        taken.append(time.perf_counter() - started)
    return min(taken)


def measure(folder: Path, files: int) -> dict[str, float]:
    """Seconds to put pictures in, and to look at a thousand."""
    store = folder / "store"
    new = [pictures(folder, files + number) for number in range(ROUNDS)]
    put = quickest(lambda number: ingest(new[number], lambda _: None, store))
    there = {str(place): sorted(file.name for file in place.iterdir()) for place in sorted(store.iterdir())}
    left = {place: looks.looks_of(place, names, whole=True) for place, names in there.items()}
    look = quickest(lambda _: [*looks.doubtful(left, {})])
    return {"put": round(put, 3), "look": round(look * 1000 / sum(map(len, there.values())), 5)}


def main(sizes: list[int]) -> None:
    first: dict[str, float] = {}
    before = 0
    with tempfile.TemporaryDirectory(dir=os.environ.get("DETECTOR_BENCH_FOLDER", "/dev/shm")) as scratch:
        folder = Path(scratch)
        for files in sizes:
            fill(folder / "store", before, files)
            now = measure(folder, files)
            first, before = first or now, files
            ratios = {f"{name}_ratio": round(now[name] / first[name], 2) for name in now}
            print(json.dumps({"name": f"store_{files}", **now, **ratios}), flush=True)


if __name__ == "__main__":
    main([int(files) for files in sys.argv[1:]] or list(FILES))
