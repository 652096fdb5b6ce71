"""The whole check with FiftyOne and a real MongoDB: tags, saved views, lookalikes, and the gate."""

import json
import shutil

import cv2
import numpy as np
import pytest

from detector.browse import samples
from detector.browse.database import connected
from detector.browse.labels import labels_of
from detector.errors import GateRefused
from detector.stages.check import _lookalikes
from detector.stages.check import fiftyone as backend
from detector.stages.check._limits import LimitsWithLookalikes
from tests.support.jobs import Pipeline, make_job
from tests.support.versions import CLASSES, Object, Picture, every_class, version

PIPELINE = Pipeline(name="cells", classes=CLASSES)


def check(runs, data, **limits):
    options = backend.Options(fail_on=LimitsWithLookalikes.model_validate(limits))
    given = {"convert": data.folder}
    folder = runs / "run"
    return backend.run(make_job(options, PIPELINE, given, datasets=runs, folder=folder))


def near_copy(data, file, of):
    """Replace the picture `file` by a brighter, re-encoded copy of another."""
    picture = cv2.imread(str(data.image_path(of)))
    brighter = np.clip(picture * 1.1 + 5, 0, 255).astype(np.uint8)
    data.image_path(file).unlink()
    cv2.imwrite(str(data.image_path(file)), brighter, [cv2.IMWRITE_JPEG_QUALITY, 60])


@pytest.mark.parametrize("task", ["detect", "segment"])
def test_findings_are_tags_and_saved_views(tmp_path, task):
    tiny = [Object(0), Object(1, 0.2, 0.5, 0.01, 0.2)]
    data = version(tmp_path, [*every_class(), Picture("val", tiny)], task)
    result = check(tmp_path, data)
    assert result.notes == ["objects with a side under 3 pixels: 1 (task 7)"]
    with connected(tmp_path / "fiftyone"):
        loaded = samples.load(data, "cells")
        assert loaded.count_sample_tags() == {"train": 2, "val": 3, "test": 2, "tiny_objects": 1}
        assert loaded.count_label_tags(label_fields="ground_truth") == {"tiny_objects": 1}
        assert loaded.list_saved_views() == ["train", "val", "test", "tiny_objects"]
        view = loaded.load_saved_view("tiny_objects")
        shown = view.first().ground_truth
        labels = [each.label for each in (shown.detections if task == "detect" else shown.polylines)]
        assert (view.values("task_id"), labels) == ([7], ["WBC"])


def test_a_second_check_replaces_the_marks_of_the_first(tmp_path):
    data = version(tmp_path, [*every_class(), Picture("val", [Object(1, 0.2, 0.5, 0.01, 0.2)])])
    check(tmp_path, data)
    check(tmp_path, data, tiny_objects="off")
    with connected(tmp_path / "fiftyone"):
        loaded = samples.load(data, "cells")
        assert set(loaded.count_sample_tags()) == {"train", "val", "test"}
        assert loaded.count_label_tags(label_fields="ground_truth") == {}
        assert loaded.list_saved_views() == ["train", "val", "test"]


@pytest.mark.parametrize("task", ["detect", "segment"])
def test_what_a_person_has_done_in_the_app_stays(tmp_path, task):
    tiny = [Object(0, 0.2, 0.5, 0.01, 0.2), Object(1, 0.4, 0.5, 0.01, 0.2), Object(2)]
    data = version(tmp_path, [*every_class(), Picture("val", tiny)], task)
    check(tmp_path, data)
    with connected(tmp_path / "fiftyone"):
        loaded = samples.load(data, "cells")
        loaded.select_labels(tags="tiny_objects").tag_labels("mine")
        worst = loaded.load_saved_view("tiny_objects").first()
        inside = labels_of(data).rpartition(".")[2]
        whole = loaded[worst.id]
        whole.tags.append("looked-at")
        del whole.ground_truth[inside][0]
        whole.save()
        loaded.delete_samples(loaded.match_tags("train").limit(1))
    check(tmp_path, data)
    with connected(tmp_path / "fiftyone"):
        loaded = samples.load(data, "cells")
        assert loaded.count_sample_tags() == {"train": 1, "val": 3, "test": 2, "tiny_objects": 1, "looked-at": 1}
        assert loaded.count_label_tags(label_fields="ground_truth") == {"tiny_objects": 1, "mine": 1}
        assert len(loaded.load_saved_view("tiny_objects").first().ground_truth[inside]) == 1
        assert loaded.list_brain_runs() == ["similarity"]


