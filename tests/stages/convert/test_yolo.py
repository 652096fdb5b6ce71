"""What a region becomes, case by case: each is one that exports elsewhere get wrong."""

import numpy as np
import pytest

from detector.errors import UsageError
from tests.support.exports import CLASSES, annotation, box, converted, labels, picture, reasons, region, task
from tests.support.jobs import Pipeline

SEGMENT = Pipeline(task="segment", classes=CLASSES)


def test_a_box_is_its_centre_and_size(tmp_path):
    dataset, _ = converted(tmp_path, [task(1, annotation(box(10, 20, 30, 40)))])
    assert labels(dataset, 1) == [[0, 0.25, 0.4, 0.3, 0.4]]


def test_a_rotated_box_turns_in_pixels_about_its_corner(tmp_path):
    """200 x 100 pixels: (100, 20) px, 40 x 20 px, a quarter turn clockwise covers x 80..100, y 20..60."""
    dataset, _ = converted(tmp_path, [task(1, annotation(box(50, 20, 20, 20, rotation=90)))])
    assert labels(dataset, 1) == [[0, 0.45, 0.4, 0.1, 0.4]]
    assert reasons(dataset, "changed") == {"envelope": [1]}


def test_segment_takes_the_corners_of_a_rotated_box(tmp_path):
    dataset, _ = converted(tmp_path, [task(1, annotation(box(50, 20, 20, 20, rotation=90)))], SEGMENT)
    assert labels(dataset, 1) == [[0, 0.5, 0.2, 0.5, 0.6, 0.4, 0.6, 0.4, 0.2]]
    assert reasons(dataset, "changed") == {"corners": [1]}


def test_segment_refuses_boxes_when_told_to(tmp_path):
    with pytest.raises(UsageError, match="1 region is a rectangle"):
        converted(tmp_path, [task(1, annotation(box(50, 20, 20, 20)))], SEGMENT, boxes="fail")


def test_class_ids_are_those_of_the_pipeline(tmp_path):
    """Not alphabetical, and a mapping merges labels."""
    pipeline = Pipeline(classes={"zebra": ("zebra",), "car": ("car", "auto")})
    shapes = [box(0, 0, 9, 9, labels=[name]) for name in ("car", "zebra")] + [box(20, 20, 9, 9, labels=["auto"])]
    dataset, _ = converted(tmp_path, [task(1, annotation(*shapes))], pipeline)
    assert [row[0] for row in labels(dataset, 1)] == [1, 0, 1]


def test_an_unknown_label_is_an_error_that_names_it(tmp_path):
    with pytest.raises(UsageError, match=r"the label 'cat' is in no class.*1 region, e.g. task 7"):
        converted(tmp_path, [task(7, annotation(box(0, 0, 9, 9, labels=["cat"])))])


def test_several_labels_are_refused_or_become_an_object_each(tmp_path):
    tasks = [task(1, annotation(box(0, 0, 10, 10, labels=["car", "person"])))]
    with pytest.raises(UsageError, match="1 region has several labels"):
        converted(tmp_path, tasks)
    dataset, _ = converted(tmp_path, tasks, several_labels="each")
    assert [row[0] for row in labels(dataset, 1)] == [0, 1]
    assert reasons(dataset, "changed") == {"several_labels": [1]}


def test_a_region_without_label_is_dropped_and_leaves_no_false_background(tmp_path):
    dataset, _ = converted(tmp_path, [task(1, annotation(box(0, 0, 10, 10, labels=[])))])
    assert reasons(dataset, "dropped") == {"no_label": [1]}
    assert reasons(dataset, "excluded") == {"nothing_left": [1]}
    assert not list((dataset.folder / "labels").glob("*/00000001-*"))


def test_separate_labels_control_belongs_to_its_shape(tmp_path):
    shape = box(10, 10, 10, 10)
    shape["type"], shape["value"] = "rectangle", {"x": 10, "y": 10, "width": 10, "height": 10, "rotation": 0}
    name = {"id": shape["id"], "type": "labels", "to_name": "image", "value": {"labels": ["person"]}}
    dataset, _ = converted(tmp_path, [task(1, annotation(shape, name))])
    assert labels(dataset, 1) == [[1, 0.15, 0.15, 0.1, 0.1]]
    assert reasons(dataset, "dropped") == {}


