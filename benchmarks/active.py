"""How many labels a model needs, by the order in which pictures are annotated: an annotator is simulated.

A pool of pictures has labels that nobody has seen yet. A fifth of them, drawn by chance, is annotated; a network is
trained on those, looks at the rest, and ranks them as `detector push --order` does; the annotator labels the next
fifth, and so on. Each training is the train stage with its defaults, measured on test by COCO's rules. One on fewer
pictures sees them more often, up to three times, as the stage's own rule for epochs has it: all take as many steps, and
one on the first fifth 0.6 of them. `full` is the mean of what is learned from the whole pool; `needed` is the smallest
share of the labels with which the mean comes within 0.01 of that, by order, or null.

The sets: BCCD, one class much rarer than the others, and bursts of pictures that are nearly the same.

    python benchmarks/active.py                                            a short form: one set, one seed, one step
    python benchmarks/active.py --seeds 3 --steps 2 --bccd FOLDER SET …    BCCD: the folder with its export.json
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import yaml  # noqa: E402

from benchmarks import scenes  # noqa: E402
from benchmarks.apart import ENVIRONMENT, apart, with_seeds  # noqa: E402
from benchmarks.asked import asked  # noqa: E402
from benchmarks.defaults import SCALE  # noqa: E402
from detector.annotators.calibration import calibrated, uncalibrated  # noqa: E402
from detector.annotators.order import Ranking, Scored, rank  # noqa: E402
from detector.data.dataset import Dataset  # noqa: E402
from detector.data.evaluation import Evaluation  # noqa: E402
from detector.inference.pictures import Source, frames  # noqa: E402
from detector.measure.evaluate import Weights, evaluate  # noqa: E402
from detector.models.describe import Describer  # noqa: E402
from detector.models.validate import seen_on  # noqa: E402
from detector.models.weights import fingerprint  # noqa: E402
from detector.stages.train.ultralytics import Options, run  # noqa: E402
from tests.support.jobs import Pipeline, job  # noqa: E402

STEP = 0.2  # share of the pool that is annotated at a time
NEAR = 0.01  # mAP50-95
OFTEN = 3  # times as many epochs, at most, on fewer pictures
ORDERS = ("uncertain", "diverse", "random")
ALL = "all"


class Case(NamedTuple):
    """A set, and how it is trained on."""

    epochs: int
    pixels: int
    shown: scenes.Scenes | None = None


RARE = scenes.Scenes(train=200, objects=(1, 4), sizes=(0.12, 0.4), clutter=8, chances=(0.8, 0.15, 0.05))
BURSTS = scenes.Scenes(train=200, objects=(1, 5), sizes=(0.1, 0.4), clutter=8, burst=8)
CASES = {"bccd": Case(15, 160), "rare": Case(20, 128, RARE), "bursts": Case(20, 128, BURSTS)}


def pool(folder: Path, name: str, bccd: Path | None) -> Dataset:
    """The whole set, converted: what is in train is the pool."""
    shown, source = CASES[name].shown, {"using": "yolo", "path": "in"}
    folder.mkdir(parents=True)
    if shown:
        scenes.write(folder / "in", shown)
        return _converted(folder, source, list(scenes.CLASSES))
    assert bccd is not None, f"{name} needs --bccd"
    source = {"using": "label_studio_export", "path": str(bccd / "export.json"), "images": str(bccd / "images")}
    return _converted(folder, source, ["RBC", "WBC", "Platelets"], {"split": {"field": "split"}})


def _converted(folder: Path, source: dict, classes: list[str], convert: dict | None = None) -> Dataset:
    file = {"name": "active", "task": "detect", "classes": classes, "pull": source, "check": {"using": "rules"}}
    file |= {"train": {"model": "yolo11n.yaml"}} | ({"convert": convert} if convert else {})
    (folder / "pipeline.yaml").write_text(yaml.safe_dump(file))
    command = [sys.executable, "-m", "detector", "run", "--until", "convert"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return Dataset((folder / "datasets/active/latest").resolve())


def subset(folder: Path, whole: Dataset, annotated: Sequence[str]) -> Dataset:
    """The set with these pictures of the pool alone in train, converted."""
    folder.mkdir(parents=True)
    files = [*annotated, *(file for split in ("val", "test") for _, file in whole.on(split).files)]
    for file in files:
        for kind, ending in (("images", None), ("labels", ".txt")):
            place = Path(file) if ending is None else Path(file).with_suffix(ending)
            (folder / "in" / kind / place).parent.mkdir(parents=True, exist_ok=True)
            os.link(whole.folder / kind / place, folder / "in" / kind / place)
    names = "".join(f"  {index}: {json.dumps(name)}\n" for index, name in enumerate(whole.classes))
    splits = "".join(f"{split}: images/{split}\n" for split in ("train", "val", "test"))
    (folder / "in/data.yaml").write_text(f"path: .\n{splits}names:\n{names}")
    return _converted(folder, {"using": "yolo", "path": "in"}, list(whole.classes))


def trained(folder: Path, dataset: Dataset, share: float, case: Case, seed: int) -> Path:
    """The train stage, with nothing said that can be derived; measured on val and test."""
    epochs = round(case.epochs * min(OFTEN, 1 / share))
    options = Options(model="yolo11n.yaml", scale=SCALE, epochs=epochs, image_size=case.pixels, seed=seed)
    run(job(folder, options, Pipeline("active", "detect", dataset.classes), convert=dataset.folder))
    best = folder / "step/weights/best.pt"
    for split in ("val", "test"):
        (folder / split).mkdir()
        evaluate(Weights(best, fingerprint(best)), dataset.on(split), folder / split, lambda _: None)
    return best


def ranked(folder: Path, weights: Path, whole: Dataset, waiting: Sequence[str], by: Ranking) -> list[str]:
    """The pictures that wait, what matters most first, as this model ranks them."""
    (folder / "pool").mkdir()
    seen = seen_on(weights, whole.on("train"), folder / "pool", lambda _: None)
    row_of = {file: row for row, file in enumerate(whole.images["file"].to_pylist())}
    image, label, score = (seen[name].to_numpy() for name in ("image", "class_id", "score"))
    tasks = []
    for file in waiting:
        own = (image == row_of[file]) & (score >= 0.05)
        tasks.append(Scored(label[own], score[own], [whole.images["sha256"][row_of[file]].as_py()]))
    places = np.argsort(rank(tasks, by), kind="stable")
    return [waiting[at] for at in places]


def child(folder: Path, whole: Dataset, name: str, seed: int, order: str, steps: int) -> None:
    """One annotator: what is learned after each step, in `folder`/curve.json."""
    case, every = CASES[name], [file for _, file in whole.on("train").files]
    mixed = np.random.default_rng(seed).permutation(every).tolist()
    count = round(STEP * len(every))
    annotated, curve = mixed[:count], []
    for step in range(steps + 1):
        place = folder / str(step)
        share = 1.0 if order == ALL else len(annotated) / len(every)
        dataset = whole if order == ALL else subset(place / "data", whole, annotated)
        weights = trained(place, dataset, share, case, seed)
        curve.append(Evaluation(place / "test").measured.metrics["mAP50-95"])
        if order == ALL or step == steps:
            break
        waiting = [file for file in mixed if file not in set(annotated)]
        annotated = [*annotated, *chosen(place, weights, whole, waiting, dataset, order, count)[:count]]
    (folder / "curve.json").write_text(json.dumps(curve))


def chosen(
    place: Path, weights: Path, whole: Dataset, waiting: list[str], dataset: Dataset, order: str, count: int
) -> list[str]:
    """The pictures that wait, in this order; what is random was drawn for each seed, not as push draws it."""
    if order == "random":
        return waiting
    measured, describer = Evaluation(place / "val"), Describer(weights, place / "log")
    by = Ranking(
        order,
        measured.measured.score,
        calibrated(measured) or uncalibrated,
        lambda: list(dataset.on("train").objects.values()),
        lambda: described(whole, waiting, describer),
        count,
    )
    return ranked(place, weights, whole, waiting, by)


def described(whole: Dataset, files: Sequence[str], describer: Describer) -> np.ndarray:
    """Of each picture what `--order diverse` goes by."""
    views = frames([Source(whole.image_path(file), file) for file in files])
    return np.concatenate([[*describer([view.pixels])] for view in views])


def curves(folder: Path, whole: Dataset, name: str, seeds: int, steps: int) -> dict[str, list[list[float]]]:
    """What every annotator's model learned, by order; as many at once as there are cores. What is there stays."""

    def work(order: str, seed: int) -> list[float]:
        place = folder / f"{order}-{seed}"
        if not (place / "curve.json").exists():
            apart(__file__, place, whole.folder, name, seed, order, steps)
        return json.loads((place / "curve.json").read_text())

    return with_seeds((ALL, *ORDERS), seeds, work)


