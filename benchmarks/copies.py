"""Copies of pictures: how many changed ones are found, how many others are taken for one, and what it costs to look.

Of each picture of BCCD (364 photographs of blood cells, where they lie beside this folder) and of the sample project
(200 photographs of parts) a copy of each kind is made, saved anew, and looked for among all originals and the copies of
that kind. `recall` is the share of copies that are found beside their original, `named` the share of those that are
told by their kind. `false_pairs` is the share of all pairs of pictures that are taken for copies and are none. BCCD has
seven pairs of photographs of the same cells, taken twice: what is found without any copy (seen by eye) is not false.

    python benchmarks/copies.py [FOLDER …]     instead of the two, folders of pictures; then nothing else is measured

Then descriptions of 100,000 pictures, made from those of the two by laying one over another: seconds to find what is
nearly the same, and to find what may be a changed copy; and that the first are the same pairs, of 10,000, as those that
are found by comparing each with each. `cpu_seconds` are of all cores, for a machine that others work on.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from detector import sample
from detector.stages.check._aligned import Files
from detector.stages.check._candidates import candidates
from detector.stages.check._cells import near
from detector.stages.check._embeddings import SAME, Described, embed
from detector.stages.check._lookalikes import find

BCCD = Path(__file__).parents[3] / "shared" / "bccd" / "images"
MANY, EXACTLY = 100_000, 10_000


def cropped(picture, random):
    """70 to 95 % of each side, anywhere; its shape differs from the whole's by up to 15 %."""
    height, width = picture.shape[:2]
    share, stretch = random.uniform(0.7, 0.95), random.uniform(0.93, 1.07)
    high, wide = int(height * min(1, share * stretch)), int(width * min(1, share / stretch))
    top, left = random.integers(0, height - high + 1), random.integers(0, width - wide + 1)
    return picture[top : top + high, left : left + wide]


def coloured(picture, random):
    """Another hue, more or less saturation, other channels, grey, negative, or another gamma."""
    change = random.integers(6)
    if change < 2:
        values = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV).astype(int)
        if change == 0:
            values[..., 0] = (values[..., 0] + random.integers(20, 160)) % 180
        else:
            values[..., 1] = np.clip(values[..., 1] * random.choice([0.4, 1.8]), 0, 255)
        return cv2.cvtColor(values.astype(np.uint8), cv2.COLOR_HSV2BGR)
    if change == 2:
        return np.ascontiguousarray(picture[..., [(1, 2, 0), (2, 0, 1), (2, 1, 0)][random.integers(3)]])
    if change == 3:
        return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return 255 - picture if change == 4 else (255 * (picture / 255) ** random.choice([0.5, 1.8])).astype(np.uint8)


def turned(picture, random):
    return np.rot90(picture, random.integers(1, 4))


def flipped(picture, random):
    return cv2.flip(picture, int(random.integers(2)))


def all_of_it(picture, random):
    return coloured(cropped(turned(flipped(picture, random), random), random).copy(), random)


KINDS = {
    "flipped": flipped,
    "turned": turned,
    "cropped": cropped,
    "colours changed": coloured,
    "all of it": all_of_it,
}


def looked_at(paths: list[Path]):
    shortest = [min(cv2.imread(str(path)).shape[:2]) for path in paths]
    described = embed(list(zip(paths, shortest, strict=True)))
    return described, find(Files(paths, shortest), described, np.zeros(len(paths), np.int64))


def pairs_of(described: Described, alike) -> set[tuple[int, int]]:
    close = np.concatenate([np.empty((0, 2), int), *near(described.vectors, SAME)]).tolist()
    return {(min(pair), max(pair)) for pair in [*close, *([each.copy, each.source] for each in alike.changed)]}


