"""`detector serve` under load beside the bare runtime: one ONNX file of yolo11n's size, JPEGs of 640 x 480, in one run.

A line for 1, 4 and 16 clients that ask without a pause: p50 and p95 of a request in milliseconds, pictures a second,
and those of ONNX Runtime alone, which is given ready batches of as many pictures as the server puts together at most,
in rounds that alternate. `of_bare` is the ratio of pictures a second. `lost`: requests not answered with as many
objects as the same picture has alone. The last line is what pictures that are none are answered with.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.engines import NANO, exported, photos
from detector.engines.artifact import open_artifact
from detector.engines.detector import Detector
from detector.engines.prepare import read
from detector.web.batches import Limits

CLIENTS, REQUESTS, ROUNDS, PIXELS = (1, 4, 16), 32, 3, 320


@contextmanager
def serving(file: Path) -> Iterator[str]:
    """The address of a server with the model in the file."""
    command = [sys.executable, "-m", "detector", "serve", "--port", "0", "--model", str(file), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        yield json.loads(server.stdout.readline())["url"]
        server.terminate()


def loaded(client: httpx.Client, contents: list[bytes], clients: int) -> tuple[float, list[tuple[float, int]]]:
    """So many clients ask for each picture in turn: the seconds of all, and of each its milliseconds and objects."""
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        told = list(pool.map(lambda at: ask(client, contents[at % len(contents)]), range(REQUESTS)))
    return time.perf_counter() - began, told


def ask(client: httpx.Client, content: bytes) -> tuple[float, int]:
    """How long an answer took, and how many objects it has."""
    began = time.perf_counter()
    answer = client.post("/predict", content=content).raise_for_status()
    return (time.perf_counter() - began) * 1000, len(answer.json()["objects"])


def bare(detector: Detector, photos: list[Path], count: int) -> list[float]:
    """The milliseconds that ONNX Runtime alone takes for each batch of `count` pictures that are ready."""
    batch, _ = detector.prepare([read(photos[at % len(photos)]) for at in range(count)])
    times = []
    for _ in range(REQUESTS // count):
        began = time.perf_counter()
        detector.network.run(batch)
        times.append((time.perf_counter() - began) * 1000)
    return times


def beside(client: httpx.Client, detector: Detector, files: list[Path], clients: int) -> dict[str, float]:
    """So many clients and the bare runtime, in turns."""
    contents, together = [photo.read_bytes() for photo in files], min(clients, Limits().together)
    alone = [ask(client, content)[1] for content in contents]
    seconds, told, batches = 0.0, [], []
    for _ in range(ROUNDS):
        took, answers = loaded(client, contents, clients)
        seconds, told = seconds + took, told + answers
        batches += bare(detector, files, together)
    p50, p95 = np.percentile([milliseconds for milliseconds, _ in told], (50, 95))
    bare_p50, bare_p95 = np.percentile(batches, (50, 95))
    rate, most = len(told) / seconds, together * len(batches) * 1000 / sum(batches)
    lost = sum(objects != alone[at % REQUESTS % len(alone)] for at, (_, objects) in enumerate(told))
    own = {"p50": p50, "p95": p95, "per_second": rate, "bare_p50": bare_p50, "bare_p95": bare_p95}
    rounded = {name: round(float(value), 1) for name, value in (own | {"bare_per_second": most}).items()}
    return rounded | {"of_bare": round(rate / most, 3), "lost": lost}


def main() -> None:
    """A line for each number of clients, and one for what is refused."""
    with tempfile.TemporaryDirectory() as place:
        file, folder = exported(Path(place) / "model", NANO, PIXELS), photos(Path(place) / "photos")
        detector, files = open_artifact(file).detector, sorted(folder.iterdir())
        with serving(file) as url, httpx.Client(base_url=url, timeout=120) as client:
            for clients in CLIENTS:
                figures = beside(client, detector, files, clients)
                print(json.dumps({"name": "serve", "clients": clients, **figures}), flush=True)
            bad = (b"", b"no picture", files[0].read_bytes()[:500], bytes(65 << 20))
            codes = [client.post("/predict", content=each).status_code for each in bad]
            print(json.dumps({"name": "serve_refused", "codes": codes}))


if __name__ == "__main__":
    main()
