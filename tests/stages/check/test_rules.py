"""Each rule on tables made for it: what it finds, and what it leaves alone. And the gate, by its text."""

import json
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from pydantic import ValidationError

from detector.errors import GateRefused
from detector.stages.check import _rules, rules
from detector.stages.check._limits import Limits
from detector.stages.check._tables import tables_of
from tests.golden import matches
from tests.support.jobs import job
from tests.support.versions import CLASSES, Object, Picture, every_class, version

GOLDEN = Path(__file__).parents[2] / "golden" / "check"


def found(rule, folder, pictures, task="detect", **more):
    return rule(tables_of(version(folder, pictures, task, **more)))


def rows(table_rows):
    return [int(row) for row in table_rows]


def test_nothing_is_found_where_nothing_is_wrong(tmp_path):
    tables = tables_of(version(tmp_path, every_class()))
    numbers = {name: rule(tables).number for name, rule in _rules.RULES.items()}
    assert numbers == {**dict.fromkeys(_rules.RULES, 0), "class_imbalance": 1}


DEEP = [  # a file's name, its shape, its largest value, and whether YOLO sees it dark
    ("grey.png", (40, 60), 4_095, True),
    ("colour.png", (40, 60, 3), 4_095, True),
    ("scan.tif", (40, 60), 16_383, True),
    ("night.png", (40, 60), 16_384, False),
    ("whole.png", (40, 60, 3), 65_535, False),
    ("whole.tif", (40, 60), 65_535, False),
]


@pytest.mark.parametrize(("name", "shape", "largest", "dark"), DEEP)
def test_a_12_bit_camera_in_16_bits_is_dark(tmp_path, name, shape, largest, dark):
    values = np.linspace(0, largest, int(np.prod(shape))).reshape(shape).astype(np.uint16)
    data = with_picture(version(tmp_path, [Picture("train"), Picture("train")]), name, values)
    result = _rules.dark_images(tables_of(data))
    assert (result.number, rows(result.images)) == ((1, [1]) if dark else (0, []))


@pytest.mark.parametrize("values", [np.zeros((40, 60), np.uint8), np.full((40, 60, 3), 15, np.uint8)])
def test_eight_bits_are_as_dark_as_they_are(tmp_path, values):
    data = with_picture(version(tmp_path, [Picture("train"), Picture("train")]), "night.png", values)
    assert _rules.dark_images(tables_of(data)).number == 0


@pytest.mark.parametrize("name", ["cut.png", "cut.tif"])
def test_a_broken_deep_image_is_no_dark_one(tmp_path, name):
    data = with_picture(version(tmp_path, [Picture("train"), Picture("train")]), name, np.zeros((40, 60), np.uint16))
    file = data.image_path(f"train/{name}")
    whole = file.read_bytes()
    for length in (0, 10, 40, 100):
        file.write_bytes(whole[:length])
        assert _rules.dark_images(tables_of(data)).number == 0


def with_picture(data, name, values):
    """The version, with another file as the picture of its second image."""
    cv2.imwrite(str(data.folder / "images/train" / name), values)
    files = [*data.images["file"].to_pylist()[:1], f"train/{name}"]
    at = data.images.schema.get_field_index("file")
    pq.write_table(data.images.set_column(at, data.images.schema.field(at), [files]), data.folder / "images.parquet")
    return type(data)(data.folder)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (Object(0, 0.9, 0.5, 0.3, 0.2), "over the right edge"),
        (Object(0, 0.1, 0.05, 0.1, 0.2), "over the upper edge"),
        (Object(3), "a class id too high"),
        (Object(-1), "a negative class id"),
    ],
)
def test_out_of_range(tmp_path, bad, why):
    result = found(_rules.out_of_range, tmp_path, [Picture("train"), Picture("val", [Object(0, 0.5, 0.5, 1, 1), bad])])
    assert (result.number, rows(result.images), rows(result.objects)) == (1, [1], [4]), why


