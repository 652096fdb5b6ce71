"""The small inputs of ../shared/cases, run as their expect.md says: what a new user brings on the first day.

A function for each, by its name. They are skipped only where that folder is absent, and changed nowhere: each runs on
a copy.
"""

import json
import shutil
from pathlib import Path

import pytest

from detector.data.dataset import Dataset
from tests.end_to_end.conftest import detector

CASES = Path(__file__).parent.parent.parent / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"{CASES} is not here")
CONVERT = ("--until", "convert")


@pytest.fixture
def case(request, tmp_path):
    """A copy of the case that the test is called by."""
    name = request.node.name.removeprefix("test_").replace("_", "-")
    shutil.copytree(CASES / name, tmp_path / name, copy_function=shutil.copyfile)
    return tmp_path / name


def converted(folder, pipeline="pipeline.yaml"):
    """The dataset version that a run leaves, and all that it said."""
    done = detector(folder, "run", pipeline, *CONVERT)
    assert done.returncode == 0, done.stdout + done.stderr
    [latest] = folder.glob(f"datasets/{_name(folder / pipeline)}/latest")
    return Dataset(latest.resolve()), done.stdout + done.stderr


def _name(pipeline):
    [line] = [line for line in pipeline.read_text().splitlines() if line.startswith("name:")]
    return line.partition(":")[2].strip()


def kept(dataset):
    """Objects, images, and images in train, val and test."""
    counts = dataset.conversion["kept"]
    return counts["objects"], counts["images"], *counts["images_in"].values()


def rows(dataset, source):
    """The rows of the picture that the source calls so."""
    [row] = [row for row in dataset.images.to_pylist() if Path(row["source"]).stem == source]
    return [[float(word) for word in line.split()] for line in dataset.label_path(row["file"]).read_text().splitlines()]


def split_of(dataset):
    return {Path(row["source"]).stem: row["split"] for row in dataset.images.to_pylist()}


def test_bom_list(case):
    dataset, _ = converted(case)
    assert kept(dataset) == (6, 6, 2, 2, 2)


def test_decimal_class_ids(case):
    dataset, _ = converted(case)
    assert kept(dataset) == (12, 6, 2, 2, 2)
    assert all(rows(dataset, name) == [[0, 0.3, 0.3, 0.2, 0.2], [1, 0.7, 0.7, 0.2, 0.2]] for name in split_of(dataset))


def test_orphan_labels(case):
    dataset, said = converted(case)
    assert kept(dataset) == (8, 8, 4, 2, 2)
    assert [line.strip() for line in said.splitlines() if "lost.txt" in line] == [
        "2 dropped: is in a txt without a picture (labels/lost.txt)"
    ]
    assert json.dumps(dataset.conversion).count("labels/lost.txt:") == 2


def test_own_output(case):
    versions = set()
    for night in range(3):
        dataset, said = converted(case)
        versions.add(dataset.version)
        assert "8 tasks" in said
        assert kept(dataset) == (8, 8, 4, 2, 2)
        assert ("nothing is new since the last run" in said) == (night > 0)
    assert len(versions) == 1
    assert len([*(case / "datasets/yard").glob("[0-9a-f]*")]) == 1


def test_roboflow_splits(case):
    dataset, _ = converted(case)
    assert kept(dataset)[2:] == (5, 2, 2)
    by_folder = {"train": "train", "valid": "val", "test": "test"}
    assert all(by_folder[name.rstrip("0123456789")] == split for name, split in split_of(dataset).items())
    swapped, said = converted(case, "swapped.yaml")
    assert "data.yaml has [Cup, Plate], pipeline.yaml has [Plate, Cup]" in said
    assert (rows(swapped, "train0")[0][0], rows(swapped, "train1")[0][0]) == (1, 0)
