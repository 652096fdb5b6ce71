"""Growth: time and peak memory of each stage at 2k, 20k and 200k tasks of 10 boxes, each in a process of its own.

pull reads the export into tables; convert makes a version of them; check looks at it by every rule; evaluate judges a
hundred predictions on each image of its test split (half of the tasks); page shows that; plan says what would run. No
network predicts and no picture is read but one. `time` (of the processors) and `memory` are measured over linear growth
from the size before: 1.0 is linear, less is better. Seconds are of the work, without imports; memory is of all
processes, what they share counted once. A stage that would take more than three minutes at the next size ends there.
`python benchmarks/growth.py convert 1000000` runs all stages to that one at another size.
"""

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import convert, exports

TASKS = (2_000, 20_000, 200_000)
SIZE = (1920, 1080)  # pixels of each image
PREDICTIONS = 100  # on an image
LONGEST = 180  # seconds
SPLIT = {"val": 0.1, "test": 0.5}
PIPELINE = (
    "name: bench\ntask: detect\nclasses: [car, dog, person]\npull: {using: label_studio_export, path: export.json}\n"
)
Work = Callable[[], object]


def pull(folder: Path, tasks: int) -> Work:
    from detector.label_studio.tasks import annotations
    from detector.stages import load
    from detector.stages.pull._attach import attach, finish
    from tests.support.jobs import make_job

    export, options = folder / "export.json", load("pull", "label_studio_export").Options
    job = make_job(options(path=export), convert.Pipeline("bench"), datasets=folder, folder=folder / "run")
    pixels = convert.sized(tasks, SIZE)
    return lambda: finish(attach(annotations(export, "latest"), pixels), job, "bench", ids=True)


def converted(folder: Path, _: int) -> Work:
    from detector.stages import load
    from tests.support.jobs import make_job

    convert.without_images()
    backend, pipeline = load("convert", "yolo"), convert.Pipeline("bench", "detect", exports.CLASSES)
    [pulled] = (folder / "pulled").iterdir()
    job = make_job(backend.Options(split=SPLIT), pipeline, {"pull": pulled}, datasets=folder, folder=folder / "run")
    return lambda: backend.run(job)


def check(folder: Path, _: int) -> Work:
    from detector.stages.check._findings import examine
    from detector.stages.check._limits import Limits
    from detector.stages.check._tables import tables_of

    data = version(folder)
    return lambda: examine(tables_of(data), Limits())


def evaluate(folder: Path, _: int) -> Work:
    from detector.measure.evaluate import judge

    split = version(folder).on("test")
    seen = predictions(split)
    target = folder / "evaluate"
    target.mkdir()
    return lambda: judge(seen, split, "of the benchmark", target)


def page(folder: Path, _: int) -> Work:
    from PIL import Image

    from detector.data.dataset import Dataset
    from detector.page import Run, write
    from detector.reporting.outcome import Done
    from detector.stages import Result

    Image.new("RGB", SIZE, "teal").save(folder / "picture.jpg")
    Dataset.image_path = lambda *_: folder / "picture.jpg"  # type: ignore[method-assign]
    steps = [Done("evaluate", Result(folder / "evaluate", "e", "measured"), False, 1.0)]
    run = Run("bench", folder, steps, version(folder), PIPELINE)
    return lambda: write(folder / "report.html", run)


def plan(folder: Path, _: int) -> Work:
    from detector.cli.main import main

    os.chdir(folder)
    (folder / "pipeline.yaml").write_text(PIPELINE)
    sys.argv = ["detector", "plan", "pipeline.yaml"]
    return lambda: quietly(main)


def quietly(work: Work) -> None:
    with contextlib.redirect_stdout(sys.stderr), contextlib.suppress(SystemExit):
        work()


def version(folder: Path) -> Any:
    from detector.data.dataset import Dataset

    return Dataset((folder / "bench" / "latest" if (folder / "bench").is_dir() else folder / "latest").resolve())