def recall(name: str, originals: list[Path], same: set[tuple[int, int]], folder: Path, kind: str) -> dict[str, object]:
    """One kind of copy of each picture, among all of them; the originals of the pairs `same` show the same."""
    count, random = len(originals), np.random.default_rng(0)
    files = [folder / f"{number}.jpg" for number in range(count)]
    for original, file in zip(originals, files, strict=True):
        picture = np.ascontiguousarray(KINDS[kind](cv2.imread(str(original)), random))
        cv2.imwrite(str(file), picture, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(60, 95))])
    seconds, cpu, (described, alike) = seconds_of(lambda: looked_at([*originals, *files]))
    found = pairs_of(described, alike)
    right = {(number, number + count) for number in range(count)}
    wrong = {pair for pair in found - right if tuple(sorted(place % count for place in pair)) not in same}
    named = [each for each in alike.changed if (min(each[:2]), max(each[:2])) in right and kind in each.kind]
    return {
        "name": f"copies_{name}_{kind.replace(' ', '_')}",
        "recall": round(len(found & right) / count, 4),
        "named": round(len(named) / count, 4),
        "false_pairs": len(wrong) / (count * (2 * count - 1)),
        "false": len(wrong),
        "seconds": seconds,
        "cpu_seconds": cpu,
    }


def laid_over(described: Described, count: int) -> tuple[np.ndarray, np.ndarray]:
    """As many vectors and maps: two of those that there are, one over the other; each hundredth is nearly another."""
    random = np.random.default_rng(0)
    one, other = random.integers(0, len(described.maps), (2, count))
    shift = random.integers(0, 32, count)
    rolled = np.stack([np.roll(described.maps[row], by, axis=1) for row, by in zip(other, shift, strict=True)])
    maps = np.maximum(described.maps[one], rolled)
    vectors = described.vectors[one] + described.vectors[other] * random.uniform(0.5, 1.5, (count, 1)).astype(
        np.float32
    )
    vectors[::100] = vectors[1::100] + random.normal(0, 0.012, vectors[1::100].shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), maps


def seconds_of(work: Callable[[], Any]) -> tuple[float, float, Any]:
    started, cpu = time.perf_counter(), time.process_time()
    result = work()
    return round(time.perf_counter() - started, 2), round(time.process_time() - cpu, 2), result


def exactly(vectors: np.ndarray) -> set[tuple[int, int]]:
    """Each with each, in blocks."""
    found: set[tuple[int, int]] = set()
    for start in range(0, len(vectors), 1_000):
        alike = vectors[start : start + 1_000] @ vectors.T > 1 - SAME
        found |= {(start + row, other) for row, other in np.argwhere(alike).tolist() if other > start + row}
    return found


def many(described: Described) -> None:
    vectors, maps = laid_over(described, MANY)
    for count in (EXACTLY, MANY):
        seconds, cpu, found = seconds_of(lambda count=count: np.concatenate(list(near(vectors[:count], SAME))))
        line = {"name": f"near_duplicates_{count}", "seconds": seconds, "cpu_seconds": cpu, "pairs": len(found)}
        if count == EXACTLY:
            seconds, _, wanted = seconds_of(lambda: exactly(vectors[:EXACTLY]))
            line |= {"same_pairs": set(map(tuple, found.tolist())) == wanted, "exact_seconds": seconds}
        print(json.dumps(line), flush=True)
    for count in (EXACTLY, MANY):
        seconds, cpu, found = seconds_of(lambda count=count: candidates(maps[:count], np.arange(count)))
        line = {"name": f"changed_copies_{count}", "seconds": seconds, "cpu_seconds": cpu, "candidates": len(found[0])}
        print(json.dumps(line), flush=True)


def found(sets: dict[str, list[Path]], folder: Path) -> None:
    """What is found of each kind of copy in each set."""
    for name, originals in sets.items():
        same = pairs_of(*looked_at(originals)) if originals else set()
        for kind in KINDS if originals else ():
            print(json.dumps(recall(name, originals, same, folder, kind)), flush=True)


def main(folders: list[Path]) -> None:
    with tempfile.TemporaryDirectory(dir=os.environ.get("DETECTOR_BENCH_FOLDER", "/dev/shm")) as scratch:
        folder = Path(scratch)
        if folders:
            found(
                {each.name: sorted(file for file in each.iterdir() if file.suffix == ".jpg") for each in folders},
                folder,
            )
            return
        sample.write(folder / "sample")
        sets = {"bccd": sorted(BCCD.glob("*.jpg")), "sample": sorted((folder / "sample" / "images").glob("*.jpg"))}
        found(sets, folder)
        many(looked_at([*sets["bccd"], *sets["sample"]])[0])


if __name__ == "__main__":
    main([Path(each).resolve() for each in sys.argv[1:]])
