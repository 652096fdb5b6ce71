"""Predictions in FiftyOne with a real MongoDB: marked as `evaluate` has matched them, and shown as its own patches."""

import re

import pytest

from detector.browse import samples
from detector.browse.database import connected
from detector.browse.predictions import add_predictions
from detector.data.colours import of_class
from detector.stages.evaluate._said import said
from tests.support.judged import diamond, evaluated, seen
from tests.support.versions import Object, Picture, version

TRUTH = [Object(0, 0.2, 0.5, 0.2, 0.4), Object(1, 0.5, 0.5, 0.2, 0.4), Object(2, 0.8, 0.5, 0.2, 0.4)]
TASKS = pytest.mark.parametrize("task", ["detect", "segment"])


@pytest.fixture(scope="module", autouse=True)
def database(tmp_path_factory):
    with connected(tmp_path_factory.mktemp("runs")) as fiftyone:
        yield fiftyone


def objects(sample, field="ground_truth"):
    return sample[field].detections if "Detections" in type(sample[field]).__name__ else sample[field].polylines


def placed(image, class_id, score, *box):
    return seen(image, class_id, score, *box, polygon=diamond(*box))


ROWS = [
    placed(1, 0, 0.7, 0.21, 0.5, 0.2, 0.4),  # right
    placed(1, 0, 0.8, 0.5, 0.5, 0.2, 0.4),  # there, but of another class
    placed(3, 2, 0.9, 0.6, 0.5, 0.2, 0.4),  # nothing there
    placed(3, 2, 0.01, 0.8, 0.5, 0.2, 0.4),  # nothing there, and below the operating point
]


def shown(tmp_path, task, name, rows=ROWS, pictures=None):
    """The version in FiftyOne with predictions beside it. Image 2 is of another split."""
    pictures = pictures or [Picture("train"), Picture("test", TRUTH), Picture("val"), Picture("test", TRUTH[:1])]
    data = version(tmp_path, pictures, task)
    loaded = samples.load(data, f"{name}-{task}")
    add(loaded, data, rows, tmp_path / "evaluate")
    return loaded, data


def add(loaded, data, rows, folder, split="test"):
    evaluation = evaluated(data, folder, rows, split=split)
    add_predictions(loaded, data.on(split), evaluation.objects, said(evaluation, data))


@TASKS
def test_predictions_are_told_right_from_wrong(tmp_path, task):
    loaded, data = shown(tmp_path, task, "marked")
    add(loaded, data, ROWS, tmp_path / "evaluate")  # the second time replaces the first
    train, test, val, other = loaded
    assert (train.predictions, val.predictions) == (None, None)
    assert not [each for sample in (train, val) for each in objects(sample) if each.to_dict().get("evaluation")]
    first, second = objects(test, "predictions")
    assert [(each.label, each.confidence, each.evaluation) for each in (first, second)] == [
        ("RBC", 0.7, "tp"),
        ("RBC", 0.8, "fp"),
    ]
    assert second.mistake == "class"
    assert [each.evaluation for each in objects(test)] == ["tp", "fn", "fn"]
    assert (objects(test)[0].evaluation_id, first.evaluation_id) == (first.id, objects(test)[0].id)
    assert [(each.evaluation, each.mistake) for each in objects(other, "predictions")] == [("fp", "background")]
    assert [each.evaluation for each in objects(other)] == ["fn"]
    assert [loaded.values(f"evaluation_{kind}") for kind in ("tp", "fp", "fn")] == [
        [None, 1, None, 0],
        [None, 1, None, 1],
        [None, 2, None, 1],
    ]


@TASKS
def test_it_is_an_evaluation_of_fiftyones_own(tmp_path, task, capfd):
    loaded, _ = shown(tmp_path, task, "patches")
    assert loaded.list_evaluations() == ["evaluation"]
    assert len(loaded.load_evaluation_view("evaluation")) == 2
    patches = loaded.load_evaluation_view("evaluation").to_evaluation_patches("evaluation")
    assert patches.count_values("type") == {"tp": 1, "fp": 2, "fn": 3}
    (right,) = patches.match({"type": "tp"})
    assert [each.label for field in ("ground_truth", "predictions") for each in objects(right, field)] == ["RBC", "RBC"]
    assert capfd.readouterr() == ("", "")


def test_another_split_takes_the_place_of_the_one_before(tmp_path):
    loaded, data = shown(tmp_path, "detect", "another")
    add(loaded, data, [placed(2, 0, 0.9, 0.5, 0.5, 0.4, 0.6)], tmp_path / "val", split="val")
    assert [sample.predictions is not None for sample in loaded] == [False, False, True, False]
    assert [each.evaluation for each in objects(loaded.skip(2).first())] == ["tp", "fn", "fn"]
    assert loaded.count_values("ground_truth.detections.evaluation") == {None: 7, "tp": 1, "fn": 2}
    assert len(loaded.load_evaluation_view("evaluation")) == 1


