"""`detector predict` beside the bare package and beside the bare runtime: the same pictures, threads and score.

Both lines are pictures a second of ours, with labels and predictions.json written, in rounds that alternate; loading is
left out. `predict_checkpoint` is beside Ultralytics' own `predict(folder, stream=True)`, `predict_onnx` beside ONNX
Runtime alone on batches that are ready: JPEGs of 640 x 480, and a network of yolo11n's size.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.engines import NANO, exported, photos
from detector import sample
from detector.commands.predict import Request, predict
from detector.engines.artifact import open_artifact
from detector.engines.prepare import read
from detector.inference.model import Model
from detector.inference.pictures import listed
from detector.inference.seen import BATCH
from detector.models.quiet import quietly
from detector.reporting.terminal import Terminal
from tests.support import tiny

PICTURES, ROUNDS, SIZE, SCORE = 120, 3, 640, 0.25
OF_ENGINE = 160  # pictures, a multiple of a batch; a session takes longer for its first


def rate(work: Callable[[], object], pictures: int = PICTURES) -> float:
    """Pictures a second."""
    began = time.perf_counter()
    work()
    return pictures / (time.perf_counter() - began)


def ours(weights: Path, folder: Path, scratch: Path) -> float:
    """Pictures a second, as `detector predict` tells them."""
    request = Request(listed([folder]), SCORE, scratch / "predictions", ["labels"])
    outcome = predict(Model("", weights, None), request, Terminal().progress)
    return float(outcome["pictures"] / outcome["seconds"])


def bare(weights: Path, folder: Path, log: Path) -> Callable[[], object]:
    """Ultralytics' own predict on a folder, once it is loaded; a label file for each picture, too."""
    from ultralytics import YOLO

    model = YOLO(weights)
    options = {"conf": SCORE, "device": "cpu", "stream": True, "verbose": False, "save_txt": True, "batch": 8}
    options |= {"project": str(log.parent), "exist_ok": True}

    def work() -> None:
        with quietly(log):
            for _ in model.predict(str(folder), **options):
                pass

    work()
    return work


def runtime(file: Path, folder: Path) -> Callable[[], object]:
    """ONNX Runtime alone, on batches as large as ours that are ready."""
    detector, files = open_artifact(file).detector, sorted(folder.iterdir())
    starts = range(0, len(files), BATCH)
    batches = [detector.prepare([*map(read, files[start : start + BATCH])])[0] for start in starts]
    detector.network.run(batches[0])
    return lambda: [detector.network.run(batch) for batch in batches]


def told(name: str, beside: str, pairs: list[tuple[float, float]]) -> None:
    """Medians of pictures a second, ours and theirs; the ratio of the time."""
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    line = {"name": name, "per_second": round(mine, 1), beside: round(theirs, 1)}
    print(json.dumps(line | {"time_ratio": round(theirs / mine, 3)}), flush=True)


def main() -> None:
    """A line for a checkpoint, and one for an engine."""
    with tempfile.TemporaryDirectory() as place:
        scratch = Path(place)
        file, folder = exported(scratch / "engine", NANO, SIZE), photos(scratch / "photos", OF_ENGINE)
        alone = runtime(file, folder)
        pairs = [(ours(file, folder, scratch), rate(alone, OF_ENGINE)) for _ in range(ROUNDS)]
        told("predict_onnx", "onnxruntime", pairs)
        sample.write(scratch / "sample", images=PICTURES, outlines=False)
        [folder] = {file.parent for file in scratch.glob("sample/**/*.jpg")}
        weights = tiny.weights(scratch / "weights", image_size=SIZE)
        work = bare(weights, folder, scratch / "log")
        told("predict_checkpoint", "ultralytics", [(ours(weights, folder, scratch), rate(work)) for _ in range(ROUNDS)])


if __name__ == "__main__":
    main()
