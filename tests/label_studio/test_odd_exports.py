"""Exports as servers, scripts and old releases write them: what is clear is read, the rest counted or named."""

import codecs
import io
import json
import zipfile

import pytest

from detector.errors import UsageError
from detector.label_studio.tasks import annotations
from tests.support.exports import annotation, box, region, task


@pytest.fixture
def read(tmp_path):
    """Write an export, as JSON or as it is given, and read it."""

    def read(tasks, config=None, policy="latest"):
        content = tasks if isinstance(tasks, bytes) else json.dumps(tasks).encode()
        (tmp_path / "export.json").write_bytes(content)
        return annotations(tmp_path / "export.json", policy, config)

    return read


def reasons(drawn):
    return sorted((loss["action"], loss["reason"], loss["task_id"]) for loss in drawn.losses.to_pylist())


def odd(**changes):
    """A task whose one box is changed: its value's keys in `value`, others in the entry itself."""
    shape = box(10, 20, 30, 40)
    shape["value"] |= changes.pop("value", {})
    return [task(1, annotation(shape | changes)), task(2, annotation(box(1, 1, 9, 9)))]


CLEAR = {
    "a number as id": ({"id": 17}, {"region_id": "17"}),
    "x as text": ({"value": {"x": "12.5"}}, {"x": 12.5}),
    "a height as text with blanks": ({"value": {"height": " 40 "}}, {"height": 40.0}),
    "a float for pixels": ({"original_width": 200.0}, {"original_width": 200}),
    "pixels as text": ({"original_height": "100"}, {"original_height": 100}),
    "pixels without end": ({"original_width": 2**40}, {"original_width": None}),
    "a label as a string": ({"value": {"rectanglelabels": "person"}}, {"labels": ["person"]}),
    "a number as label": ({"value": {"rectanglelabels": [7]}}, {"labels": ["7"]}),
    "a control in a list": ({"to_name": ["image"]}, {"labels": ["car"]}),
    "an index as text": ({"item_index": "0"}, {"labels": ["car"]}),
    "no rotation": ({"value": {"rotation": None}}, {"rotation": 0.0}),
}


@pytest.mark.parametrize("name", CLEAR)
def test_what_is_clear_is_read(read, name):
    changes, expected = CLEAR[name]
    drawn = read(odd(**changes))
    assert drawn.regions.num_rows == 2
    assert expected.items() <= drawn.regions.to_pylist()[0].items()
    assert reasons(drawn) == []


