"""What helps a training on little data that begins with borrowed weights, and one whose classes are rare.

The weights have learned the sample project. From them each set is trained on as the rules of `train` say (`rule`), and
with one thing changed: no weights, another rate, the backbone frozen for the whole training, or for its first fifth
(`thawed`). On `rare`, where one object in twenty is of the third class, a network from scratch is trained with classes
weighed by how rare they are. mAP50-95 on test by COCO's rules; `interval` is of the difference to `rule`, by the
images of test and by the seeds.

    python benchmarks/borrowed.py                                          a short form: one set, one seed
    python benchmarks/borrowed.py --seeds 3 --bccd FOLDER SET …            BCCD: the folder with its export.json
"""

import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import active, defaults  # noqa: E402
from benchmarks.apart import apart, with_seeds  # noqa: E402
from benchmarks.asked import asked  # noqa: E402
from benchmarks.defaults import SCALE, Case  # noqa: E402
from detector.data.dataset import Dataset  # noqa: E402
from detector.data.evaluation import Evaluation  # noqa: E402
from detector.measure.evaluate import Weights, evaluate  # noqa: E402
from detector.measure.paired import pair  # noqa: E402
from detector.models.weights import fingerprint  # noqa: E402
from detector.stages.train.ultralytics import Options, run  # noqa: E402
from detector.tuning.winner import candidate  # noqa: E402
from tests.support.jobs import Pipeline, job  # noqa: E402

RULE, SCRATCH, THAWED = "rule", "scratch", "thawed"
BACKBONE = 10  # layers of yolo11n
BORROWED: dict[str, dict[str, Any]] = {
    RULE: {},
    SCRATCH: {},
    "rate 0.0003": {"lr0": 0.0003},
    "rate 0.004": {"lr0": 0.004},
    "frozen": {"freeze": BACKBONE},
    THAWED: {"freeze": BACKBONE},
}
WEIGHED: dict[str, dict[str, Any]] = {RULE: {}, "cls_pw 0.5": {"cls_pw": 0.5}, "cls_pw 1": {"cls_pw": 1.0}}
LENDER = "sample"
CASES = {name: defaults.CASES[name] for name in ("large", "crowded", "bccd50")} | {"rare": Case(20, 128)}


def learn(folder: Path, dataset: Dataset, case: Case, seed: int, model: str, options: dict[str, Any]) -> Path:
    """The train stage with these of Ultralytics' arguments, and what follows from the data for all others."""
    scale = SCALE if model.endswith(".yaml") else None
    settings = Options(
        model=model, scale=scale, epochs=case.epochs, image_size=case.pixels, seed=seed, options=dict(options)
    )
    run(job(folder, settings, Pipeline("borrowed", "detect", dataset.classes), convert=dataset.folder))
    return folder / "step/weights/best.pt"


def thaw_after(epochs: int) -> None:
    """From that epoch on, every layer learns."""
    from ultralytics.utils.callbacks import base

    def thaw(trainer: Any) -> None:
        if trainer.epoch == epochs:
            trainer.freeze_layer_names = []
            for parameter in trainer.model.parameters():
                parameter.requires_grad = parameter.dtype.is_floating_point

    base.default_callbacks["on_train_epoch_start"].append(thaw)


def child(choice: str, folder: Path, dataset: Dataset, name: str, seed: int, model: str) -> None:
    """One training, measured on test; its evaluation is left in `folder`/test."""
    case = CASES[name]
    if choice == THAWED:
        thaw_after(case.epochs // 5)
    weights = learn(folder, dataset, case, seed, model, (BORROWED | WEIGHED)[choice])
    (folder / "test").mkdir()
    evaluate(Weights(weights, fingerprint(weights)), dataset.on("test"), folder / "test", lambda _: None)


def trained(folder: Path, dataset: Dataset, name: str, seeds: int, lent: Path) -> dict[str, list[Evaluation]]:
    """Every training of every choice, as many at once as there are cores."""

    def work(choice: str, seed: int) -> Evaluation:
        place = folder / f"{choice.replace(' ', '-')}-{seed}"
        if not (place / "test/evaluation.json").exists():
            fresh = name == "rare" or choice == SCRATCH
            model = "yolo11n.yaml" if fresh else lent
            apart(__file__, choice, place, dataset.folder, name, seed, model)
        return Evaluation(place / "test")

    return with_seeds(WEIGHED if name == "rare" else BORROWED, seeds, work)


def beside(evaluations: dict[str, list[Evaluation]]) -> Iterator[tuple[str, Any]]:
    """Of each choice: the figure with each seed, their mean, and how it differs from the rule's."""
    for choice, done in evaluations.items():
        values = [each.measured.metrics["mAP50-95"] for each in done]
        told: dict[str, Any] = {
            "each": [round(value, 4) for value in values],
            "mean": round(statistics.mean(values), 4),
        }
        pairs = [pair(*both).figures["mAP50-95"] for both in zip(evaluations[RULE], done, strict=True)]
        if choice != RULE and len(pairs) > 1:
            difference = candidate(0, {}, pairs)
            told["interval"] = [round(difference.low, 4), round(difference.high, 4)]
        yield choice, told


def dataset_of(folder: Path, name: str, bccd: Path | None) -> Dataset:
    """The set, converted in `folder`."""
    make = active.pool if name == "rare" else defaults.project
    return defaults.there(folder) or make(folder / "project", name, bccd)


def lender(folder: Path) -> Path:
    """Weights that have learned the sample project."""
    best = folder / LENDER / "trained/step/weights/best.pt"
    if not best.exists():
        dataset = dataset_of(folder / LENDER, LENDER, None)
        return learn(folder / LENDER / "trained", dataset, defaults.CASES[LENDER], 0, "yolo11n.yaml", {})
    return best


def main() -> None:
    arguments = asked(CASES, child=6)
    if arguments.child:
        choice, folder, dataset, name, seed, model = arguments.child
        return child(choice, Path(folder), Dataset(Path(dataset)), name, int(seed), model)
    with tempfile.TemporaryDirectory() as scratch:
        place = (arguments.keep or Path(scratch)).resolve()
        lent = lender(place)
        for name in arguments.sets or ("large",):
            dataset = dataset_of(place / name, name, arguments.bccd)
            figures = dict(beside(trained(place / name, dataset, name, arguments.seeds, lent)))
            told = {"benchmark": f"borrowed_{name}", "images": dataset.on("train").images, **figures}
            print(json.dumps(told), flush=True)
    return None


if __name__ == "__main__":
    main()
