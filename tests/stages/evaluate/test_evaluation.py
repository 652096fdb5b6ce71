"""Evaluation through the stage, of networks that were really trained."""

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from PIL import Image

from detector.data.dataset import Dataset
from detector.data.evaluation import PREDICTIONS, Evaluation
from detector.models.quiet import quietly
from detector.models.weights import load_model
from tests.support import training


@pytest.fixture(scope="module")
def evaluated(trained):
    inputs = {"convert": trained.converted, "train": trained.result}
    return trained, training.step(trained.folder, "evaluate", "ultralytics", trained.task, inputs=inputs)


def by_hand(trained, folder):
    """Ultralytics' own validation, called as its documentation does."""
    with quietly(folder / "log"):
        from ultralytics import YOLO

        data = Dataset(trained.converted.path).data_yaml
        return YOLO(trained.result.path / "weights/best.pt").val(
            data=str(data), split="test", project=str(folder), device="cpu"
        )


def test_numbers_are_those_of_ultralytics(evaluated, tmp_path):
    trained, result = evaluated
    own = by_hand(trained, tmp_path)
    main = own.seg if trained.task == "segment" else own.box
    figures = result.figures
    assert (figures["mAP50"], figures["mAP50-95"]) == (main.map50, main.map)
    assert (figures["precision"], figures["recall"]) == (main.mp, main.mr)
    for class_id, average in zip(main.ap_class_index, main.ap, strict=True):
        assert figures[f"mAP50-95/{own.names[class_id]}"] == average
    if trained.task == "segment":
        assert (figures["box/mAP50"], figures["box/mAP50-95"]) == (own.box.map50, own.box.map)
    else:
        assert not any(name.startswith("box/") for name in figures)


def test_numbers_are_written_down(evaluated):
    _, result = evaluated
    trained, _ = evaluated
    measured = Evaluation(result.path).measured
    assert dict(measured.metrics) == dict(result.figures)
    assert (measured.split, measured.weights) == ("test", trained.result.id)
    assert measured.dataset == trained.converted.id


def test_plots_are_artifacts(evaluated):
    trained, result = evaluated
    names = {file.name for file in result.artifacts["evaluate"]}
    kind = "Mask" if trained.task == "segment" else "Box"
    assert {f"{kind}PR_curve.png", f"{kind}F1_curve.png", "confusion_matrix.png"} <= names


def test_predictions_are_those_of_ultralytics(evaluated, tmp_path):
    trained, result = evaluated
    table, dataset = pq.read_table(result.path / "predictions.parquet"), Dataset(trained.converted.path)
    assert table.schema == PREDICTIONS
    rows = [row for row, split in enumerate(dataset.images["split"].to_pylist()) if split == "test"]
    with quietly(tmp_path / "log"):
        model = load_model(trained.result.path / "weights/best.pt")
        for row in rows:
            picture = dataset.image_path(dataset.images["file"][row].as_py())
            (own,) = model.predict(str(picture), conf=0.05, verbose=False)
            scores = table.filter(pc.equal(table["image"], row))["score"].to_pylist()
            assert scores == pytest.approx(own.boxes.conf.tolist(), abs=1e-6)


def test_the_worst_images_are_drawn(evaluated):
    _, result = evaluated
    worst = result.artifacts["worst"]
    assert worst, "a network of two epochs makes mistakes"
    for file in worst:
        with Image.open(file) as picture:
            assert picture.width > 2 * picture.height / 1.5
    assert str(worst[0].parent) in "\n".join(result.notes)


def test_the_result_changes_with_the_weights_and_the_split(evaluated):
    trained, result = evaluated
    inputs = {"convert": trained.converted, "train": trained.result}
    on_val = training.step(trained.folder, "evaluate", "ultralytics", trained.task, inputs=inputs, split="val")
    again = training.step(trained.folder, "evaluate", "ultralytics", trained.task, inputs=inputs)
    assert again.id == result.id
    assert on_val.id != result.id
    assert "val images" in on_val.summary