UNCLEAR = {
    "x as a word": ({"value": {"x": "left"}}, 'its x is "left"'),
    "x not a number": ({"value": {"x": float("nan")}}, 'its x is "NaN"'),
    "a width without end": ({"value": {"width": float("inf")}}, 'its width is "Infinity"'),
    "y true": ({"value": {"y": True}}, "its y is true"),
    "a decimal comma": ({"value": {"y": "1,5"}}, 'its y is "1,5"'),
    "a label that is an object": ({"value": {"rectanglelabels": [{"a": 1}]}}, 'its label is [{"a": 1}]'),
    "points that are none": ({"type": "polygonlabels", "value": {"points": 4}}, "its points are 4"),
    "a mask of COCO's": (
        {"type": "brushlabels", "value": {"rle": {"counts": "abc", "size": [9, 9]}}},
        "its mask is COCO's run-length code, not Label Studio's",
    ),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_one_region_that_cannot_be_read_is_counted_and_leaves_no_background(read, name):
    changes, why = UNCLEAR[name]
    drawn = read(odd(**changes))
    [loss] = drawn.losses.to_pylist()
    assert (loss["action"], loss["reason"], loss["task_id"], loss["detail"]) == ("dropped", "unreadable", 1, why)
    assert drawn.images["status"].to_pylist() == ["annotated", "annotated"]  # so that `convert` says: nothing left
    assert drawn.regions.num_rows == 1


def test_huge_numbers_end_nothing(read):
    text = json.dumps(odd(value={"x": 111})).replace("111", "1" + "0" * 400)
    assert reasons(read(text.encode())) == [("dropped", "unreadable", 1)]
    text = json.dumps(odd(value={"x": 111})).replace("111", "1e999")
    assert reasons(read(text.encode())) == [("dropped", "unreadable", 1)]
    assert read(json.dumps(odd(value={"x": 111})).replace("111", "1e300").encode()).regions.num_rows == 2


def test_half_a_character_ends_nothing(read):
    text = json.dumps([task(1, annotation(box(1, 1, 9, 9)), data={"note": "XX"})]).replace("XX", "\\ud83d")
    assert read(text.encode()).regions.num_rows == 1


def test_nesting_without_end_is_refused_in_words(read):
    good = json.dumps([task(1, annotation(box(1, 1, 9, 9)), data={"note": "XX"})])
    with pytest.raises(UsageError, match="this is no Label Studio JSON export"):
        read(good.replace('"XX"', "[" * 100_000 + "]" * 100_000).encode())


def test_a_skip_through_the_api_is_a_skip(read):
    drawn = read([task(1, annotation(was_cancelled=True, result=None)), task(2, annotation(box(1, 1, 9, 9)))])
    assert reasons(drawn) == [("excluded", "cancelled", 1)]


def test_a_result_that_was_never_given_is_no_background(read):
    drawn = read([task(1, annotation(result=None)), task(2, annotation())])
    assert reasons(drawn) == [("dropped", "unreadable", 1)]
    assert drawn.images["status"].to_pylist() == ["annotated", "background"]


def test_ids_as_text_are_ids(read):
    odd_ids = annotation(box(1, 1, 9, 9), id="501", completed_by="ann@example.com", created_at=1_600_000_000)
    drawn = read([task("7", odd_ids), task(8.0, annotation(box(1, 1, 9, 9), id="aB3"))])
    assert drawn.images["task_id"].to_pylist() == [7, 8]
    assert drawn.regions["annotation_id"].to_pylist() == [501, 0]
    assert drawn.regions["annotator"].to_pylist() == ["ann@example.com", "ann@example.com"]


def test_a_task_without_an_id_that_can_be_read_is_counted_by_its_number(read):
    tasks = [task(1, annotation(box(1, 1, 9, 9))), task("seven", annotation(box(1, 1, 9, 9))), "a word", None]
    drawn = read(tasks)
    lost = [(loss["task_id"], loss["detail"]) for loss in drawn.losses.to_pylist()]
    assert lost == [
        (2, 'task number 2 of the export: its id is "seven"'),
        (3, 'task number 3 of the export: it is "a word", where a task should be'),
        (4, "task number 4 of the export: it is null, where a task should be"),
    ]
    assert drawn.images.num_rows == 1


def test_when_not_one_task_can_be_read_it_is_no_export(read):
    with pytest.raises(UsageError, match=r"not one task can be read: task number 1 of the export: its id is \"a\""):
        read([task("a", annotation()), task("b", annotation())])


def test_data_that_is_no_object_has_no_image(read):
    drawn = read([task(1, annotation(box(1, 1, 9, 9))) | {"data": "1.png", "id": "1"}, task(2, annotation())])
    assert ("excluded", "no_image", 1) in reasons(drawn)


def test_the_same_task_twice_is_one(read):
    tasks = [task(1, annotation(box(1, 1, 9, 9))), task(2, annotation(box(2, 1, 9, 9)))]
    for doubled in ([*tasks, tasks[0]], [tasks[0], *tasks], [*tasks, tasks[0] | {"id": "1", "total_predictions": 3}]):
        drawn = read(doubled)
        assert drawn.images["task_id"].to_pylist() == [1, 2]
        assert reasons(drawn) == [("excluded", "repeated_task", 1)]


@pytest.mark.parametrize("odd", [True, 3, "none", {"result": []}, None])
def test_a_task_twice_whose_annotations_are_no_list(read, odd):
    strange = task(1) | {"annotations": odd}
    drawn = read([strange, task(2, annotation(box(2, 1, 9, 9))), strange])
    assert ("excluded", "repeated_task", 1) in reasons(drawn)
    assert drawn.images["task_id"].to_pylist()[-1] == 2


def test_a_task_of_two_images_is_no_repetition(read):
    pair = {"id": 1, "data": {"l": "l.png", "r": "r.png"}, "annotations": [annotation(box(1, 1, 9, 9, to_name="l"))]}
    assert read([pair]).images.num_rows == 2
    drawn = read([pair, pair])
    assert drawn.images.num_rows == 2
    assert ("excluded", "repeated_task", 1) in reasons(drawn)


@pytest.mark.parametrize(
    "other",
    [
        task(1, annotation(box(5, 5, 9, 9))),  # two states of one task
        {"id": 1, "data": {"photo": "x.png"}, "annotations": []},  # another project's
        task(1, annotation(box(1, 1, 9, 9)), data={"image": "other.png"}),
    ],
)
def test_two_tasks_of_one_id_are_never_merged(read, other):
    with pytest.raises(UsageError, match="task 1 is in the export more than once, with different content"):
        read([task(1, annotation(box(1, 1, 9, 9))), task(2, annotation()), other])


NAMED = {
    "JSON-MIN": ([{"id": 1, "image": "a.png", "label": [], "annotator": 1, "annotation_id": 5}], "it is JSON-MIN"),
    "CSV": (b"annotation_id,annotator,image\n1,2,a.png\n", "it is a table, as its CSV and TSV exports are"),
    "one annotation of a storage": ({"id": 5, "result": [], "task": {"id": 1}}, "it holds single annotations"),
    "annotations of a storage": ([{"id": 5, "result": [], "task": {"id": 1}}], "it holds single annotations"),
    "tasks to import": ([{"data": {"image": "a.png"}}], "its tasks are as one imports them, and none has annotations"),
    "flat tasks": ([{"image": "a.png"}], "its tasks are as one imports them"),
    "COCO": ({"images": [], "annotations": [], "categories": []}, "it is COCO's"),
    "VOC": (b"<annotation><object/></annotation>", "it is XML"),
    "a number": (b"17", "it has no tasks"),
}


@pytest.mark.parametrize("name", NAMED)
def test_another_export_is_named_with_the_way_out(read, name):
    content, kind = NAMED[name]
    with pytest.raises(UsageError, match=kind) as refused:
        read(content)
    assert "in Label Studio choose Export, then JSON" in str(refused.value)


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["classes.txt", "labels/a.txt"], "an archive of YOLO's format, which can be unpacked and pulled with"),
        (["result.json", "images/a.jpg"], "an archive of COCO's format"),
        (["project-1.json"], "it is an archive; if the JSON file is in it, unpack it"),
    ],
)
def test_an_archive_is_named(read, names, kind):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    with pytest.raises(UsageError, match=kind):
        read(packed.getvalue())
    with pytest.raises(UsageError, match="it is an archive"):
        read(packed.getvalue()[:30])


