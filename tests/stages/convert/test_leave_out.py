"""Labels that are left out: counted, and as if they had never been drawn."""

import pytest

from detector.errors import ConfigError, UsageError
from tests.support.exports import annotation, box, converted, labels, reasons, task

SHADOW = {"leave_out": ["Shadow"]}


def shadow(x=50, **more):
    return box(x, 50, 10, 10, labels=["Shadow"], **more)


def test_left_out_regions_are_counted_and_the_rest_stays(tmp_path):
    tasks = [task(1, annotation(box(10, 10, 20, 20), shadow())), task(2, annotation(shadow(), box(10, 10, 20, 20)))]
    with pytest.raises(UsageError, match=r"leave it out: convert: \{leave_out: \['Shadow'\]\}"):
        converted(tmp_path, tasks)
    dataset, result = converted(tmp_path, tasks, **SHADOW)
    assert labels(dataset, 1) == labels(dataset, 2) == [[0, 0.2, 0.2, 0.2, 0.2]]
    assert reasons(dataset, "dropped") == {"left_out": [1, 2]}
    assert result.figures["objects"] + result.figures["dropped"] == 4
    assert dataset.conversion["dropped"]["left_out"][0]["detail"] == "Shadow"


def test_a_picture_with_nothing_else_is_a_background(tmp_path):
    """Somebody looked at it, and saw none of the classes."""
    dataset, result = converted(tmp_path, [task(1, annotation(shadow(), shadow(70)))], **SHADOW)
    assert labels(dataset, 1) == []
    assert reasons(dataset, "dropped") == {"left_out": [1, 1]}
    assert reasons(dataset, "excluded") == {}
    assert result.figures["backgrounds"] == 4


@pytest.mark.parametrize("other", [box(130, 10, 9, 9), box(1, 1, 0, 9), box(1, 1, 9, 9, labels=[]), box("a", 1, 9, 9)])
def test_one_that_lost_something_else_is_no_background(tmp_path, other):
    dataset, _ = converted(tmp_path, [task(1, annotation(shadow(), other))], **SHADOW)
    assert reasons(dataset, "excluded") == {"nothing_left": [1]}
    assert not list((dataset.folder / "labels").glob("*/00000001-*"))


def test_of_several_labels_the_others_stay(tmp_path):
    """A box that is a car and a shadow is a car; two real labels are still several."""
    tasks = [task(1, annotation(box(0, 0, 10, 10, labels=["Shadow", "person"])))]
    dataset, _ = converted(tmp_path, tasks, **SHADOW)
    assert labels(dataset, 1) == [[1, 0.05, 0.05, 0.1, 0.1]]
    assert reasons(dataset, "changed") == {"label_left_out": [1]}
    tasks = [task(1, annotation(box(0, 0, 10, 10, labels=["car", "Shadow", "person"])))]
    with pytest.raises(UsageError, match="1 region has several labels"):
        converted(tmp_path, tasks, **SHADOW)


def test_what_lost_a_label_and_was_dropped_is_counted_once(tmp_path):
    shape = box(130, 0, 10, 10, labels=["Shadow", "person"])
    dataset, _ = converted(tmp_path, [task(1, annotation(shape, box(1, 1, 9, 9)))], **SHADOW)
    assert reasons(dataset, "changed") == {}
    assert reasons(dataset, "dropped") == {"outside": [1]}


def test_a_misspelt_label_that_is_left_out_is_hinted_at(tmp_path):
    with pytest.raises(UsageError, match=r"the label 'Shadow' is in no class.*did you mean Shadwo\?"):
        converted(tmp_path, [task(1, annotation(shadow()))], leave_out=["Shadwo"])


def test_a_label_of_a_class_cannot_be_left_out(tmp_path):
    from detector.config.load import load

    (tmp_path / "pipeline.yaml").write_text(
        "name: a\ntask: detect\nclasses: {Cup: [Cup, Mug]}\npull: {using: label_studio_export, path: e.json}\n"
        "convert: {leave_out: [Mug]}\ntrain: {model: yolo11n.yaml}\n"
    )
    with pytest.raises(
        ConfigError, match=r"pipeline.yaml:5:\d+: convert\.leave_out\[0\]: 'Mug' is also a label of.*'Cup'"
    ):
        load(tmp_path / "pipeline.yaml")
