"""What is drawn of an image is what was measured on it."""

import numpy as np
import pyarrow as pa
import pytest

from detector.data.evaluation import SEEN
from detector.measure.evaluate import judge
from detector.measure.marks import marks
from detector.measure.shapes import outlined
from tests.support import evaluations, versions
from tests.support.evaluations import BIG, OTHER, SMALL
from tests.support.versions import HEIGHT, WIDTH, Picture

SIZE = (WIDTH, HEIGHT)


def test_boxes_are_right_false_or_missed(tmp_path):
    data = evaluations.dataset(tmp_path)
    evaluation = evaluations.measured(data, evaluations.challenger, tmp_path / "after")
    rows = evaluations.tested(data)
    shown = marks(evaluation, {rows[0]: SIZE, rows[1]: SIZE})
    first, second = shown[rows[0]], shown[rows[1]]
    assert [(mark.class_id, mark.score) for mark in first.right] == [(0, 0.9)]
    assert [(mark.class_id, mark.score) for mark in first.false] == [(2, 0.95), (0, 0.92)]
    assert [(mark.class_id, mark.score) for mark in first.missed] == [(1, None), (2, None)]
    assert first.missed[1].outline == pytest.approx([0.65, 0.65, 0.75, 0.65, 0.75, 0.85, 0.65, 0.85])
    assert (len(second.right), second.mistakes) == (3, 0)


def test_a_mask_is_drawn_by_its_outline(tmp_path):
    data = versions.version(tmp_path, [Picture("test", [BIG, SMALL, OTHER])], "segment")
    objects = data.instances
    masks = outlined(objects, np.array([SIZE], float))
    rows = [
        {**objects.slice(at, 1).select(["image", "class_id", "x", "y", "width", "height"]).to_pylist()[0]}
        | {"score": 0.9, "mask": masks[at]["counts"]}
        for at in (0, 1)
    ]
    (tmp_path / "after").mkdir()
    evaluation = judge(pa.Table.from_pylist(rows, SEEN), data.on("test"), "abc", tmp_path / "after")
    shown = marks(evaluation, {0: SIZE})[0]
    assert (len(shown.right), len(shown.false), len(shown.missed)) == (2, 0, 1)
    x, y = np.array(shown.right[0].outline).reshape(-1, 2).T
    assert (x.min(), x.max(), y.min(), y.max()) == pytest.approx((0.1, 0.4, 0.2, 0.8), abs=0.02)
    leftmost = y[np.argmin(x)]
    assert leftmost == pytest.approx(0.5, abs=0.03)  # a diamond, not its box
    assert shown.missed[0].outline == pytest.approx(objects["polygon"][2].as_py(), abs=1e-5)
