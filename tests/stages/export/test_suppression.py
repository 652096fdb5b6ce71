"""ONNX's NonMaxSuppression behind a raw head gives what the raw head is read as."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from detector.engines.decode import MOST, decode
from detector.measure.engine import LEAST
from detector.stages.export._suppression import suppressed
from tests.engines.test_decode import CLASSES, crowd


def passing(raw):
    """A network that gives what it takes, as a raw head."""
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, raw.shape) for name in ("images", "output0")]
    graph = helper.make_graph([helper.make_node("Identity", ["images"], ["output0"])], "g", tensors[:1], tensors[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model.metadata_props.add(key="names", value="{0: 'a'}")
    return model


@pytest.mark.parametrize(("count", "masks"), [(1, 0), (30, 0), (400, 8), (3000, 0)])
@pytest.mark.parametrize("seed", range(3))
def test_the_same_objects_come_out(seed, count, masks):
    raw = crowd(seed, count, masks)[:1]
    model = suppressed(passing(raw), CLASSES)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (rows,) = session.run(None, {"images": raw})
    assert rows.shape[1] <= MOST
    (mine,), (theirs,) = decode([rows], "nms", CLASSES, LEAST), decode([raw], "raw", CLASSES, LEAST)
    np.testing.assert_allclose(mine.scores, theirs.scores, atol=1e-6)
    np.testing.assert_array_equal(mine.class_ids, theirs.class_ids)
    np.testing.assert_allclose(mine.boxes, theirs.boxes, atol=1e-3)
    np.testing.assert_allclose(mine.coefficients, theirs.coefficients, atol=1e-6)


def test_nothing_comes_out_of_nothing_and_the_metadata_stays():
    raw = np.zeros((1, 4 + CLASSES, 50), np.float32)
    model = suppressed(passing(raw), CLASSES)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    assert session.run(None, {"images": raw})[0].shape == (1, 0, 6)
    assert [(each.key, each.value) for each in model.metadata_props] == [("names", "{0: 'a'}")]
    assert [output.name for output in model.graph.output] == ["suppression/detections"]
    onnx.checker.check_model(model, full_check=True)