def told(learned: dict[str, list[list[float]]]) -> dict:
    """The means over the seeds, and the share of the labels that each order needs."""
    full = statistics.mean(curve[-1] for curve in learned[ALL])
    means = {order: [statistics.mean(at) for at in zip(*learned[order], strict=True)] for order in ORDERS}
    shares = [round(STEP * (step + 1), 2) for step in range(len(means["random"]))]
    needed = {
        order: next((share for share, value in zip(shares, of, strict=True) if value >= full - NEAR), None)
        for order, of in means.items()
    }
    return {
        "full": round(full, 4),
        "shares": shares,
        **{order: [round(value, 4) for value in of] for order, of in means.items()},
        "needed": needed,
    }


def main() -> None:
    arguments = asked(CASES, child=6, steps=1)
    if arguments.child:
        folder, whole, name, seed, order, steps = arguments.child
        return child(Path(folder), Dataset(Path(whole)), name, int(seed), order, int(steps))
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.sets or ["bursts"]:
            place = (arguments.keep or Path(scratch)).resolve() / name
            started = time.perf_counter()
            there = place / "pool/datasets/active/latest"
            bccd = arguments.bccd and arguments.bccd.resolve()
            whole = Dataset(there.resolve()) if there.exists() else pool(place / "pool", name, bccd)
            figures = told(curves(place, whole, name, arguments.seeds, arguments.steps))
            seconds = round(time.perf_counter() - started)
            images = whole.on("train").images
            print(json.dumps({"benchmark": f"active_{name}", "images": images, **figures, "seconds": seconds}))
    return None


if __name__ == "__main__":
    main()
