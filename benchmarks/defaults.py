"""Whether defaults learn: what `train` derives from the data, beside Ultralytics' own defaults, on sets that differ.

Each side trains a micro network from scratch on the same images, with the same pixels, epochs and seeds, each training
on one thread in a process of its own; all are measured on test by COCO's rules. `ratio` is that of the means, and
`interval` that of their difference, by the images of test and by the seeds. With --tune N, `detector tune` searches
with N trials, and `of_tuned` is how much of what it finds the defaults reach, by seeds that no trial had, on val.

    python benchmarks/defaults.py                                             a short form: two small sets, one seed
    python benchmarks/defaults.py --seeds 3 --tune 30 --bccd FOLDER SET …     BCCD: the folder with its export.json
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import yaml  # noqa: E402

from benchmarks import scenes  # noqa: E402
from benchmarks.apart import ENVIRONMENT, apart, with_seeds  # noqa: E402
from benchmarks.asked import asked  # noqa: E402
from detector import sample  # noqa: E402
from detector.data.dataset import Dataset  # noqa: E402
from detector.data.evaluation import Evaluation  # noqa: E402
from detector.measure.evaluate import Weights, evaluate  # noqa: E402
from detector.measure.paired import pair  # noqa: E402
from detector.models.quiet import device, quietly  # noqa: E402
from detector.models.weights import architecture, fingerprint, load_model  # noqa: E402
from detector.stages.train.ultralytics import Options, run  # noqa: E402
from detector.tuning.winner import candidate  # noqa: E402
from tests.support.jobs import Pipeline, job  # noqa: E402

SCALE = (0.33, 0.25, 256)
SIDES = ("ultralytics", "ours")


class Case(NamedTuple):
    """A set, and how it is trained on."""

    epochs: int
    pixels: int
    task: str = "detect"
    images: int | None = None  # of BCCD's train; None for all of them


CASES = {
    "sample": Case(28, 128),
    "sample_segment": Case(28, 128, "segment"),
    "bccd": Case(15, 160),
    "bccd50": Case(40, 160, images=50),
    "large": Case(80, 128),
    "small": Case(20, 160),
    "crowded": Case(60, 160),
}
SHORT = ("large", "crowded")


def project(folder: Path, name: str, bccd: Path | None) -> Dataset:
    """A project of the set in `folder`, converted."""
    case = CASES[name]
    folder.mkdir(parents=True)
    train = {"model": f"yolo11n{'-seg' * (case.task == 'segment')}.yaml", "scale": list(SCALE)}
    file = {
        "name": name,
        "task": case.task,
        "check": {"using": "rules"},
        "train": train | {"epochs": case.epochs, "image_size": case.pixels},
        **_source(folder, name, bccd),
    }
    (folder / "pipeline.yaml").write_text(yaml.safe_dump(file))
    _detector(folder, "run", "--until", "convert")
    [latest] = folder.glob("datasets/*/latest")
    return Dataset(latest.resolve())


def _source(folder: Path, name: str, bccd: Path | None) -> dict[str, Any]:
    """The keys that say where annotations come from, with all that they name written into `folder`."""
    export = {"using": "label_studio_export", "path": "in/export.json"}
    if name.startswith("sample"):
        sample.write(folder / "in", outlines=name.endswith("segment"))
        return {"classes": list(sample.CLASSES), "pull": export}
    if name.startswith("bccd"):
        assert bccd is not None, f"{name} needs --bccd"
        tasks = json.loads((bccd / "export.json").read_text())
        learned = [task for task in tasks if task["data"]["split"] == "train"][: CASES[name].images]
        measured = [task for task in tasks if task["data"]["split"] != "train"]
        (folder / "in").mkdir()
        (folder / "in/export.json").write_text(json.dumps(learned + measured))
        split = {"convert": {"split": {"field": "split"}}}
        return {"classes": ["RBC", "WBC", "Platelets"], "pull": export | {"images": str(bccd / "images")}, **split}
    scenes.write(folder / "in", getattr(scenes, name.upper()))
    return {"classes": list(scenes.CLASSES), "pull": {"using": "yolo", "path": "in"}}


def _detector(folder: Path, *line: str) -> str:
    command = [sys.executable, "-m", "detector", *line]
    return subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT).stdout


def ours(folder: Path, dataset: Dataset, case: Case, seed: int) -> Path:
    """The train stage, with nothing said that can be derived."""
    network = f"yolo11n{'-seg' * (case.task == 'segment')}.yaml"
    options = Options(model=network, scale=SCALE, epochs=case.epochs, image_size=case.pixels, seed=seed)
    run(job(folder, options, Pipeline("defaults", case.task, dataset.classes), convert=dataset.folder))
    return folder / "step/weights/best.pt"


def ultralytics(folder: Path, dataset: Dataset, case: Case, seed: int) -> Path:
    """A bare call; workers and cache are what the machine likes, and change no figure."""
    folder.mkdir(parents=True)
    network = f"yolo11n{'-seg' * (case.task == 'segment')}.yaml"
    with quietly(folder / "log"):
        load_model(architecture(network, SCALE, folder)).train(
            data=str(dataset.data_yaml), epochs=case.epochs, imgsz=case.pixels, seed=seed, device=device(),
            save_dir=str(folder / "step"), cache="ram", workers=0, plots=False,
        )  # fmt: skip
    return folder / "step/weights/best.pt"


def child(side: str, folder: Path, dataset: Dataset, name: str, seed: int) -> None:
    """One training, measured on test; its evaluation is left in `folder`/test."""
    weights = {"ours": ours, "ultralytics": ultralytics}[side](folder, dataset, CASES[name], seed)
    (folder / "test").mkdir()
    evaluate(Weights(weights, fingerprint(weights)), dataset.on("test"), folder / "test", lambda _: None)


def trained(folder: Path, dataset: Dataset, name: str, seeds: int) -> dict[str, list[Evaluation]]:
    """Every training of both sides, as many at once as there are cores."""

    def work(side: str, seed: int) -> Evaluation:
        place = folder / f"{side}-{seed}"
        if not (place / "test/evaluation.json").exists():
            apart(__file__, side, place, dataset.folder, name, seed)
        return Evaluation(place / "test")

    return with_seeds(SIDES, seeds, work)


def beside(evaluations: dict[str, list[Evaluation]]) -> Iterator[tuple[str, Any]]:
    """The means of both sides over the seeds, and how they differ."""
    values = {side: [each.measured.metrics["mAP50-95"] for each in done] for side, done in evaluations.items()}
    yield from ((side, [round(value, 4) for value in each]) for side, each in values.items())
    before, after = (statistics.mean(values[side]) for side in SIDES)
    yield "ratio", round(after / before, 2) if before else None
    pairs = [pair(*both).figures["mAP50-95"] for both in zip(*evaluations.values(), strict=True)]
    if len(pairs) > 1:
        told = candidate(0, {}, pairs)
        yield "interval", [round(told.low, 4), round(told.high, 4)]


def tuned(folder: Path, trials: int) -> Iterator[tuple[str, Any]]:
    """What a search comes to on val, each mean over the further seeds."""
    outcome = json.loads(_detector(folder, "tune", "--set", f"train.tune.trials={trials}", "--json"))
    verdict = outcome["study"]["verdict"]
    best = max(verdict["candidates"], key=lambda each: each["after"], default=None)
    yield "of_tuned", round(min(1.0, best["before"] / best["after"]), 3) if best else 1.0
    yield "verdict", verdict["why"]


def there(place: Path) -> Dataset | None:
    """The set as an earlier call has converted it."""
    latest = next(place.glob("project/datasets/*/latest"), None)
    return latest and Dataset(latest.resolve())


def main() -> None:
    arguments = asked(CASES, child=5, tune=0)
    if arguments.child:
        side, folder, dataset, name, seed = arguments.child
        return child(side, Path(folder), Dataset(Path(dataset)), name, int(seed))
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.sets or SHORT:
            place = (arguments.keep or Path(scratch)).resolve() / name
            started = time.perf_counter()
            dataset = there(place) or project(place / "project", name, arguments.bccd)
            figures = dict(beside(trained(place, dataset, name, arguments.seeds)))
            if arguments.tune:
                figures |= tuned(place / "project", arguments.tune)
            seconds = round(time.perf_counter() - started)
            images = dataset.on("train").images
            print(json.dumps({"benchmark": f"defaults_{name}", "images": images, **figures, "seconds": seconds}))
    return None


if __name__ == "__main__":
    main()