def test_a_polygon_is_kept_in_segment_and_enveloped_in_detect(tmp_path):
    tasks = [task(1, annotation(region("polygon", points=[[10, 10], [30, 10], [20, 40]])))]
    dataset, _ = converted(tmp_path, tasks, SEGMENT)
    assert labels(dataset, 1) == [[0, 0.1, 0.1, 0.3, 0.1, 0.2, 0.4]]
    dataset, _ = converted(tmp_path, tasks)
    assert labels(dataset, 1) == [[0, 0.2, 0.25, 0.2, 0.3]]
    assert reasons(dataset, "changed") == {"envelope": [1]}


def test_an_ellipse_is_enveloped_exactly(tmp_path):
    """Radii 40 and 10 pixels, turned by 30 degrees: half sizes √(40²c² + 10²s²) and √(40²s² + 10²c²)."""
    dataset, _ = converted(
        tmp_path, [task(1, annotation(region("ellipse", x=50, y=50, radiusX=20, radiusY=10, rotation=30)))]
    )
    cosine, sine = np.cos(np.pi / 6), np.sin(np.pi / 6)
    width, height = 2 * np.hypot(40 * cosine, 10 * sine) / 200, 2 * np.hypot(40 * sine, 10 * cosine) / 100
    assert labels(dataset, 1) == [[0, 0.5, 0.5, pytest.approx(width, abs=1e-6), pytest.approx(height, abs=1e-6)]]


def test_an_ellipse_becomes_a_polygon_of_its_area(tmp_path):
    shape = region("ellipse", x=50, y=50, radiusX=20, radiusY=10, rotation=30)
    dataset, _ = converted(tmp_path, [task(1, annotation(shape))], SEGMENT)
    points = np.array(labels(dataset, 1)[0][1:]).reshape(-1, 2) * (200, 100)
    x, y = points.T
    covered = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    assert covered == pytest.approx(np.pi * 40 * 10, rel=0.01)


def test_shapes_beyond_the_edge_are_cut_and_those_outside_dropped(tmp_path):
    shapes = [box(-10, 50, 20, 20), box(110, 10, 20, 20), box(10, 10, 10, 10)]
    dataset, _ = converted(tmp_path, [task(1, annotation(*shapes))])
    assert labels(dataset, 1) == [[0, 0.05, 0.6, 0.1, 0.2], [0, 0.15, 0.15, 0.1, 0.1]]
    assert reasons(dataset, "changed") == {"clipped": [1]}
    assert reasons(dataset, "dropped") == {"outside": [1]}


def test_a_cut_polygon_stays_inside(tmp_path):
    shape = region("polygon", points=[[-20, 50], [50, -20], [120, 50], [50, 120]])
    dataset, _ = converted(tmp_path, [task(1, annotation(shape))], SEGMENT)
    points = np.array(labels(dataset, 1)[0][1:]).reshape(-1, 2)
    assert points.min() == 0
    assert points.max() == 1
    assert len(points) == 8


def test_nothing_without_area_is_written(tmp_path):
    shapes = [
        box(10, 10, 0, 20),
        region("polygon", points=[[10, 10], [20, 20]]),
        region("polygon", points=[[10, 10], [20, 20], [30, 30]]),
        region("ellipse", x=1, y=1, radiusX=0, radiusY=3),
        region("brush", format="rle", rle=[]),
        box(10, 10, 10, 10),
    ]
    dataset, _ = converted(tmp_path, [task(1, annotation(*shapes))])
    assert len(labels(dataset, 1)) == 1
    assert reasons(dataset, "dropped") == {"zero_area": [1, 1, 1], "too_few_points": [1], "broken_mask": [1]}


@pytest.mark.parametrize(
    ("points", "kept"),
    [
        ([[10, 10], [30, 30], [30, 10], [10, 30]], 4),  # crosses itself: as drawn, which OpenCV fills by even and odd
        ([[10, 10], [10, 40], [30, 40], [30, 10]], 4),  # the other way around
        ([[10, 10], [30, 10], [30, 40], [10, 10]], 4),  # closed twice
    ],
)
def test_odd_polygons_are_kept_as_drawn(tmp_path, points, kept):
    dataset, _ = converted(tmp_path, [task(1, annotation(region("polygon", points=points)))], SEGMENT)
    [row] = labels(dataset, 1)
    assert np.array(row[1:]).reshape(-1, 2).tolist() == (np.array(points) / 100).tolist()
    assert len(row) == 1 + 2 * kept
    assert reasons(dataset, "dropped") == {}


