"""How soon `detector review` shows planted label mistakes: 5 % of the sample's boxes moved, dropped or relabelled.

`in_first_tenth` is the share of the planted mistakes among the first tenth of what is shown (of as many as there are
objects); `tasks` the share of their tasks whose pictures are among the first tenth of all. For each kind, and for each
opinion by itself: ours, and cleanlab's. A mistake counts as shown when its kind and its task are. SETTINGS are those of
the sample's pipeline; `--seed N` plants others.
"""

import json
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

SHARE, IMAGES, EPOCHS = 0.05, 200, 28
SETTINGS = {"model": "yolo11n.yaml", "scale": (0.33, 0.25, 256), "image_size": 128, "epochs": EPOCHS}
KIND = {"moved": "place", "dropped": "missed", "relabelled": "class"}


def plant(tasks: list[dict], chance: random.Random) -> list[tuple[int, str]]:
    """Spoil boxes of tasks with a single annotation; gives (task, kind)."""
    from detector import sample

    every = [
        (task, region["id"])
        for task in tasks
        if len(task["annotations"]) == 1
        for region in task["annotations"][0]["result"]
        if region["type"] == "rectanglelabels"
    ]
    planted = []
    for number, (task, name) in enumerate(chance.sample(every, round(SHARE * len(every)))):
        kind, result = list(KIND)[number % 3], task["annotations"][0]["result"]
        [region] = [each for each in result if each["id"] == name]
        value = region["value"]
        if kind == "moved":
            value["x"] += value["width"] * (0.5 if value["x"] < 50 else -0.5)
        elif kind == "dropped":
            result.remove(region)
        else:
            others = [each for each in sample.CLASSES if [each] != value["rectanglelabels"]]
            value["rectanglelabels"] = [chance.choice(others)]
        planted.append((task["id"], kind))
    return planted


def trained(folder: Path, chance: random.Random) -> tuple[dict, list[tuple[int, str]]]:
    """The folders of convert, train and evaluate, and what was planted."""
    from detector import sample
    from tests.support import training

    sample.write(folder / "sample", images=IMAGES, outlines=False)
    export = folder / "sample/export.json"
    tasks = json.loads(export.read_text())
    planted = plant(tasks, chance)
    export.write_text(json.dumps(tasks))
    done = {"pull": training.step(folder, "pull", "label_studio_export", "detect", path=export)}
    done["convert"] = training.step(folder, "convert", "yolo", "detect", inputs=done)
    options = SETTINGS | {"options": {"plots": False}}
    done["train"] = training.step(folder, "train", "ultralytics", "detect", inputs=done, **options)
    done["evaluate"] = training.step(folder, "evaluate", "ultralytics", "detect", inputs=done)
    return {name: result.path for name, result in done.items()}, planted


def shown(places: dict) -> tuple[dict[str, list[tuple[float, int, str]]], int]:
    """By opinion every suspicion as (strength, task, kind), the likeliest first; and how many objects there are."""
    from detector.annotators import suspicions
    from detector.annotators.calibration import calibrated
    from detector.annotators.viewed import Reviewed
    from detector.data.dataset import Dataset
    from detector.data.evaluation import Evaluation
    from detector.data.trained import Trained
    from detector.label_studio.state import quietly
    from detector.measure.matches import scenes

    evaluation = Evaluation(places["evaluate"])
    run = Reviewed(Path("run"), "sample", Dataset(places["convert"]), Trained(places["train"]), evaluation)
    chance, by_opinion, objects = calibrated(evaluation), {"both": [], "ours": []}, 0
    for _, part in run.parts(quietly):
        objects += len(part.compared.truth)
        tasks = part.images["task_id"].to_pylist()

        def told(each, compared=part.compared, tasks=tasks):
            of, row = (compared.truth, each.object) if each.object >= 0 else (compared.seen, each.prediction)
            return each.strength, tasks[of.image[row]], each.kind

        every = list(scenes(part.compared, "bbox"))
        by_opinion["both"] += map(told, suspicions.suspicions(part.compared, every, chance))
        by_opinion["ours"] += map(told, suspicions.ours(part.compared, every, chance(part.compared.seen.scores)))
    return {name: sorted(each, reverse=True) for name, each in by_opinion.items()}, objects


def share(planted: Sequence[tuple[int, str]], first: Sequence[tuple[float, int, str]]) -> float:
    known = {(task, kind) for _, task, kind in first}
    return round(sum((task, KIND[kind]) in known for task, kind in planted) / len(planted), 3) if planted else 0.0


def main() -> None:
    import os

    seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else 0
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        places, planted = trained(Path(scratch), random.Random(seed))
        opinions, objects = shown(places)
        for name, every in opinions.items():
            first = every[: objects // 10]
            kinds = {kind: share([each for each in planted if each[1] == kind], first) for kind in KIND}
            figure = {"in_first_tenth": share(planted, first), **kinds, "planted": len(planted), "objects": objects}
            print(json.dumps({"benchmark": "review", "opinion": name, "seed": seed, **figure}))


if __name__ == "__main__":
    main()
