"""Whatever an export holds: nothing is lost uncounted, and no row is one that YOLO refuses."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from label_studio_sdk.converter.brush import mask2rle
from ultralytics.data.utils import verify_image_label

from detector.data.images import Pixels
from detector.label_studio.reading import How
from detector.label_studio.tasks import annotations, tables
from detector.stages.convert._convert import convert
from detector.stages.convert._identity import label_files
from detector.stages.convert._rows import text
from detector.stages.pull._attach import attach, wanted
from tests.support.exports import picture

pytestmark = pytest.mark.slow
CLASSES = {"car": ("car", "auto"), "person": ("person",)}
SIZE = (48, 32)
number = st.floats(-40, 140, allow_nan=False) | st.sampled_from([0.0, 100.0, 50.0]) | st.integers(-10, 110)
names = st.lists(st.sampled_from(["car", "auto", "person"]), max_size=2, unique=True)


def _mask(seed):
    noise = np.random.default_rng(seed).random((SIZE[1], SIZE[0]))
    return mask2rle(((noise > 0.7) * 255).astype(np.uint8))


def _value(kind, **fields):
    return st.tuples(st.just(kind), st.fixed_dictionaries(fields), names)


shape = st.one_of(
    _value("rectangle", x=number, y=number, width=number, height=number, rotation=st.sampled_from([0, 0, 30, -200.5])),
    _value("ellipse", x=number, y=number, radiusX=number, radiusY=number, rotation=st.sampled_from([0, 77])),
    _value("polygon", points=st.lists(st.tuples(number, number), max_size=7)),
    _value("brush", format=st.just("rle"), rle=st.integers(0, 50).map(_mask) | st.just([]) | st.just([1, 2, 3])),
    _value("keypoint", x=number, y=number, width=number),
    _value("choices", choices=st.just(["blurry"])),
)


@st.composite
def exports(draw):
    """Tasks with up to three annotations of up to five regions, some skipped, some by the same person."""
    ids = iter(range(1, 10_000))
    tasks = []
    for task in range(1, draw(st.integers(1, 5)) + 1):
        drawn = [_annotation(draw, ids) for _ in range(draw(st.integers(0, 3)))]
        tasks.append({"id": task, "data": {"image": f"{task}.png"}, "annotations": drawn})
    return tasks


def _annotation(draw, ids):
    regions = [
        {
            "id": f"r{next(ids)}", "type": f"{kind}labels" if kind != "choices" else kind, "to_name": "image",
            "original_width": SIZE[0], "original_height": SIZE[1], "value": {**value, f"{kind}labels": labels},
        }
        for kind, value, labels in draw(st.lists(shape, max_size=5))
    ]  # fmt: skip
    if regions and draw(st.booleans()):
        regions.append({**regions[0], "id": f"r{next(ids)}"})
    skipped, true = draw(st.booleans()) and draw(st.booleans()), draw(st.booleans())
    return {"id": next(ids), "result": regions, "was_cancelled": skipped, "ground_truth": true, "completed_by": 1}


def _converted(tasks, policy, segment):
    drawn = tables([json.dumps(task).encode() for task in tasks], How(policy))
    drawn = attach(drawn, {row: Pixels("0" * 64, ".png", *SIZE) for row in wanted(drawn)})
    objects, lost = convert(drawn, CLASSES, segment)
    reasons = [*drawn.losses.to_pylist(), *lost.to_pylist()]
    return drawn, objects, reasons


policies = st.sampled_from(["latest", "first", "ground_truth", "consensus"])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(exports(), policies, st.booleans())
def test_what_came_in_is_kept_or_dropped(tasks, policy, segment):
    """Each region ends once: as an object (or one for each of its labels), or in the list, with a reason."""
    _, objects, losses = _converted(tasks, policy, segment)
    dropped = [loss["region_id"] for loss in losses if loss["action"] == "dropped"]
    drawn, _, _ = _converted(tasks, policy, segment)
    kept = drawn.regions["region_id"].take(objects.region).to_pylist()
    came = [region["id"] for task in tasks for annotation in task["annotations"] for region in annotation["result"]]
    assert sorted({*kept, *dropped}) == sorted(came)
    labels_twice = {loss["region_id"] for loss in losses if loss["reason"] == "several_labels"}
    once = [region for region in [*kept, *dropped] if region not in labels_twice]
    assert len(once) == len(set(once))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(exports(), policies, st.booleans())
def test_rows_are_in_range(tasks, policy, segment):
    _, objects, _ = _converted(tasks, policy, segment)
    assert ((objects.numbers >= 0) & (objects.numbers <= 1_000_000)).all()
    assert set(objects.class_ids.tolist()) <= {0, 1}
    assert (np.diff(objects.offsets) == 4).all() or segment
    assert (objects.boxes[:, 2:] > 0).all()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(exports(), st.booleans())
def test_ultralytics_has_nothing_to_say_of_any_file(tasks, segment):
    drawn, objects, _ = _converted(tasks, "latest", segment)
    rows = text(objects.class_ids, objects.numbers, objects.offsets)
    with tempfile.TemporaryDirectory() as folder:
        image = picture(Path(folder) / "image.png", SIZE)
        for label in label_files(rows, objects.image, np.arange(drawn.images.num_rows)):
            (Path(folder) / "image.txt").write_bytes(label)
            given_ = (str(image), str(image.with_suffix(".txt")), "", False, 2, 0, 0, False)
            *_, missing, _, _, corrupt, message = verify_image_label(given_)
            assert (missing, corrupt, message) == (0, 0, ""), label


@settings(max_examples=50, deadline=None)
@given(exports(), st.randoms())
def test_the_order_of_tasks_changes_nothing(tasks, random):
    shuffled = list(tasks)
    random.shuffle(shuffled)
    assert _by_task(tasks) == _by_task(shuffled)


def _by_task(tasks):
    drawn, objects, _ = _converted(tasks, "latest", True)
    rows = text(objects.class_ids, objects.numbers, objects.offsets)
    files = label_files(rows, objects.image, np.arange(drawn.images.num_rows))
    return dict(zip(drawn.images["task_id"].to_pylist(), files, strict=True))


@pytest.mark.parametrize(
    "wrong", [b"", b"{}", b"[1]", b'[{"id": 1}]', b'[{"id": 1, "data": {}, "label": []}]', b"\xff"]
)
def test_what_is_no_export_is_said_in_one_sentence(tmp_path, wrong):
    from detector.errors import DetectorError

    export = tmp_path / "export.json"
    export.write_bytes(wrong)
    with pytest.raises(DetectorError) as caught:
        annotations(export, "latest")
    assert "\n" not in str(caught.value)