def predictions(split: Any) -> Any:
    """A detector that finds seven objects of ten, among many predictions of little score."""
    import numpy as np
    import pyarrow as pa

    from detector.data.evaluation import SEEN

    random, images = np.random.default_rng(0), np.array([row for row, _ in split.files])
    truth = split.dataset.instances
    rows = np.flatnonzero(np.isin(truth["image"].to_numpy(), images) & (random.random(truth.num_rows) < 0.7))
    count = max(0, PREDICTIONS * len(images) - len(rows))
    columns = {name: truth[name].to_numpy()[rows] for name in ("image", "class_id", "x", "y", "width", "height")}
    places = {name: random.uniform(0.2, 0.8, count) for name in ("x", "y")}
    sides = {name: random.uniform(0.02, 0.3, count) for name in ("width", "height")}
    noise = {"image": random.choice(images, count), "class_id": random.integers(0, 3, count), **places, **sides}
    scores = np.concatenate([random.uniform(0.3, 1, len(rows)), random.uniform(0.001, 0.4, count)])
    every = {name: np.concatenate([columns[name], noise[name]]) for name in columns}
    table = pa.table({**every, "score": scores, "mask": pa.nulls(len(scores), pa.binary())})
    return table.select(SEEN.names).cast(SEEN).sort_by("image")


STAGES = {"pull": pull, "convert": converted, "check": check, "evaluate": evaluate, "page": page, "plan": plan}


def measure(stage: str, tasks: int, folder: Path) -> dict[str, float]:
    """What the stage took in a process of its own, and the peak of its memory in MB."""
    child = subprocess.Popen([sys.executable, __file__, stage, str(tasks), str(folder)], stdout=subprocess.PIPE)
    peak = 0.0
    while child.poll() is None:
        time.sleep(0.02)
        peak = max(peak, sum(map(megabytes, [child.pid, *forked(child.pid)])))
    assert child.returncode == 0, stage
    assert child.stdout
    return {**json.loads(child.stdout.read()), "peak_mb": round(peak)}


def timed(work: Work) -> dict[str, float]:
    """Wall and processor seconds."""
    started, before = time.perf_counter(), processor()
    work()
    return {"seconds": round(time.perf_counter() - started, 3), "cpu_seconds": round(processor() - before, 3)}


def processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def forked(process: int) -> list[int]:
    """The processes that a process started, and that are still there."""
    with contextlib.suppress(OSError):
        return list(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))
    return []


def megabytes(process: int) -> float:
    """The proportional set size: a page that n processes share counts 1/n in each."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
    return 0.0


def main(wanted: list[str], sizes: list[int]) -> None:
    before: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(dir=os.environ.get("DETECTOR_BENCH_FOLDER", "/dev/shm")) as scratch:
        for tasks in sizes:
            folder = Path(scratch) / str(tasks)
            folder.mkdir()
            exports.write(folder / "export.json", tasks, 10, exports.boxes, SIZE)
            for stage in wanted:
                last = before.get(stage)
                if last and last["seconds"] * tasks / last["tasks"] > LONGEST:
                    continue
                now = {"tasks": tasks, **measure(stage, tasks, folder)}
                line = {"name": f"growth_{stage}_{tasks}", **now}
                if last:
                    more = tasks / last["tasks"]
                    line |= {
                        "time": round(now["cpu_seconds"] / last["cpu_seconds"] / more, 2),
                        "memory": round(now["peak_mb"] / last["peak_mb"] / more, 2),
                    }
                print(json.dumps(line), flush=True)
                before[stage] = now


if __name__ == "__main__":
    match sys.argv[1:]:
        case [stage, tasks, folder]:
            print(json.dumps(timed(STAGES[stage](Path(folder), int(tasks)))))
        case [stage, tasks]:
            main(list(STAGES)[: list(STAGES).index(stage) + 1], [int(tasks)])
        case _:
            main(list(STAGES), list(TASKS))
