"""Untrained weights through the real exporter, and what it wrote through onnxruntime."""

import json

import numpy as np
import pytest

from detector.engines.onnx import load
from detector.errors import DetectorError, GateRefused
from detector.stages.export import onnx
from detector.stages.export._parity import compare, differences, pictures
from detector.stages.export._runners import Raw, one_by_one
from detector.stages.export._tolerance import Tolerance
from tests.support import tiny
from tests.support.jobs import job


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The result of a detect export, and the job that gave it."""
    folder = tmp_path_factory.mktemp("export")
    weights = tiny.weights(folder / "train")
    made = job(folder, onnx.Options(), train=weights.parent.parent, convert=tiny.dataset(folder).folder)
    return onnx.run(made), made


def test_the_file_runs_in_onnxruntime_and_is_as_good_as_the_checkpoint(exported):
    import onnxruntime

    result, made = exported
    session = onnxruntime.InferenceSession(made.folder / "blood.onnx", providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == [1, 3, 96, 96]
    (output,) = session.run(None, {"images": np.zeros((1, 3, 96, 96), np.float32)})
    assert output.shape == (1, 4 + 2, 12 * 12 + 6 * 6 + 3 * 3)
    assert result.figures["difference/box"] < 0.2
    assert result.figures["difference/score"] < 1e-3
    assert result.summary.startswith("blood.onnx, ")
    assert result.summary.endswith(" of the checkpoint's, on 3 pictures")


def test_it_leaves_what_deployment_needs_and_nothing_beside_the_weights(exported):
    result, made = exported
    assert sorted(file.name for file in made.folder.iterdir()) == [
        "blood.onnx",
        "blood.onnx.json",
        "evaluation",
        "labels.txt",
        "parity.json",
        "ultralytics.log",
    ]
    assert (made.folder / "labels.txt").read_text() == "größe (cm)\n红细胞\n"
    told = json.loads((made.folder / "parity.json").read_text())
    assert told["pictures"] == 3
    assert told["differences"]["box"] == result.figures["difference/box"]
    assert told["seen_on"]["box"].startswith("test/")
    assert [file.name for file in (made.inputs["train"].path / "weights").iterdir()] == ["best.pt"]
    files = ["blood.onnx", "blood.onnx.json", "labels.txt", "parity.json"]
    assert [file.name for file in result.artifacts["export/onnx"]] == files


def test_masks_and_an_end_to_end_head(tmp_path):
    """Masks are compared too; an end-to-end model is exported with its one-to-many head, the one that is measured."""
    weights = tiny.weights(tmp_path / "train", "yolo26n-seg")
    made = job(tmp_path, onnx.Options(), train=weights.parent.parent, convert=tiny.dataset(tmp_path).folder)
    figures = onnx.run(made).figures
    assert figures["difference/box"] < 0.2
    assert figures["difference/mask"] < 1e-3


def test_dynamic_shapes(tmp_path):
    import onnxruntime

    weights = tiny.weights(tmp_path / "train")
    made = job(tmp_path, onnx.Options(dynamic=True), train=weights.parent.parent, convert=tiny.dataset(tmp_path).folder)
    onnx.run(made)
    session = onnxruntime.InferenceSession(made.folder / "blood-dynamic.onnx", providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"images": np.zeros((2, 3, 64, 128), np.float32)})
    assert output.shape == (2, 6, 8 * 16 + 4 * 8 + 2 * 4)


def test_a_file_that_is_not_this_model_is_refused(exported, tmp_path):
    """The gate: other weights in the same graph."""
    made = exported[1]
    weights = tiny.weights(tmp_path / "train", seed=1)
    other = job(tmp_path, onnx.Options(), train=weights.parent.parent, convert=made.inputs["convert"].path)
    with pytest.raises(GateRefused, match=r"onnx lost accuracy: .*box differs by .* \(the limit is 0\.1\) on test/"):
        compare(other, one_by_one(load(made.folder / "blood.onnx")), Tolerance(box=0.1), "fp32")
    assert json.loads((other.folder / "parity.json").read_text())["limits"] == {"box": 0.1, "score": 0.01, "mask": 0.01}
    allowed = Tolerance(box=1000, score=1)
    assert compare(other, one_by_one(load(made.folder / "blood.onnx")), allowed, "fp32").pictures == 3


def test_a_model_that_gives_nan_is_refused(exported):
    made = exported[1]

    def broken(_picture):
        return Raw(np.full((189, 6), np.nan, np.float32), None)

    with pytest.raises(GateRefused, match="box differs by nan"):
        compare(made, broken, Tolerance(), "fp32")


def test_only_what_the_checkpoint_is_confident_of_counts():
    mine = Raw(np.array([[10, 10, 5, 5, 0.9, 0.1], [50, 50, 9, 9, 0.2, 0.1]], np.float32), None)
    theirs = Raw(np.array([[10.5, 10, 5, 5, 0.88, 0.1], [90, 90, 9, 9, 0.01, 0.1]], np.float32), None)
    count, found = differences(mine, theirs, 2)
    assert count == 1
    assert found == {"box": pytest.approx(0.5), "score": pytest.approx(0.02, abs=1e-6)}


def test_masks_that_change_sides():
    mine = Raw(np.array([[10, 10, 5, 5, 0.9, 1, 0]], np.float32), np.array([[[1, 1], [1, -1]], [[1, 1], [1, 1]]]))
    theirs = Raw(mine.candidates, -mine.prototypes * np.array([[[1, -1], [-1, -1]]]))
    assert differences(mine, theirs, 1)[1] == {"box": 0, "score": 0, "mask": 0.25}


def test_pictures_are_few_and_spread(tmp_path, monkeypatch):
    monkeypatch.setitem(tiny.SIZES, "test", 70)
    chosen = pictures(tiny.dataset(tmp_path))
    assert len(set(chosen)) == 32
    assert (chosen[0], chosen[-1]) == ("test/00000006-square.png", "test/00000073-square.png")
    monkeypatch.setitem(tiny.SIZES, "test", 0)
    assert pictures(tiny.dataset(tmp_path, "b")) == ["val/00000004-square.png", "val/00000005-square.png"]


def test_weights_that_can_not_be_read(tmp_path):
    (tmp_path / "train/weights").mkdir(parents=True)
    (tmp_path / "train/weights/best.pt").write_bytes(b"truncated")
    made = job(tmp_path, onnx.Options(), train=tmp_path / "train", convert=tiny.dataset(tmp_path).folder)
    with pytest.raises(DetectorError, match="the export to onnx failed"):
        onnx.run(made)
