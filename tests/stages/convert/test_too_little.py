"""What is told when too few images are left: the account first, and the split blamed only where it is the split."""

from pathlib import Path

import pytest

from detector.errors import UsageError
from tests.golden import matches
from tests.support.exports import annotation, box, convert, pull, region, task

GOLDEN = Path(__file__).parents[2] / "golden" / "too_little"
FIELD = {"split": {"field": "split"}}
SPLITS = ("train", "val", "test")


def tasks(count, *drawn, **more):
    data = [{"split": SPLITS[number % 3]} for number in range(count)]
    return [task(number, *drawn, data=data[number - 1], **more) for number in range(1, count + 1)]


def unlabelled(folder):
    convert(folder, pull(folder, tasks(6)), **FIELD)


def another_annotator(folder):
    labelled = tasks(6, annotation(box(1, 1, 9, 9), by="ada@example.com"))
    convert(folder, pull(folder, labelled, annotations={"annotator": "eve@example.com"}), **FIELD)


def choices_alone(folder):
    labelled = tasks(6, annotation(region("choices", {"choices": ["good"]})))
    convert(folder, pull(folder, labelled), **FIELD)


def no_area(folder):
    convert(folder, pull(folder, tasks(6, annotation(box(1, 1, 0, 0)))), **FIELD)


def missing_pictures(folder):
    labelled = tasks(6, annotation(box(1, 1, 9, 9)))
    made = pull(folder, labelled[:1])  # the picture of one task alone is there
    assert made.figures["images"] == 1
    for each in labelled[1:]:
        each["data"]["image"] = f"elsewhere-{each['id']}.jpg"
    convert(folder, pull(folder, labelled), **FIELD)


def no_field_says_test(folder):
    labelled = tasks(6, annotation(box(1, 1, 9, 9)))
    for each in labelled:
        each["data"]["split"] = {"test": "val"}.get(each["data"]["split"], each["data"]["split"])
    convert(folder, pull(folder, labelled), **FIELD)


def few_by_chance(folder):
    convert(folder, pull(folder, tasks(2, annotation(box(1, 1, 9, 9)))), split={"val": 0.001, "test": 0.001})


def a_share_of_nothing(folder):
    convert(folder, pull(folder, tasks(40, annotation(box(1, 1, 9, 9)))), split={"test": 0.0})


def nothing_pulled(folder):
    convert(folder, pull(folder, []), **FIELD)


def some_are_lost_but_the_split_is_to_blame(folder):
    labelled = tasks(9, annotation(box(1, 1, 9, 9)))
    for each in labelled:
        each["data"]["split"] = "train"
    labelled[0]["annotations"] = []
    convert(folder, pull(folder, labelled), **FIELD)


CASES = [
    unlabelled,
    another_annotator,
    choices_alone,
    no_area,
    missing_pictures,
    no_field_says_test,
    few_by_chance,
    a_share_of_nothing,
    nothing_pulled,
    some_are_lost_but_the_split_is_to_blame,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_reason_is_told(tmp_path, case):
    with pytest.raises(UsageError) as raised:
        case(tmp_path)
    matches(GOLDEN / f"{case.__name__}.txt", f"{raised.value}\n".replace(str(tmp_path), "FOLDER"))
