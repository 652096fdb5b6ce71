"""What was exported, as predict and serve use it: in its own runtime, and refused once it was changed."""

import numpy as np
import pytest

from detector.errors import DetectorError
from detector.inference.predictors import Engine, predictor
from detector.models.predict import Predictor
from detector.stages import load
from tests.stages.export.test_exporters import made, untrained
from tests.support import tiny

SCORE = 0.001


@pytest.fixture(scope="module", params=["raw", "nms"])
def file(request, tmp_path_factory):
    """An ONNX file for one picture at a time, of a network with masks."""
    work = made(untrained(tmp_path_factory.mktemp("export"), "yolo11n-seg"), "onnx", head=request.param)
    load("export", "onnx").run(work)
    [exported] = work.folder.glob("*.onnx")
    return exported


def test_it_sees_on_many_what_it_sees_on_each(file, tmp_path):
    chance = np.random.default_rng(0)
    pictures = [chance.integers(0, 60 + 40 * at, (64, 96, 3)).astype(np.uint8) for at in range(4)]
    engine = predictor(file, SCORE, tmp_path / "log")
    assert isinstance(engine, Engine)
    assert (engine.classes, engine.task) == (tiny.CLASSES, "segment")
    together = list(engine(pictures))
    assert sum(len(objects.scores) for objects in together) > 0
    for objects, [same] in zip(together, ([*engine([picture])] for picture in pictures), strict=True):
        np.testing.assert_allclose(objects.boxes, same.boxes, atol=1e-6)
        assert objects.class_ids.tolist() == same.class_ids.tolist()
        assert len(objects.polygons) == len(objects.scores)
        assert [*objects.scores] == sorted(objects.scores, reverse=True)
        for box, polygon in zip(objects.boxes, objects.polygons, strict=True):
            assert (abs(polygon - box[:2]) <= box[2:] / 2 + 0.03).all()
    assert list(engine([])) == []


def test_one_that_was_changed_is_refused(file, tmp_path):
    kept = file.read_bytes()
    file.write_bytes(kept[:-1] + b"x")
    with pytest.raises(DetectorError, match="sidecar describes"):
        predictor(file, SCORE, tmp_path / "log")
    file.write_bytes(kept)


def test_a_file_without_a_sidecar_is_run_by_ultralytics(file, tmp_path):
    alone = tmp_path / "alone.onnx"
    alone.write_bytes(file.read_bytes())
    if "nms" not in file.name:
        assert isinstance(predictor(alone, SCORE, tmp_path / "log"), Predictor)
