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
from detector.models import validate
from detector.models.masks import Window, encoded
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


def in_three(work, items, advance, *, least, gpu):
    """As an engine does it, in parts."""
    assert (least, gpu) == (validate.PART // validate.BATCH, True)
    return [work(items[at : at + 1], advance) for at in range(3)]


def test_what_is_seen_in_parts_is_what_is_seen_at_once(measurable, tmp_path, monkeypatch):
    _, weights, dataset = measurable
    monkeypatch.setattr(validate, "BATCH", 4)
    advanced = []
    once = seen_on(weights, dataset.on("test"), tmp_path, lambda _: None)
    parts = seen_on(weights, dataset.on("test"), tmp_path, advanced.append, in_three)
    assert sum(advanced) == IMAGES["test"]
    assert parts.schema == SEEN
    assert parts.drop_columns("score").equals(once.drop_columns("score"))
    assert np.abs(parts["score"].to_numpy() - once["score"].to_numpy()).max() < 1e-6


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


def by_pixels(logits, box, window, drawn):
    """Every pixel of the raster, interpolated in float64; None if one is so near 0 that rounding decides."""
    places = (np.mgrid[: drawn[0], : drawn[1]] + 0.5).transpose(1, 2, 0)
    given = places * window.picture / drawn * window.gain[::-1] + window.corner[::-1]
    at = np.clip(given * logits.shape / window.given - 0.5, 0, np.array(logits.shape) - 1)
    cell = np.minimum(at.astype(int), np.array(logits.shape) - 2)
    (y, x), (down, across) = cell.transpose(2, 0, 1), (at - cell).transpose(2, 0, 1)
    near, far = (logits[y + step, x] * (1 - across) + logits[y + step, x + 1] * across for step in (0, 1))
    values = near * (1 - down) + far * down
    left, top, right, bottom = box
    inside = (given >= (top, left)).all(axis=-1) & (given < (bottom, right)).all(axis=-1)
    return None if np.abs(values[inside]).min(initial=1) < 1e-5 else inside & (values > 0)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_masks_are_those_that_are_drawn_pixel_by_pixel(data):
    """Any logits, in boxes of any kind (none, a line, the whole, beyond an edge), enlarged and made smaller."""
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    width, height = data.draw(st.integers(1, 90)), data.draw(st.integers(1, 90))
    window = letterboxed((width, height), 32 * data.draw(st.integers(1, 3)))
    protos = random.standard_normal((3, window.given[0] // 4, window.given[1] // 4)).astype(np.float32)
    protos[2] = 1
    coefficients = random.standard_normal((5, 3)).astype(np.float32)
    coefficients[:, 2] *= data.draw(st.sampled_from([0, 1, 9]))  # 9: full ones and empty ones
    corners = np.sort(random.uniform(-0.2, 1.2, (5, 2, 2)) * window.given[::-1], axis=1).reshape(5, 4)
    corners[0] = (0, 0, *window.given[::-1])
    corners[1, 2:] = corners[1, :2]
    drawn = raster(width, height)
    codes = encoded(protos, coefficients, corners, window)
    logits = np.einsum("nk,kyx->nyx", coefficients, protos)
    for code, each, box in zip(codes, logits, corners, strict=True):
        true = by_pixels(each, box, window, drawn)
        assert true is None or code == _code(true)["counts"]


def test_a_mask_between_two_pixels_is_no_mask():
    """Where a picture has fewer pixels than there are logits, one can begin and end between two of them."""
    protos = np.full((1, 16, 16), -1, np.float32)
    protos[0, 5] = 1
    window = Window((3, 3), (64, 64), (64 / 3, 64 / 3), (0, 0))
    (code,) = encoded(protos, np.ones((1, 1), np.float32), np.array([[0, 0, 64, 64.0]]), window)
    assert code == _code(np.zeros((3, 3)))["counts"]