def test_identical_regions_count_once(tmp_path):
    dataset, _ = converted(tmp_path, [task(1, annotation(box(1, 1, 9, 9), box(1, 1, 9, 9), box(1, 1, 9, 8)))])
    assert len(labels(dataset, 1)) == 2
    assert reasons(dataset, "dropped") == {"duplicate": [1]}


def test_only_a_submitted_empty_annotation_is_a_background(tmp_path):
    choice = {"id": "c", "type": "choices", "to_name": "image", "value": {"choices": ["blurry"]}}
    tasks = [
        task(1, annotation()),
        task(2),
        task(3, annotation(was_cancelled=True)),
        task(4, annotation(choice)),
        task(5, drafts=[{"id": 1}]),
        task(6, predictions=[{"id": 1}]),
        task(7, annotation(box(1, 1, 9, 9))),
        task(8, annotation(box(1, 1, 9, 9))),
        task(9, annotation(box(1, 1, 9, 9))),
    ]
    dataset, result = converted(tmp_path, tasks)
    assert labels(dataset, 1) == []
    assert result.figures["backgrounds"] == 1
    assert reasons(dataset, "excluded") == {
        "unlabelled": [2], "cancelled": [3], "no_shapes": [4], "draft_only": [5], "prediction_only": [6],
    }  # fmt: skip
    assert len(list((dataset.folder / "labels").glob("*/*.txt"))) == 4


@pytest.mark.parametrize(
    ("policy", "first_number"),
    [("latest", 0.25), ("first", 0.15), ("ground_truth", 0.35), ({"annotator": "bo@example.com"}, 0.35)],
)
def test_the_policy_picks_one_annotation(tmp_path, policy, first_number):
    annotations = [
        annotation(box(10, 10, 10, 10), at="2026-01-01T00:00:00Z"),
        annotation(box(20, 20, 10, 10), at="2026-01-03T00:00:00Z"),
        annotation(box(30, 30, 10, 10), at="2026-01-02T00:00:00Z", by="bo@example.com", ground_truth=True),
    ]
    dataset, _ = converted(tmp_path, [task(1, *annotations)], pulling={"annotations": policy})
    assert [row[1] for row in labels(dataset, 1)] == [first_number]
    assert reasons(dataset, "dropped") == {"other_annotation": [1, 1]}


def test_policy_fail_names_the_task(tmp_path):
    twice = task(5, annotation(box(1, 1, 9, 9)), annotation(box(1, 1, 9, 9)))
    with pytest.raises(UsageError, match="task 5 has several annotations"):
        converted(tmp_path, [twice], pulling={"annotations": "fail"})


def test_the_same_name_in_two_folders_stays_two_images(tmp_path):
    tasks = [
        task(number, annotation(box(number, 1, 9, 9)), data={"image": f"{folder}/photo.png"})
        for number, folder in enumerate("abc", 1)
    ]
    dataset, _ = converted(tmp_path, tasks)
    assert [labels(dataset, number)[0][1] for number in (1, 2, 3)] == [0.055, 0.065, 0.075]


def test_two_images_in_a_task_keep_their_own_regions(tmp_path):
    """`to_name` picks the image."""
    shapes = [box(10, 10, 10, 10, to_name="left"), box(40, 10, 10, 10, to_name="right", labels=["person"])]
    pair = {"id": 1, "data": {"left": "l.png", "right": "r.png"}, "annotations": [annotation(*shapes)]}
    dataset, _ = converted(tmp_path, [pair])
    files = {file.name: file.read_text() for file in (dataset.folder / "labels/train").glob("00000001-*")}
    assert files == {
        "00000001-left-l.txt": "0 0.150000 0.150000 0.100000 0.100000\n",
        "00000001-right-r.txt": "1 0.450000 0.150000 0.100000 0.100000\n",
    }


def test_a_list_of_images_in_a_task_keeps_their_own_regions(tmp_path):
    """`item_index` picks the image of a control with `valueList`; one that the list has not is a loss."""
    pages = ["p0.png", "p1.png", "p2.png"]
    for page in pages:
        picture(tmp_path / page)
    shapes = [box(10, 10, 10, 10), *(box(40, 10, 10, 10) | {"item_index": at} for at in (1, 7))]
    many = {"id": 1, "data": {"image": pages}, "annotations": [annotation(*shapes)]}
    dataset, _ = converted(tmp_path, [many])
    files = {file.name: file.read_text() for file in (dataset.folder / "labels/train").glob("00000001-*")}
    assert files == {
        "00000001-image-0-p0.txt": "0 0.150000 0.150000 0.100000 0.100000\n",
        "00000001-image-1-p1.txt": "0 0.450000 0.150000 0.100000 0.100000\n",
        "00000001-image-2-p2.txt": "",
    }
    assert reasons(dataset, "dropped") == {"other_control": [1]}