def test_an_outline_may_be_out_of_range_too(tmp_path):
    data = version(
        tmp_path, [Picture("train", [Object()]), Picture("train", [Object(0, 0.95, 0.5, 0.2, 0.2)])], "segment"
    )
    boxes_inside = data.instances.set_column(data.instances.schema.get_field_index("x"), "x", [[0.5, 0.5]])
    data.__dict__["instances"] = boxes_inside
    assert rows(_rules.out_of_range(tables_of(data)).objects) == [1]


def test_degenerate_is_under_one_pixel(tmp_path):
    thin, just = Object(0, width=0.9 / 200, height=0.5), Object(0, width=1 / 200, height=0.5)
    result = found(_rules.degenerate, tmp_path, [Picture("train", [just, thin, Object(0, height=0)])])
    assert rows(result.objects) == [1, 2]


def test_degenerate_counts_the_area_inside_an_outline(tmp_path):
    small, enough = Object(0, width=1.2 / 200, height=1.2 / 100), Object(0, width=2 / 200, height=2 / 100)
    result = found(_rules.degenerate, tmp_path, [Picture("train", [small, enough])], "segment")
    assert rows(result.objects) == [0]  # a diamond is half its box: 0.72 and 2 square pixels


def test_tiny_objects_are_those_that_are_not_degenerate_but_nearly(tmp_path):
    sides = [0.5, 1, 2.9, 3]  # pixels
    result = found(_rules.tiny_objects, tmp_path, [Picture("train", [Object(0, width=side / 200) for side in sides])])
    assert rows(result.objects) == [1, 2]


def test_duplicates_are_counted_beyond_the_first_and_within_an_image(tmp_path):
    same = Object(0, 0.3, 0.3, 0.2, 0.2)
    pictures = [
        Picture("train", [same, Object(1), same, same._replace(class_id=1)]),
        Picture("train", [same, same._replace(x=0.300004)]),
    ]
    result = found(_rules.duplicates, tmp_path, pictures)
    assert (result.number, rows(result.images), rows(result.objects)) == (2, [0], [2, 3])


def test_a_class_needs_an_example_in_train(tmp_path):
    result = found(
        _rules.classes_without_examples, tmp_path, [Picture("train", [Object(1)]), Picture("val", [Object(0)])]
    )
    assert (result.number, result.details) == (2, ["RBC", "Platelets"])


def test_a_class_is_evaluated_only_where_it_occurs(tmp_path):
    pictures = [Picture("train"), Picture("val", [Object(0), Object(2)])]  # and no test split at all
    result = found(_rules.classes_not_evaluated, tmp_path, pictures)
    assert (result.number, result.details) == (1, ["WBC in val"])


def test_class_imbalance_is_the_ratio_in_train_of_classes_that_occur(tmp_path):
    result = found(
        _rules.class_imbalance, tmp_path, [Picture("train", [Object(0)] * 6 + [Object(2)] * 4), Picture("val")]
    )
    assert (result.number, result.details) == (1.5, ["6 RBC, 4 Platelets"])


def test_broken_images_were_excluded_or_have_gone(tmp_path):
    excluded = {
        "broken_image": [{"task_id": 7, "detail": "truncated"}],
        "missing_image": [{"task_id": 8}],
        "unlabelled": [{"task_id": 9}],
    }
    data = version(tmp_path, every_class(), excluded=excluded)
    data.image_path("train/00000002-cell.jpg").unlink()
    data.image_path("val/00000003-cell.jpg").write_bytes(b"")
    result = _rules.broken_images(tables_of(data))
    assert (result.number, rows(result.images)) == (4, [1, 2])
    assert result.details == [
        "task 7  its image can't be decoded  truncated  http://label.example/projects/3/data?task=7",
        "task 8  its image was not found  http://label.example/projects/3/data?task=8",
    ]


def test_leaked_images_are_the_same_picture_in_two_splits(tmp_path):
    pictures = [Picture(split, look=look) for split, look in [("train", 1), ("train", 2), ("test", 1), ("train", 2)]]
    result = found(_rules.leaked_images, tmp_path, [*pictures, Picture("val", look=1)])
    assert (result.number, rows(result.images)) == (1, [0, 2, 4])  # twice in train is no leak


def check(tmp_path, data, **limits):
    fail_on = Limits.model_validate(limits)
    return rules.run(job(tmp_path / "run", rules.Options(fail_on=fail_on), convert=data.folder))


