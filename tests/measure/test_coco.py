"""The figures are those of the programs that the field knows: pycocotools and TIDE."""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.measure import mistakes
from detector.measure.coco import coco_metrics
from detector.measure.intervals import values
from detector.measure.matches import match, scenes
from detector.measure.precision import by_class
from detector.measure.shapes import Compared
from tests.support.shapes import random_shapes

CLASSES = ["one", "two", "three"]
IMAGES = 12
NAMES = {
    "mAP50-95": 0,
    "mAP50": 1,
    "mAP75": 2,
    "small/mAP50-95": 3,
    "medium/mAP50-95": 4,
    "large/mAP50-95": 5,
    "AR1": 6,
    "AR10": 7,
    "AR100": 8,
    "small/AR100": 9,
    "medium/AR100": 10,
    "large/AR100": 11,
}  # place among the numbers that pycocotools sums up


def compared(seed, **how):
    return Compared(*random_shapes(seed, IMAGES, len(CLASSES), **how), IMAGES, CLASSES)


def pycocotools(each, kind):
    """Its own twelve numbers."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    both = []
    for shapes in (each.truth, each.seen):
        coco = COCO()
        rows = zip(shapes.image, shapes.class_id, shapes.boxes, shapes.areas, shapes.scores, strict=True)
        annotations = [
            {"id": at, "image_id": int(image), "category_id": int(label), "bbox": box.tolist(), "area": area,
             "score": score, "iscrowd": 0} | ({"segmentation": shapes.masks[at - 1]} if kind == "segm" else {})
            for at, (image, label, box, area, score) in enumerate(rows, 1)
        ]  # fmt: skip
        images = [{"id": at, "width": 300, "height": 300} for at in range(each.images)]
        categories = [{"id": at, "name": name} for at, name in enumerate(each.classes)]
        coco.dataset = {"images": images, "categories": categories, "annotations": annotations}
        coco.createIndex()
        both.append(coco)
    evaluation = COCOeval(*both, kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats


def ours(each, kind):
    matches = match(each, scenes(each, kind))
    rows, seen = np.flatnonzero(matches.counted), each.seen
    columns = (seen.image[rows], seen.class_id[rows], seen.scores[rows], matches.found[rows])
    classes = dict(zip(each.classes, by_class(*columns, each.objects_by_class()), strict=True))
    return values(classes, each.images)


def same(each, kind):
    expected, metrics = pycocotools(each, kind), coco_metrics(each, kind)
    for name, place in NAMES.items():
        value = metrics.get(name, -1.0)
        assert value == pytest.approx(expected[place], abs=1e-6), name
    for name, value in ours(each, kind).items():
        assert value == pytest.approx(metrics[name], abs=1e-6), name


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    noise=st.sampled_from([0, 2, 12, 40]),
    objects=st.integers(1, 30),
    size=st.sampled_from([50, 200]),
)
def test_boxes_are_measured_as_pycocotools_does(seed, noise, objects, size):
    same(compared(seed, noise=noise, objects=objects, size=size), "bbox")


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), noise=st.sampled_from([0, 4, 12]))
def test_masks_are_measured_as_pycocotools_does(seed, noise):
    same(_with_masks(compared(seed, noise=noise), seed), "segm")


def _with_masks(each, seed):
    """Ellipses with a bite, in the boxes."""
    from pycocotools import mask

    random = np.random.default_rng(seed)
    y, x = np.mgrid[:300, :300]

    def masked(shapes):
        codes = []
        for left, top, width, height in shapes.boxes:
            inside = ((x - left - width / 2) / (width / 2)) ** 2 + ((y - top - height / 2) / (height / 2)) ** 2 <= 1
            inside &= ~((x < left + width * random.random() / 3) & (y < top + height / 3))
            codes.append(mask.encode(np.asfortranarray(inside.astype(np.uint8))))
        areas = np.array(mask.area(codes), float) if codes else np.empty(0)
        return type(shapes)(shapes.image, shapes.class_id, shapes.boxes, areas, shapes.scores, codes)

    return Compared(masked(each.truth), masked(each.seen), each.images, each.classes)


def test_equal_scores_and_many_predictions_are_as_in_pycocotools():
    each = compared(3, objects=8, false=800, size=60)
    tied = np.round(each.seen.scores, 1)
    seen = type(each.seen)(each.seen.image, each.seen.class_id, each.seen.boxes, each.seen.areas, tied)
    assert np.bincount(seen.image * 3 + seen.class_id).max() > 100
    same(Compared(each.truth, seen, each.images, each.classes), "bbox")


def test_nothing_to_find_has_no_figures_and_nothing_found_has_zeros():
    each = compared(1)
    none = type(each.seen)(
        *(
            column[:0]
            for column in (each.seen.image, each.seen.class_id, each.seen.boxes, each.seen.areas, each.seen.scores)
        )
    )
    assert coco_metrics(Compared(none, each.seen, IMAGES, CLASSES), "bbox") == {}
    assert set(coco_metrics(Compared(each.truth, none, IMAGES, CLASSES), "bbox").values()) == {0.0}
    assert set(ours(Compared(each.truth, none, IMAGES, CLASSES), "bbox").values()) == {0.0}


SEEDS = range(0, 40, 2)
TIDE = Path(__file__).parents[1] / "golden/tide.json"  # what TIDE's own program says of `compared` of each seed


def tide(each):
    """(counts, costs) by TIDE's own program, tidecv 1.0.1.

    It is no dependency, even of the tests: it wants opencv-python, which overwrites the headless one. To make TIDE
    anew: `pip install --no-deps tidecv==1.0.1 appdirs`, and UPDATE_GOLDEN=1.
    """
    sys.modules.setdefault("seaborn", SimpleNamespace())  # for its drawings
    from tidecv import quantify
    from tidecv.data import Data

    quantify.P.Plotter = lambda *_: None
    truth, seen = Data("truth"), Data("seen")
    for made in (truth, seen):
        for label in range(len(each.classes)):
            made.add_class(label, str(label))
        for image in range(each.images):
            made.add_image(image, str(image))
    for image, label, box, _ in _rows(each.truth):
        truth.add_ground_truth(image, label, box, None)
    for image, label, box, score in _rows(each.seen):
        seen.add_detection(image, label, score, box, None)
    run = quantify.TIDE().evaluate(truth, seen, mode=quantify.TIDE.BOX)
    names = {"Cls": "class", "Loc": "place", "Both": "both", "Dupe": "duplicate", "Bkg": "background", "Miss": "missed"}
    costs = {names[kind.short_name]: cost / 100 for kind, cost in run.fix_main_errors().items()}
    return {names[kind.short_name]: count for kind, count in run.count_errors().items()}, costs


def _rows(shapes):
    columns = (shapes.image, shapes.class_id, shapes.boxes, shapes.scores)
    return zip(*(column.tolist() for column in columns), strict=True)


@pytest.fixture(scope="module")
def told():
    if os.environ.get("UPDATE_GOLDEN"):
        TIDE.write_text(json.dumps({str(seed): tide(compared(seed)) for seed in SEEDS}, indent=1) + "\n")
    return json.loads(TIDE.read_text())


@pytest.mark.parametrize("seed", SEEDS)
def test_mistakes_are_told_apart_and_cost_what_tide_says(seed, told):
    """But for a bin of the curve: where recall is read off, TIDE's steps differ from COCO's by a rounding error."""
    each = compared(seed)
    each_scene = list(scenes(each, "bbox"))
    matches = match(each, each_scene)
    kinds = mistakes.kinds(each, matches, each_scene)
    counts = mistakes.count(each.seen.scores, matches, kinds, 0.0)
    costs = mistakes.costs(each, matches, kinds)
    expected_counts, expected_costs = told[str(seed)]
    assert counts == expected_counts
    left = {name for name in costs if name != "missed" or _every_class_is_left(each, matches, kinds)}
    assert {name: costs[name] for name in left} == pytest.approx(
        {name: expected_costs[name] for name in left}, abs=0.004
    )


def _every_class_is_left(each, matches, told):
    """A class whose objects are all missed has nothing to measure then; TIDE counts it as zero."""
    kept = each.truth.class_id[~mistakes.missed(matches, told[1])]
    return set(kept) == set(each.truth.class_id)