def test_other_shapes_of_the_same_tasks_are_read(read):
    tasks = [task(1, annotation(box(1, 1, 9, 9))), task(2, annotation(box(2, 2, 9, 9)))]
    plain = read(tasks)
    text = json.dumps(tasks, ensure_ascii=False)
    lines = "\n".join(json.dumps(each) for each in tasks)
    old = [{**each, "completions": each["annotations"]} for each in tasks]
    for each in old:
        del each["annotations"]
    numbered = [{key: value for key, value in each.items() if key != "id"} for each in tasks]
    for given in (
        codecs.BOM_UTF8 + text.encode(),
        text.encode("utf-16"),
        lines.encode(),
        {"tasks": tasks, "total": 2},
        old,
        numbered,
    ):
        drawn = read(given)
        assert drawn.regions.equals(plain.regions)
        assert drawn.images["task_id"].to_pylist() == [1, 2]
    assert read(tasks[0]).images["task_id"].to_pylist() == [1]


def test_what_is_no_utf8_is_said_to_be_none(read):
    with pytest.raises(UsageError, match="not UTF-8"):
        read(json.dumps([task(1, data={"a": "é"})], ensure_ascii=False).encode("latin-1"))


def entry(name, kind="labels", **value):
    """What a second control says of the box q1."""
    return {"id": "q1", "type": kind, "from_name": name, "to_name": "image", "value": value}


