"""Transforms are tried on one picture before a training begins, and what can't be trained on is told."""

import pytest

from detector.errors import UsageError
from detector.models.quiet import quietly
from detector.stages.train._augment import transforms
from tests.support import tiny

SIZE = 64
GOOD = [
    {"HorizontalFlip": None}, {"ToGray": {}}, {"RandomResizedCrop": {"size": [SIZE, SIZE]}},
    {"CoarseDropout": {"num_holes_range": [1, 2]}}, {"Affine": {"rotate": [-20, 20]}}, {"RandomGridShuffle": {}},
]  # fmt: skip


@pytest.fixture(scope="module", params=["detect", "segment"])
def dataset(request, tmp_path_factory):
    made = tiny.dataset(tmp_path_factory.mktemp(request.param))
    made.conversion["task"] = request.param
    return made


def tried(dataset, tmp_path, *augment):
    with quietly(tmp_path / "log"):
        return transforms(augment, dataset, (SIZE, SIZE))


@pytest.mark.parametrize("transform", GOOD, ids=lambda transform: next(iter(transform)))
def test_a_good_transform_is_kept(dataset, tmp_path, transform):
    if "RandomGridShuffle" in transform and dataset.conversion["task"] == "segment":
        return
    (made,) = tried(dataset, tmp_path, transform)
    assert type(made).__name__ == next(iter(transform))


def test_without_transforms_ultralytics_keeps_its_own(dataset, tmp_path):
    assert tried(dataset, tmp_path) is None


SIZES = "and all of a batch must be of one size; leave it out, or set scale and translate in train.options"
MISSING = "can't be applied to a picture of 64 x 64 pixels: ValueError:"


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (
            {"RandomCrop": {"height": 30, "width": 40, "p": 0.1}},
            f"RandomCrop makes a picture of 64 x 64 pixels one of 40 x 30, {SIZES}",
        ),
        (
            {"PadIfNeeded": {"min_height": 90}},
            f"PadIfNeeded makes a picture of 64 x 64 pixels one of 1024 x 90, {SIZES}",
        ),
        (
            {"Normalize": {}},
            "Normalize makes pictures of float32, and training takes 8 bits a channel, which it normalises itself",
        ),
        ({"ToGray": {"num_output_channels": 1}}, "ToGray makes pictures of 1 channel, and the network takes 3"),
        ({"Crop": {"x_max": 900}}, f"Crop {MISSING} Values for crop should be non negative"),
        ({"Mosaic": {}}, f"Mosaic {MISSING} Mosaic requires ['mosaic_metadata'] missing keys: {{'mosaic_metadata'}}"),
        ({"GridDropout": {"ratio": 3}}, "GridDropout can't be made: ratio: Input should be less than or equal to 1"),
        (
            {"CoarseDropout": {"num_holes_range": [5, 2]}},
            "CoarseDropout can't be made: num_holes_range: Value error, First value should be less than the second",
        ),
        (
            {"CropAndPad": {}},
            "CropAndPad can't be made: it: Value error, Both px and percent parameters cannot be None",
        ),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_a_transform_that_can_not_be_trained_with(dataset, tmp_path, transform, message):
    with pytest.raises(UsageError) as refused:
        tried(dataset, tmp_path, {"HorizontalFlip": None}, transform)
    assert str(refused.value).startswith(f"train.augment: {message}")


def test_cells_that_are_shuffled_tear_outlines(tmp_path):
    made = tiny.dataset(tmp_path)
    made.conversion["task"] = "segment"
    with pytest.raises(UsageError, match="RandomGridShuffle cannot preserve polygon or keypoint topology"):
        tried(made, tmp_path, {"RandomGridShuffle": {}})