def wrong(tmp_path):
    tiny = [Object(0, 0.1 * number, 0.5, 0.01, 0.2) for number in range(1, 8)]
    leaked = [Picture(split, [Object(0)], look=1) for split in ("train", "test")]
    lost = {"broken_image": [{"task_id": 9, "detail": "cells/9.jpg"}]}
    return version(tmp_path, [*leaked, Picture("train", tiny), Picture("val", tiny)], excluded=lost)


def test_the_gate_says_what_refused_where_and_what_to_do(tmp_path):
    data = wrong(tmp_path)
    with pytest.raises(GateRefused) as refused:
        check(tmp_path, data, tiny_objects=10, class_imbalance="off")
    assert refused.value.exit_code == 3
    matches(GOLDEN / "refused.txt", str(refused.value).replace(str(tmp_path), "PROJECT"))


def test_a_refused_check_is_on_file_with_everything_that_was_found(tmp_path):
    with pytest.raises(GateRefused):
        check(tmp_path, wrong(tmp_path))
    findings = json.loads((tmp_path / "run" / "step" / "findings.json").read_text())
    by_rule = {entry["rule"]: entry for entry in findings["rules"]}
    assert findings["version"] == "0123456789ab"
    assert by_rule["leaked_images"]["verdict"] == "refused"
    assert [image["task_id"] for image in by_rule["leaked_images"]["images"]] == [1, 2]
    assert len(by_rule["tiny_objects"]["objects"]) == 14
    assert by_rule["tiny_objects"]["objects"][7] == {
        "task_id": 4,
        "region_id": "r4-0",
        "annotator": "ada@example.com",
        "class_id": 0,
        "file": "val/00000004-cell.jpg",
    }


def test_what_only_warns_is_a_note_and_a_figure(tmp_path):
    data = version(tmp_path, [*every_class(), Picture("train", [Object(0, width=0.01)] * 2)])
    result = check(tmp_path, data)
    assert result.notes == [
        "objects with exactly the box of another one: 1 (task 7)",
        "objects with a side under 3 pixels: 2 (task 7)",
    ]
    assert result.summary == "10 rules, 2 warnings"
    assert result.figures["tiny_objects"] == 2
    assert result.figures["leaked_images"] == 0
    assert (result.id, result.artifacts) == (data.version, {"check": [result.path / "findings.json"]})


def test_a_rule_passes_up_to_its_limit(tmp_path):
    data = version(tmp_path, [*every_class(), Picture("train", [Object(0, width=0.01)])])
    assert check(tmp_path, data, tiny_objects=1).notes == []
    with pytest.raises(GateRefused, match="tiny_objects"):
        check(tmp_path, data, tiny_objects=0)


def test_a_rule_that_is_off_is_not_looked_at(tmp_path):
    data = version(tmp_path, [Picture("train", look=1), Picture("val", look=1), Picture("test")])
    assert "leaked_images" not in check(tmp_path, data, **yaml.safe_load("{leaked_images: off}")).figures


def test_some_imbalance_is_nothing_to_speak_of(tmp_path):
    few, many = [Object(0)] * 9, [Object(0, 0.1 + number / 20) for number in range(10)]
    for count, (objects, notes) in enumerate([(few, 0), (many, 1)]):
        pictures = [Picture("train", [*objects, Object(1), Object(2)]), Picture("val"), Picture("test")]
        data = version(tmp_path / str(count), pictures)
        said = check(tmp_path, data, duplicates="off", out_of_range="off").notes
        assert len(said) == notes, said


@pytest.mark.parametrize("value", [True, -1, "error", None])
def test_a_limit_is_off_warn_or_a_number(value):
    with pytest.raises(ValidationError):
        Limits.model_validate({"duplicates": value})


def test_rules_and_their_words_are_the_same_set():
    from detector.stages.check._findings import WORDS
    from detector.stages.check._limits import LimitsWithLookalikes

    assert set(WORDS) == set(LimitsWithLookalikes.model_fields)
    assert set(_rules.RULES) == set(Limits.model_fields)
    assert CLASSES  # the versions of these tests have some
