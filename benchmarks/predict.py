"""`detector predict` and `detector serve` beside the bare package: the same checkpoint, pictures, threads and score.

`predict_*` is pictures a second of ours, with labels and predictions.json written, and of Ultralytics' own
`predict(folder, stream=True)`, in rounds that alternate; loading is left out of both. `serve` is a server that eight
clients ask at once: pictures a second, and the 95th percentile of a request in milliseconds.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from detector import sample
from detector.commands.predict import Request, predict
from detector.inference.model import Model
from detector.inference.pictures import listed
from detector.models.quiet import quietly
from detector.reporting.terminal import Terminal
from tests.support import tiny

PICTURES, ROUNDS, SIZE, SCORE = 120, 3, 640, 0.25
CLIENTS, REQUESTS = 8, 240


def rate(work: Callable[[], object]) -> float:
    """Pictures a second."""
    began = time.perf_counter()
    work()
    return PICTURES / (time.perf_counter() - began)


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


def served(weights: Path, folder: Path) -> dict[str, float]:
    """Pictures a second and the 95th percentile in milliseconds, of clients that ask all at once."""
    contents = [file.read_bytes() for file in sorted(folder.iterdir())]
    command = [sys.executable, "-m", "detector", "serve", "--port", "0", "--model", str(weights), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, ThreadPoolExecutor(CLIENTS) as pool:
        assert server.stdout
        with httpx.Client(base_url=json.loads(server.stdout.readline())["url"], timeout=60) as client:

            def ask(at: int) -> float:
                began = time.perf_counter()
                client.post("/predict", content=contents[at % len(contents)]).raise_for_status()
                return time.perf_counter() - began

            [*pool.map(ask, range(CLIENTS))]
            began = time.perf_counter()
            seconds = list(pool.map(ask, range(REQUESTS)))
            took = time.perf_counter() - began
        server.terminate()
    return {"per_second": REQUESTS / took, "p95_ms": float(np.percentile(seconds, 95)) * 1000}


def main() -> None:
    """One line for predict, and one for serve."""
    with tempfile.TemporaryDirectory() as place:
        scratch = Path(place)
        sample.write(scratch / "sample", images=PICTURES, outlines=False)
        [folder] = {file.parent for file in scratch.glob("sample/**/*.jpg")}
        weights = tiny.weights(scratch / "weights", image_size=SIZE)
        work = bare(weights, folder, scratch / "log")
        pairs = [(ours(weights, folder, scratch), rate(work)) for _ in range(ROUNDS)]
        mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        line = {"name": "predict_checkpoint", "per_second": round(mine, 1), "ultralytics": round(theirs, 1)}
        print(json.dumps(line | {"time_ratio": round(theirs / mine, 3)}), flush=True)
        figures = {name: round(value, 1) for name, value in served(weights, folder).items()}
        print(json.dumps({"name": "serve", **figures, "predict": round(mine, 1)}), flush=True)


if __name__ == "__main__":
    main()
