"""Evaluation through the stage: of an untrained network, on labels that are near to what it says."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from detector.data.dataset import Dataset
from detector.data.evaluation import OBJECTS, PER_IMAGE, PREDICTIONS, Evaluation
from detector.errors import UsageError
from detector.models.weights import fingerprint
from detector.stages import Result
from detector.stages.evaluate import ultralytics
from tests.support import tiny, training
from tests.support.coco_json import pycocotools
from tests.support.labelled import labelled


@dataclass
class Measurable:
    """Weights, a version, and the folder of both."""

    task: str
    folder: Path
    weights: Path
    dataset: Dataset


@pytest.fixture(scope="module", params=["detect", "segment"])
def measurable(request, tmp_path_factory) -> Measurable:
    folder, task = tmp_path_factory.mktemp(request.param), request.param
    weights = tiny.weights(folder / "train", "yolo11n" if task == "detect" else "yolo11n-seg")
    return Measurable(task, folder, weights, labelled(folder, weights, task))


@pytest.fixture(scope="module")
def result(measurable) -> Result:
    return evaluate(measurable)


def evaluate(measurable, **options) -> Result:
    inputs = {"convert": measurable.dataset.folder, "train": measurable.folder / "train"}
    return training.step(measurable.folder, "evaluate", "ultralytics", measurable.task, inputs=inputs, **options)


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_figures_are_those_of_pycocotools_on_the_same_predictions(measurable, result, kind):
    if kind == "segm" and measurable.task == "detect":
        pytest.skip("there are no masks")
    ahead = "box/" if (kind, measurable.task) == ("bbox", "segment") else ""
    evaluation = Evaluation(result.path)
    metrics, expected = (
        evaluation.measured.metrics,
        pycocotools(measurable.dataset, "test", evaluation.predictions, kind),
    )
    assert [metrics[f"{ahead}{name}"] for name in ("mAP50-95", "mAP50", "mAP75")] == pytest.approx(expected, abs=1e-6)
    assert expected[1] > 0


def test_what_was_measured_is_written_down(measurable, result):
    evaluation = Evaluation(result.path)
    measured = evaluation.measured
    low, high = measured.intervals["mAP50-95"]
    ends = {"interval/mAP50-95/low": low, "interval/mAP50-95/high": high}
    assert {**measured.metrics, **ends}.items() <= result.figures.items()
    assert low <= measured.metrics["mAP50-95"] <= high
    assert (measured.split, measured.weights) == ("test", fingerprint(measurable.weights))
    assert (measured.dataset, measured.task) == (measurable.dataset.version, measurable.task)
    tables = evaluation.predictions, evaluation.objects, evaluation.images
    assert [table.schema for table in tables] == [PREDICTIONS, OBJECTS, PER_IMAGE]
    assert set(result.artifacts["evaluate"]) == set(evaluation.files)
    assert result.images == evaluation.images.num_rows


def test_the_operating_point_is_what_the_tables_say(result):
    evaluation = Evaluation(result.path)
    point, images = evaluation.measured.operating_point, evaluation.images
    objects, predicted, missed, false = (sum(images[name].to_pylist()) for name in PER_IMAGE.names[-4:])
    assert objects - missed == predicted - false
    assert point["recall"] == pytest.approx((objects - missed) / objects)
    assert point["precision"] == pytest.approx((predicted - false) / predicted)
    assert f"{missed:,} object" in result.notes[0]
    counts = evaluation.measured.mistakes
    assert sum(kind["count"] for name, kind in counts.items() if name != "missed") == false


def test_the_worst_images_are_drawn(result):
    worst = result.artifacts["worst"]
    assert len(worst) == 8
    for file in worst:
        with Image.open(file) as picture:
            assert max(picture.size) > 560
    assert str(worst[0].parent) in "\n".join(result.notes)


def test_the_result_changes_with_the_split_alone(measurable, result):
    on_val, again = evaluate(measurable, split="val"), evaluate(measurable)
    assert again.id == result.id  # with its intervals, which are drawn anew
    assert on_val.id != result.id
    assert "1 val image" in on_val.summary


def test_precision_moves_the_operating_point(measurable, result):
    best, sure = Evaluation(result.path).measured, evaluate(measurable, precision=0.9)
    point = Evaluation(sure.path).measured.operating_point
    assert point["asked"] == 0.9
    reached = point["precision"] >= 0.9
    assert ("no score has a precision of 0.9;" in "\n".join(sure.notes)) != reached
    assert point["score"] > best.operating_point["score"] if reached else point["score"] == best.metrics["score"]
    assert Evaluation(sure.path).measured.metrics["mAP50-95"] == best.metrics["mAP50-95"]


def test_slices_add_up_to_the_split(measurable, result):
    sliced = evaluate(measurable, slices=["data.camera", "image"])
    measured, whole = Evaluation(sliced.path).measured, Evaluation(result.path)
    cameras = {each["value"]: each for each in measured.slices if each["field"] == "data.camera"}
    assert list(cameras) == ["left", "none", "right"]  # the most images first
    assert [each["images"] for each in cameras.values()] == [6, 3, 3]
    pictures = [each for each in measured.slices if each["field"] == "image"]
    assert [each["images"] for each in pictures] == [1] * sliced.images
    for parts in (cameras.values(), pictures):
        assert sum(each["images"] for each in parts) == sliced.images
        assert sum(each["objects"] for each in parts) == whole.objects.num_rows
    for each in cameras.values():
        low, high = each["interval"]
        assert low <= each["mAP50-95"] <= high
        assert low < high
    assert len({each["mAP50-95"] for each in cameras.values()}) == 3
    assert measured.metrics == whole.measured.metrics


def test_a_field_that_no_task_has_is_refused_before_training(measurable):
    inputs = {"convert": Result(measurable.dataset.folder, "", "")}
    with pytest.raises(UsageError) as refused:
        ultralytics.foresee(ultralytics.Options(slices=["image", "data.cameras"]), None, inputs)
    assert str(refused.value) == (
        "evaluate.slices: no task of test has the field data.cameras; there is: camera, image; did you mean camera?"
    )
    ultralytics.foresee(ultralytics.Options(slices=["data.camera", "image"]), None, inputs)
    ultralytics.foresee(ultralytics.Options(slices=["data.cameras"]), None, {})