def test_many_pictures_are_sorted_by_shorter_descriptions(tmp_path, monkeypatch):
    monkeypatch.setattr(_lookalikes, "NUMBERS", 16 * 9)
    data = version(tmp_path, every_class(3))
    check(tmp_path, data)
    with connected(tmp_path / "fiftyone"):
        loaded = samples.load(data, "cells")
        index = loaded.load_brain_results("similarity")
        assert index.get_embeddings()[0].shape == (9, 16)
        first = loaded.first()
        alike = index.sort_by_similarity(first.id, k=9).values("id")
        assert (alike[0], {*alike}) == (first.id, {*loaded.values("id")})


def test_copies_that_were_changed_a_little_are_found_and_shown_side_by_side(tmp_path):
    data = version(tmp_path, every_class(3))  # tasks 1 to 3 train, 4 to 6 val, 7 to 9 test
    near_copy(data, "test/00000008-cell.jpg", of="train/00000002-cell.jpg")
    near_copy(data, "val/00000006-cell.jpg", of="val/00000004-cell.jpg")
    result = check(tmp_path, data)
    assert result.figures["near_duplicate_images"] == 2
    assert result.figures["leaky_splits"] == 2
    assert result.figures["leaked_images"] == 0
    with connected(tmp_path / "fiftyone"):
        loaded = samples.load(data, "cells")
        pairs = loaded.load_saved_view("near_duplicate_images").values("task_id")
        assert {frozenset(pairs[:2]), frozenset(pairs[2:])} == {frozenset({2, 8}), frozenset({4, 6})}
        assert set(loaded.load_saved_view("leaky_splits").values("task_id")) == {2, 8}
        assert loaded.list_brain_runs() == ["similarity"]


def test_a_turned_copy_of_a_training_image_among_the_test_images_is_told_as_a_leak(tmp_path):
    data = version(tmp_path, every_class(3))
    turned = cv2.rotate(cv2.imread(str(data.image_path("train/00000002-cell.jpg"))), cv2.ROTATE_90_CLOCKWISE)
    data.image_path("test/00000008-cell.jpg").unlink()
    cv2.imwrite(str(data.image_path("test/00000008-cell.jpg")), turned)
    result = check(tmp_path, data)
    found = json.loads((tmp_path / "run" / "findings.json").read_text())["rules"]
    told = {entry["rule"]: entry["details"] for entry in found}
    assert told["leaky_splits"] == told["near_duplicate_images"] != []
    assert told["leaky_splits"][0] in {
        "task 8 (test) is task 2 (train), turned",
        "task 2 (train) is task 8 (test), turned",
    }
    assert result.figures["leaky_splits"] == 2


def test_a_refused_version_is_in_fiftyone_all_the_same(tmp_path):
    data = version(tmp_path, [*every_class(), Picture("train", look=1), Picture("test", look=1)])
    with pytest.raises(GateRefused, match="leaked_images: pictures in more than one split: 1"):
        check(tmp_path, data)
    with connected(tmp_path / "fiftyone"):
        assert samples.load(data, "cells").load_saved_view("leaked_images").values("task_id") == [7, 8]
    findings = json.loads((tmp_path / "run" / "findings.json").read_text())
    assert {entry["rule"] for entry in findings["rules"]} == set(LimitsWithLookalikes.model_fields)


def test_pictures_that_can_not_be_read_any_more_are_broken(tmp_path):
    data = version(tmp_path, every_class())
    data.image_path("train/00000001-cell.jpg").write_bytes(b"no picture")
    data.image_path("val/00000003-cell.jpg").unlink()
    with pytest.raises(GateRefused, match=r"broken or missing images: 2(.|\n)*task 1  (.|\n)*task 3  "):
        check(tmp_path, data)


def test_nothing_is_printed(tmp_path, capfd):
    check(tmp_path, version(tmp_path, every_class()))
    assert capfd.readouterr() == ("", "")


def test_a_version_without_pictures_is_refused_and_does_not_crash(tmp_path):
    data = version(tmp_path, [Picture("train", [Object(0)])])
    shutil.rmtree(data.folder / "images")
    with pytest.raises(GateRefused, match="broken or missing images: 1"):
        check(tmp_path, data)
