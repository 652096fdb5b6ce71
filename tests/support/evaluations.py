"""Two models measured on twelve test pictures, with known mistakes; and a run that compared them."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from detector.data import comparison
from detector.data.comparison import Comparison
from detector.data.dataset import Dataset
from detector.data.evaluation import SEEN, Evaluation
from detector.data.trained import MadeFrom, Trained
from detector.measure.evaluate import PLAIN, judge
from detector.measure.paired import pair
from detector.page import Run
from detector.reporting.outcome import Done
from detector.stages import Result, load
from detector.stages.promote._compared import Bout
from detector.stages.promote._compared import comparison as compare
from detector.stages.promote._contest import Ring, Rules
from detector.stages.services import ModelVersion
from tests.support import versions
from tests.support.jobs import Pipeline, job
from tests.support.versions import Object, Picture

HOSTILE = '<script>document.title = "taken over"</script>'
CLASSES = [HOSTILE, '😀 & "cell"', "x" * 260]
BIG, SMALL, OTHER = Object(0, 0.25, 0.5, 0.3, 0.6), Object(1, 0.7, 0.3, 0.1, 0.2), Object(2, 0.7, 0.75, 0.1, 0.2)
EMPTY = Object(0, 0.5, 0.1, 0.05, 0.1)  # where nothing is
TINY = Object(0, 0.5, 0.5, 0.01, 0.3)
TESTED = 12
SCORE = 0.7  # of the least sure prediction that is right: there F1 is best
CURVES = """\
epoch,train/box_loss,val/box_loss,metrics/precision(B),metrics/recall(B),metrics/mAP50(B),metrics/mAP50-95(B)
1,3.0,2.5,0.5,0.4,0.2,0.1
2,2.0,nan,0.6,0.5,0.4,0.2
3,1.0,1.5,0.7,0.6,0.8,0.4
"""
PROMOTED = "champion: version 4, mAP50-95 0.8100 against 0.7900 of version 3"
RULES = Rules("mAP50-95", 0.05, 0.95, 0.0, True)


def dataset(parent: Path, more: Sequence[str] = ()) -> Dataset:
    """A version whose class names are as bad as names can be; in train, a picture has the same tiny object twice.

    There is no object of the classes `more`.
    """
    pictures = [Picture("train", [BIG, SMALL, OTHER]), Picture("train", [TINY, TINY]), Picture("val", [BIG])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(versions, "CLASSES", [*CLASSES, *more])
        return versions.version(parent, [*pictures, *[Picture("test", [BIG, SMALL, OTHER])] * TESTED])


def champion(at: int) -> Iterator[tuple[Object, int, float]]:
    """What the champion predicts on a test picture: place, class, score."""
    yield BIG, 0, 0.9
    yield (SMALL, 2, 0.95) if at % 2 == 0 else (SMALL, 1, 0.8)
    if at % 2:
        yield OTHER, 2, SCORE
    if at in (0, 2, 4, 6, 8):
        yield EMPTY, 0, 0.92


def challenger(at: int) -> Iterator[tuple[Object, int, float]]:
    """What the new weights predict: of SMALL, 4 of 12 are taken for the third class; 3 of OTHER are missed."""
    yield BIG, 0, 0.9
    yield (SMALL, 2, 0.95) if at % 3 == 0 else (SMALL, 1, 0.8)
    if at % 4:
        yield OTHER, 2, SCORE
    if at % 5 == 0:
        yield EMPTY, 0, 0.92
    yield BIG, 0, 0.05  # below the operating point


def measured(data: Dataset, said, folder: Path, wanted=PLAIN) -> Evaluation:
    """An Evaluation of what a model said, as `evaluate` leaves one."""
    folder.mkdir(parents=True)
    tested = [at for at, split in enumerate(data.images["split"].to_pylist()) if split == "test"]
    rows = [
        {"image": image, "class_id": label, "score": score, "mask": None}
        | {name: getattr(place, name) for name in ("x", "y", "width", "height")}
        for at, image in enumerate(tested)
        for place, label, score in said(at)
    ]
    return judge(pa.Table.from_pylist(rows, SEEN), data.on("test"), folder.name, folder, wanted)


def compared(data: Dataset, before: Evaluation, after: Evaluation, folder: Path) -> Comparison:
    """What promote leaves of both."""
    rival = ModelVersion("3", lambda: folder, {}, data.test_set, lambda: before.folder)
    told = compare(Bout(rival, before, False, pair(before, after)), Ring(data.on("test"), after, "detect"), RULES)
    comparison.write(told, folder)
    return told


def checked(data: Dataset, folder: Path) -> Result:
    """The real check of the version."""
    backend = load("check", "rules")
    options = backend.Options(fail_on={"classes_without_examples": "warn"})
    return backend.run(job(folder, options, Pipeline("tests", "detect", CLASSES), convert=data.folder))


def trained(folder: Path) -> Result:
    """A training of three epochs, of which the last was kept."""
    folder.mkdir()
    (folder / "results.csv").write_text(CURVES)
    Trained(folder).write(MadeFrom("0123456789ab", "detect", CLASSES, "yolo11n.yaml", 96, "f1" * 32))
    return Result(folder, "t", "trained", {"best_epoch": 3})


def run(folder: Path, data: Dataset) -> Run:
    """A whole run of the pipeline `tests`, which made a new champion."""
    before, after = (measured(data, said, folder / said.__name__) for said in (champion, challenger))
    for name in ("promote", "onnx"):
        (folder / name).mkdir()
    compared(data, before, after, folder / "promote")
    cost = {"images_per_second": 8125.4, "peak_memory_bytes": 2.1e9, "disk_bytes": 5.5e6}
    export = Result(folder / "onnx", "o", "tests.onnx, 1.2 MB", notes=[f"of {HOSTILE}"])
    steps = [
        Done("convert", Result(data.folder, "c", "converted"), True, 0.0),
        Done("check", checked(data, folder), False, 3.0),
        Done("train", trained(folder / "train"), False, 200.0, cost),
        Done("evaluate", Result(after.folder, "e", "12 test images", notes=[HOSTILE]), False, 4.5),
        Done("export.onnx", export, False, 2.0),
        Done("export.tensorrt", Result(folder, "s", "skipped: no GPU", {"skipped": 1}), False, 0.0),
        Done("promote", Result(folder / "promote", "4-champion", PROMOTED, {"champion": 1.0}), False, 0.1),
    ]
    return Run("tests", folder, steps, data, f"name: tests # {HOSTILE}\n")


def tested(data: Dataset) -> list[int]:
    """The rows of the version's test pictures."""
    rows: list[int] = pc.indices_nonzero(pc.equal(data.images["split"], "test").fill_null(False)).to_pylist()
    return rows


def label(data: Dataset, fields: list[dict[str, str]]) -> None:
    """Give each task these data fields."""
    images = data.images
    column = pa.array([json.dumps(each) for each in fields], pa.string())
    at = images.schema.get_field_index("data")
    pq.write_table(images.set_column(at, images.schema.field(at), column), data.folder / "images.parquet")


def objects(data: Dataset) -> list[Object]:
    """Each object of the version, in its order."""
    columns = ["class_id", "x", "y", "width", "height"]
    return [Object(**row) for row in data.instances.select(columns).to_pylist()]