def test_a_turned_view_moves_nothing(tmp_path):
    """`image_rotation` says how the annotator had turned the picture; the shapes stay where they are in it."""
    for turned in (90, 180, 270):
        shape = box(10, 20, 10, 10) | {"image_rotation": turned}
        dataset, _ = converted(tmp_path / str(turned), _made(tmp_path / str(turned), [task(1, annotation(shape))]))
        assert labels(dataset, 1) == [[0, 0.15, 0.25, 0.1, 0.1]]


def _made(folder, tasks):
    folder.mkdir()
    return tasks


def test_what_is_no_shape_is_left_out_and_counted(tmp_path):
    """Keypoints, choices, text and relations beside a box, from several controls of one task."""
    others = [
        region("keypoint", x=10, y=10, width=1),
        {"id": "c", "type": "choices", "from_name": "quality", "to_name": "image", "value": {"choices": ["blurry"]}},
        {"id": "t", "type": "textarea", "from_name": "note", "to_name": "image", "value": {"text": ["a scratch"]}},
        {"id": "n", "type": "number", "from_name": "age", "to_name": "image", "value": {"number": 4}},
        {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"},
    ]
    dataset, result = converted(tmp_path, [task(1, annotation(box(10, 10, 10, 10), *others))])
    assert labels(dataset, 1) == [[0, 0.15, 0.15, 0.1, 0.1]]
    assert reasons(dataset, "dropped") == {"not_a_shape": [1] * 5}
    details = [entry["detail"] for entry in dataset.conversion["dropped"]["not_a_shape"]]
    assert details == ["keypointlabels", "choices", "textarea", "number", "relation"]
    assert result.figures["objects"] + result.figures["dropped"] == 6


def test_a_renamed_label_keeps_its_class(tmp_path):
    """Old tasks say `auto`, new ones `car`: a mapping makes one class of both, at the place that the file gives it."""
    tasks = [
        task(number, annotation(box(number, 0, 9, 9, labels=[name]))) for number, name in enumerate(["auto", "car"], 1)
    ]
    with pytest.raises(UsageError, match=r"the label 'auto' is in no class.*1 region, e.g. task 1"):
        converted(tmp_path, tasks)
    dataset, _ = converted(tmp_path, tasks, Pipeline(classes={"person": ("person",), "car": ("car", "auto")}))
    assert [labels(dataset, number)[0][0] for number in (1, 2)] == [1, 1]


def test_names_are_decoded_once_and_slugged(tmp_path):
    source = "uploads/caf%C3%A9 %231 ü.png"
    (tmp_path / "uploads").mkdir()
    picture(tmp_path / "uploads/café #1 ü.png")
    dataset, _ = converted(tmp_path, [task(1, annotation(box(1, 1, 9, 9)), data={"image": source})])
    assert [file.name for file in (dataset.folder / "labels/train").glob("00000001-*")] == ["00000001-cafe-1-u.txt"]
    assert dataset.images["source"].to_pylist()[0] == source


def test_every_region_is_kept_dropped_or_its_image_excluded(tmp_path):
    shapes = [box(1, 1, 9, 9), box(1, 1, 9, 9), box(1, 1, 0, 9), box(120, 1, 9, 9), box(3, 3, 9, 9, labels=[])]
    tasks = [task(1, annotation(*shapes), annotation(box(5, 5, 5, 5), was_cancelled=True)), task(2, annotation())]
    _, result = converted(tmp_path, tasks)
    assert result.figures["objects"] + result.figures["dropped"] == 6


def test_ultralytics_reads_every_file_without_a_complaint(tmp_path):
    from ultralytics.data.utils import verify_image_label

    shapes = [
        box(-5, 50, 20, 20),
        box(50, 20, 20, 20, rotation=33),
        region("polygon", points=[[1, 1], [9, 1], [5, 120]]),
    ]
    dataset, _ = converted(
        tmp_path, [task(1, annotation(*shapes)), task(2, annotation()), task(3, annotation(*shapes))], SEGMENT
    )
    for file in dataset.images["file"].to_pylist():
        given = (str(dataset.image_path(file)), str(dataset.label_path(file)), "", False, 2, 0, 0, False)
        *_, missing, _, _, corrupt, message = verify_image_label(given)
        assert (missing, corrupt, message) == (0, 0, "")
