"""Likely label mistakes as a saved view of FiftyOne."""

from detector.annotators import view
from detector.annotators.review import Mistake
from detector.browse import samples
from detector.browse.database import connected
from detector.browse.labels import TRUTH
from detector.data.places import FIFTYONE
from tests.support.exports import annotation, box, converted, task


def _mistake(dataset, number, region, likely):
    [row] = [at for at, each in enumerate(dataset.images["task_id"].to_pylist()) if each == number]
    file, split = dataset.images["file"][row].as_py(), dataset.images["split"][row].as_py()
    return Mistake(number, row, file, split, None, "class", likely, "car", "person", 0.9, region, (0.2, 0.2, 0.1, 0.1))


def _in_fiftyone(dataset):
    """Task ids in the view, in its order, and the regions that are tagged."""
    with connected(FIFTYONE):
        loaded = samples.load(dataset, dataset.folder.parent.name)
        shown = loaded.load_saved_view(view.NAME).values("task_id") if loaded.has_saved_view(view.NAME) else None
        regions = loaded.select_labels(tags=view.NAME, fields=TRUTH).values("ground_truth.detections.region_id")
        return shown, sorted(region for each in regions for region in each or [])


def test_it_shows_the_worst_first_and_replaces_an_earlier_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    boxes = {number: [box(10, 10, 20, 20), box(60, 60, 20, 20)] for number in range(1, 7)}
    dataset, _ = converted(tmp_path, [task(number, annotation(*both)) for number, both in boxes.items()])
    second, missed = boxes[4][1]["id"], None
    found = [_mistake(dataset, 4, second, 0.9), _mistake(dataset, 2, missed, 0.8), _mistake(dataset, 4, missed, 0.5)]
    assert view.show(dataset, found, print) == 2
    assert _in_fiftyone(dataset) == ([4, 2], [second])
    first = boxes[1][0]["id"]
    assert view.show(dataset, [_mistake(dataset, 1, first, 0.9)], print) == 1
    assert _in_fiftyone(dataset) == ([1], [first])
    assert view.show(dataset, [], print) == 0
    assert _in_fiftyone(dataset) == (None, [])