def test_several_controls_of_one_shape_give_it_all_of_their_labels_in_any_order(read):
    place = {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0}
    shape = entry("box", "rectangle", **place)
    cup, dirty = entry("kind", **place, labels=["Cup"]), entry("state", **place, labels=["Dirty"])
    boxed = entry("kind", "rectanglelabels", **place, rectanglelabels=["Cup"])
    again = entry("state", "rectanglelabels", **place, rectanglelabels=["Dirty"])
    for entries in ([shape, cup, dirty], [dirty, shape, cup], [boxed, dirty], [boxed, again], [shape, again, boxed]):
        drawn = read([task(1, annotation(*entries))])
        assert drawn.regions["labels"].to_pylist() == [["Cup", "Dirty"]]
        assert reasons(drawn) == []


def test_two_boxes_that_share_an_id_stay_two(read):
    """A script that gives every region one id: other places are other objects; one and the same is left to convert."""
    same = [box(1, 1, 9, 9) | {"id": "1"}, box(50, 1, 9, 9, labels=["person"]) | {"id": "1"}]
    drawn = read([task(1, annotation(*same, same[0]))])
    assert drawn.regions["labels"].to_pylist() == [["car"], ["person"], ["car"]]


def test_labels_of_no_shape_are_counted(read):
    drawn = read([task(1, annotation(box(1, 1, 9, 9), entry("kind", labels=["Cup"])))])
    assert reasons(drawn) == [("dropped", "not_a_shape", 1)]


SIDE_BY_SIDE = [
    {
        "id": number,
        "data": {"before": f"b{number}.png", "after": f"a{number}.png"},
        "annotations": [annotation(*([box(1, 1, 9, 9, to_name="before")] if number < 3 else []))],
    }
    for number in (1, 2, 3)
]


def test_without_a_configuration_the_whole_export_says_what_could_be_drawn_on(read):
    drawn = read(SIDE_BY_SIDE)
    status = dict(zip(drawn.images["source"].to_pylist(), drawn.images["status"].to_pylist(), strict=True))
    assert [name for name in status if status[name] == "excluded"] == ["a1.png", "a2.png", "a3.png"]
    assert status["b3.png"] == "background"
    assert reasons(drawn) == [("excluded", "never_drawn_on", number) for number in (1, 2, 3)]


def test_a_field_that_stands_alone_is_what_was_annotated(read):
    """Two projects in one export, one of which has no object: its pictures are backgrounds."""
    drawn = read(
        [task(1, annotation(box(1, 1, 9, 9))), {"id": 2, "data": {"p": "p.png"}, "annotations": [annotation()]}]
    )
    assert drawn.images["status"].to_pylist() == ["annotated", "background"]


def test_where_the_image_of_a_region_is_unknown_none_is_a_background(read):
    pair = {"id": 1, "data": {"l": "l.png", "r": "r.png"}, "annotations": [annotation(box(1, 1, 9, 9, to_name="img1"))]}
    drawn = read([pair])
    assert drawn.images["status"].to_pylist() == ["annotated", "annotated"]
    assert reasons(drawn) == [("dropped", "other_control", 1)]


def test_a_picture_with_nothing_but_a_choice_is_no_background_beside_another(read):
    choice = {"id": "c", "type": "choices", "to_name": "r", "value": {"choices": ["blurry"]}}
    shape = box(1, 1, 9, 9, to_name="l")
    pair = {"id": 1, "data": {"l": "l.png", "r": "r.png"}, "annotations": [annotation(shape, choice)]}
    drawn = read([pair])
    assert drawn.images["status"].to_pylist() == ["annotated", "excluded"]
    assert reasons(drawn) == [("dropped", "not_a_shape", 1), ("excluded", "no_shapes", 1)]


def test_what_annotators_disagree_on_makes_no_background(read):
    one = annotation(box(1, 1, 9, 9, to_name="l"), box(1, 1, 9, 9, to_name="r"))
    two = annotation(box(1, 1, 9, 9, to_name="l"), box(70, 70, 9, 9, to_name="r"))
    drawn = read([{"id": 1, "data": {"l": "l.png", "r": "r.png"}, "annotations": [one, two]}], policy="consensus")
    assert drawn.images["status"].to_pylist() == ["annotated", "annotated"]
    assert drawn.regions.num_rows == 1


def test_a_mask_of_numbers_that_are_no_bytes_ends_nothing(read):
    drawn = read([task(1, annotation(region("brush", format="rle", rle=[300, -1, 0])))])
    assert drawn.regions["rle"].to_pylist() == [b""]