@TASKS
def test_a_model_that_finds_nothing_has_missed_everything(tmp_path, task):
    pictures = [Picture("train"), Picture("test", [Object(0), Object(1)]), Picture("test", [])]
    loaded, _ = shown(tmp_path, task, "nothing", [], pictures)
    _, test, background = loaded
    assert [each.evaluation for each in objects(test)] == ["fn", "fn"]
    assert [objects(each, "predictions") for each in (test, background)] == [[], []]
    assert loaded.to_evaluation_patches("evaluation").count_values("type") == {"fn": 2, None: 3}


@TASKS
def test_predictions_on_a_background_are_false(tmp_path, task):
    rows = [placed(1, 0, 0.9, 0.5, 0.5, 0.4, 0.6), placed(2, 0, 0.9, 0.5, 0.5, 0.4, 0.6)]
    loaded, _ = shown(tmp_path, task, "background", rows, [Picture("train"), Picture("test"), Picture("test", [])])
    assert [each.evaluation for each in objects(loaded.last(), "predictions")] == ["fp"]
    assert loaded.values("evaluation_fp") == [None, 0, 1]


@TASKS
def test_what_a_person_changed_in_the_app_meanwhile_has_no_mark_and_fails_nothing(tmp_path, task):
    loaded, data = shown(tmp_path, task, "edited")
    test = loaded.skip(1).first()
    drawn = objects(test)
    drawn[:] = [drawn[2], type(drawn[0])(label="WBC", **_shape(drawn[0])), drawn[0]]
    test.save()
    loaded.delete_samples(loaded.last())
    train = loaded.first()
    train.tags.append("test")
    train.save()
    add(loaded, data, ROWS, tmp_path / "evaluate")
    test = loaded.skip(1).first()
    assert [each.evaluation for each in objects(test)] == ["fn", None, "tp"]
    assert [each.evaluation for each in objects(test, "predictions")] == ["tp", "fp"]
    assert loaded.first().predictions is None


def _shape(label):
    return {name: label[name] for name in ("bounding_box", "points") if name in label.field_names}


@pytest.mark.parametrize("polygon", [[0.5, 0.5, 0.5, 0.5, 0.5, 0.5], [0.5, 0.4, 0.5, 0.6, 0.5, 0.5]])
def test_a_mask_of_next_to_nothing_is_shown_as_its_box(tmp_path, polygon):
    rows = [placed(1, 0, 0.9, 0.5, 0.5, 0.4, 0.6), seen(1, 0, 0.95, 0.5, 0.5, 0.4, 0.6, polygon)]
    loaded, _ = shown(tmp_path, "segment", f"few-{polygon[1]}", rows, [Picture("train"), Picture("test", [Object(0)])])
    box = [pytest.approx(point) for point in ([0.3, 0.2], [0.7, 0.2], [0.7, 0.8], [0.3, 0.8])]
    assert [box] in [each.points for each in objects(loaded.last(), "predictions")]


def test_it_is_quiet(tmp_path, capfd):
    shown(tmp_path, "detect", "quiet")
    assert capfd.readouterr() == ("", "")


@TASKS
def test_missed_and_false_are_saved_views_the_worst_image_first(tmp_path, task):
    rows = [*ROWS, placed(3, 1, 0.95, 0.3, 0.5, 0.1, 0.2)]
    loaded, data = shown(tmp_path, task, "views", rows)
    missed, false = (loaded.load_saved_view(name) for name in ("missed", "false"))
    assert [[(each.label, each.evaluation) for each in objects(sample)] for sample in missed] == [
        [("WBC", "fn"), ("Platelets", "fn")],
        [("RBC", "fn")],
    ]
    assert [len(objects(sample, "predictions")) for sample in missed] == [2, 2]  # what was predicted in their place
    assert [[each.evaluation for each in objects(sample, "predictions")] for sample in false] == [["fp", "fp"], ["fp"]]
    described = loaded.get_saved_view_info("missed")["description"]
    assert described == "annotated objects that no prediction finds, in test; the worst first"
    add(loaded, data, [placed(3, 0, 0.9, *TRUTH[0][1:])], tmp_path / "again")  # nothing is false any more
    assert set(loaded.list_saved_views()) == {"train", "val", "test", "missed"}


@TASKS
def test_each_class_has_a_colour_and_a_false_prediction_is_red(tmp_path, task):
    loaded, data = shown(tmp_path, task, "colours")
    scheme = loaded.app_config.color_scheme
    assert scheme.color_by == "value"
    truth, predictions = scheme.fields
    assert (truth["path"], truth["colorByAttribute"]) == ("ground_truth", "label")
    colours = {each["value"]: each["color"] for each in truth["valueColors"]}
    assert colours == {name: of_class(at) for at, name in enumerate(data.classes)}
    assert (predictions["path"], predictions["colorByAttribute"]) == ("predictions", "evaluation")
    marks = {each["value"]: each["color"] for each in predictions["valueColors"]}
    assert marks.keys() == {"tp", "fp"}
    assert not set(marks.values()) & set(colours.values())
    scheme.color_by = "field"  # as a person chooses in the App
    loaded.save()
    assert samples.load(data, f"colours-{task}").app_config.color_scheme.color_by == "field"


def test_no_two_classes_have_one_colour():
    assert len({of_class(at) for at in range(200)}) == 200
    assert all(re.fullmatch("#[0-9A-F]{6}", of_class(at)) for at in range(200))
