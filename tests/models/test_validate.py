"""What weights see is what Ultralytics' own validator sees, and masks are codes as pycocotools writes them."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.data.evaluation import SEEN
from detector.data.raster import raster
from detector.models.masks import Window, _runs, encoded
from detector.models.quiet import quietly
from detector.models.validate import seen_on
from tests.support import tiny
from tests.support.coco_json import by_file, code_of, overlap
from tests.support.labelled import IMAGES, SIZES, labelled


@pytest.fixture(scope="module", params=["detect", "segment"])
def measurable(request, tmp_path_factory):
    folder, task = tmp_path_factory.mktemp(request.param), request.param
    weights = tiny.weights(folder / "train", "yolo11n" if task == "detect" else "yolo11n-seg")
    return task, weights, labelled(folder, weights, task)


@pytest.fixture(scope="module")
def seen(measurable, tmp_path_factory):
    _, weights, dataset = measurable
    advanced = []
    table = seen_on(weights, dataset.on("test"), tmp_path_factory.mktemp("seen"), advanced.append)
    assert sum(advanced) == IMAGES["test"]
    return table


@pytest.fixture(scope="module")
def by_hand(measurable, tmp_path_factory):
    """Ultralytics' own validation, called as its documentation does: the rows of its predictions.json by picture."""
    _, weights, dataset = measurable
    folder = tmp_path_factory.mktemp("by_hand")
    with quietly(folder / "log"):
        from ultralytics import YOLO

        own = YOLO(weights).val(
            data=str(dataset.data_yaml), split="test", save_json=True, plots=False, project=str(folder), device="cpu"
        )
    found = {}
    for row in json.loads((Path(own.save_dir) / "predictions.json").read_text()):
        found.setdefault(Path(row["file_name"]).stem, []).append(row)
    return found


def pairs(dataset, seen, by_hand):
    """Each row of `seen` with the one of Ultralytics' at the same place, and its picture."""
    pictures, stems = dataset.images.to_pylist(), by_file(dataset, seen)
    assert {stem: len(rows) for stem, rows in stems.items() if rows} == {
        stem: len(rows) for stem, rows in by_hand.items()
    }
    for stem, rows in by_hand.items():
        for ours, theirs in zip(stems[stem], rows, strict=True):
            yield ours, theirs, pictures[ours["image"]]


def test_boxes_classes_and_scores_are_those_of_ultralytics(measurable, seen, by_hand):
    assert seen.schema == SEEN
    compared = list(pairs(measurable[2], seen, by_hand))
    assert len(compared) > 500
    for ours, theirs, picture in compared:
        assert ours["score"] == pytest.approx(theirs["score"], abs=1e-5)
        assert ours["class_id"] == theirs["category_id"] - 1
        sides = np.array([ours[name] for name in ("x", "y", "width", "height")])
        sides[:2] -= sides[2:] / 2
        assert sides * np.tile((picture["width"], picture["height"]), 2) == pytest.approx(theirs["bbox"], abs=2e-3)


def test_masks_are_those_of_ultralytics_where_nothing_is_scaled(measurable, seen, by_hand):
    """An untrained network's masks are specks, which scaling blurs; those of other sizes are tested by ellipses."""
    task, _, dataset = measurable
    if task == "detect":
        assert seen["mask"].null_count == seen.num_rows
        pytest.skip("boxes alone")
    each = pairs(dataset, seen, by_hand)
    square = [pair for pair in each if (pair[2]["width"], pair[2]["height"]) == (96, 96)]
    overlaps = [overlap(code_of(ours, picture), theirs["segmentation"]) for ours, theirs, picture in square]
    assert len(overlaps) > 50
    assert np.median(overlaps) == 1
    assert np.mean(np.array(overlaps) >= 0.95) >= 0.9, "edges of a box are cut elsewhere by less than a pixel"


@pytest.mark.parametrize("size", SIZES)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_masks_of_smooth_logits_are_the_shapes_that_they_draw(size, seed):
    """Ellipses, drawn by logits at a quarter of the network's size, and by their equation at the raster's."""
    random, (width, height) = np.random.default_rng(seed), size
    window = letterboxed(size, 160)
    centre, radii = (0.3 + 0.4 * random.random(2)) * size, (0.15 + 0.2 * random.random(2)) * size
    rows, across = window.given[0] // 4, window.given[1] // 4
    places = np.stack(np.meshgrid(np.arange(across) + 0.5, np.arange(rows) + 0.5), axis=-1) * 4
    logits = 1 - ((((places - window.corner) / window.gain - centre) / radii) ** 2).sum(axis=-1)
    protos = np.stack([logits, np.ones_like(logits)]).astype(np.float32)
    box = np.concatenate([centre - radii, centre + radii])
    given_box = (box * np.tile(window.gain, 2) + np.tile(window.corner, 2))[None]
    coefficients = np.array([[2.0, 0.0]], np.float32)
    (code,) = encoded(protos, coefficients, given_box, window)
    drawn = raster(width, height)
    true = _ellipse(centre / size * drawn[::-1], radii / size * drawn[::-1], drawn)
    assert overlap({"size": list(drawn), "counts": code}, true) >= 0.95


def letterboxed(size, longest):
    """Where a picture lies that is fitted to the network as its validator does: the shorter side in steps of 32."""
    width, height = size
    shrunk = [min(math.ceil(side * longest / max(size)), longest) for side in size]
    given = [32 * math.ceil(side / 32 + 0.5) for side in shrunk]
    left, top = (round((whole - part) / 2 - 0.1) for whole, part in zip(given, shrunk, strict=True))
    return Window((height, width), (given[1], given[0]), (shrunk[0] / width, shrunk[1] / height), (left, top))


def _ellipse(centre, radii, size):
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    inside = ((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2 < 1
    return _code(inside)


def _code(pixels):
    from pycocotools import mask

    return mask.encode(np.asfortranarray(pixels.astype(np.uint8)))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_runs_are_those_of_pycocotools(data):
    """Any mask in any box of a raster, whose height the box may fill."""
    from faster_coco_eval import mask as ours
    from pycocotools import mask as theirs

    rows, across = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    top, left = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, across - 1))
    bottom, right = data.draw(st.integers(top + 1, rows)), data.draw(st.integers(left + 1, across))
    kind = data.draw(st.sampled_from(["random", "full", "empty"]))
    inside = np.full((bottom - top, right - left), kind == "full")
    if kind == "random":
        inside = np.random.default_rng(data.draw(st.integers(0, 10**6))).random(inside.shape) < 0.7
    whole = np.zeros((rows, across), np.uint8)
    whole[top:bottom, left:right] = inside
    counts = _runs(inside.T, np.array([left, top, right, bottom]), rows, across)
    (code,) = ours.frPyObjects([{"size": [rows, across], "counts": counts}], rows, across)
    assert bytes(code["counts"]) == theirs.encode(np.asfortranarray(whole))["counts"]
