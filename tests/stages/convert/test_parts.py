"""A conversion in parts, on every core, is the conversion of the whole."""

import json
import shutil

import numpy as np
import pytest
from label_studio_sdk.converter.brush import mask2rle

from detector.errors import UsageError
from detector.stages.convert import _version
from tests.support.exports import CLASSES, annotation, box, convert, pull, region, task
from tests.support.jobs import Pipeline

SPLITS = {"split": {"field": "split"}, "several_labels": "each"}


def _tasks():
    """Of each kind some, so that wherever a part begins there is something to count wrongly."""
    tasks = []
    for number in range(1, 13):
        shapes = [box(number, at, 9, 9) for at in range(number % 4)]
        shapes += [box(1, 1, 0, 5), box(90, 90, 20, 20, labels=("car", "person"))] if number % 3 == 0 else []
        data = {"split": ("train", "val", "test")[number % 3]}
        if number % 5 == 0:  # two images
            data |= {"image": f"{number}.png", "side": f"{number}-side.png"}
            shapes.append(box(5, 5, 9, 9, to_name="side"))
            shapes.append(box(7, 7, 9, 9))
        tasks.append(task(number, annotation(*shapes), data=data))
    tasks[6]["annotations"] = []
    tasks[7]["annotations"] = [annotation(box(1, 1, 0, 0))]
    return tasks


def _taken(tmp_path, pulled, pipeline):
    """Everything that a conversion made, which is gone afterwards."""
    dataset, result = convert(tmp_path, pulled, pipeline, **SPLITS)
    files = {str(at.relative_to(dataset.folder)): at.read_bytes() for at in dataset.folder.rglob("*") if at.is_file()}
    made = (dataset.version, dataset.images, dataset.instances, files, result.figures, result.notes)
    shutil.rmtree(dataset.folder)
    return made


@pytest.mark.parametrize("each", [1, 2, 5])
@pytest.mark.parametrize("kind", ["detect", "segment"])
def test_parts_are_the_whole(tmp_path, monkeypatch, each, kind):
    pipeline = Pipeline(task=kind, classes=CLASSES)
    pulled = pull(tmp_path, _tasks(), pipeline)
    whole = _taken(tmp_path, pulled, pipeline)
    assert min(whole[4][action] for action in ("dropped", "changed", "excluded")) > 0
    monkeypatch.setattr(_version, "IMAGES", each)
    assert len(_version._rows(_version.annotations.read(pulled.path))) == {1: 12, 2: 7, 5: 3}[each]
    for ours, theirs in zip(_taken(tmp_path, pulled, pipeline), whole, strict=True):
        assert ours == theirs


def test_parts_of_masks_are_small(tmp_path, monkeypatch):
    mask = np.zeros((100, 200), np.uint8)
    mask[20:60, 30:90] = 255
    tasks = [task(at, annotation(region("brush", format="rle", rle=mask2rle(mask)))) for at in range(1, 5)]
    pulled = pull(tmp_path, tasks)
    monkeypatch.setattr(_version, "IMAGES_WITH_MASKS", 1)
    assert len(_version._rows(_version.annotations.read(pulled.path))) == 4


def test_a_fault_in_a_part_is_told_as_one(tmp_path, monkeypatch):
    tasks = [task(at, annotation(box(1, 1, 9, 9)), data={"split": "nowhere"}) for at in range(1, 9)]
    pulled = pull(tmp_path, tasks)
    monkeypatch.setattr(_version, "IMAGES", 2)
    with pytest.raises(UsageError, match="task 1: its field 'split' is 'nowhere'"):
        convert(tmp_path, pulled, **SPLITS)
    assert not list((tmp_path / "datasets").glob(".*"))


def test_nothing_pulled_is_said(tmp_path):
    (tmp_path / "export.json").write_text(json.dumps([]))
    with pytest.raises(UsageError, match="there is nothing to convert: the source has no task"):
        convert(tmp_path, pull(tmp_path, []), **SPLITS)


def test_what_a_killed_conversion_left_goes_with_the_next(tmp_path):
    pulled = pull(tmp_path, _tasks())
    left = [tmp_path / "datasets" / ".4194305", tmp_path / "datasets" / "pulled" / ".4194305"]
    for folder in left:
        (folder / "labels").mkdir(parents=True)
    convert(tmp_path, pulled, **SPLITS)
    pull(tmp_path, _tasks())
    assert not [folder for folder in left if folder.exists()]
