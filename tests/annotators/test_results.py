"""What a model sees → Label Studio's regions, as the project's own configuration has controls."""

import numpy as np
import pytest

from detector.annotators.results import Picture, results
from detector.data.masks import decode_rle
from detector.inference.seen import Object
from detector.label_studio.controls import controls

PHOTO = Picture("photo", 200, 100)
BOX = Object(0, 0.9, (0.5, 0.5, 0.2, 0.4), None)
TRIANGLE = Object(1, 0.8, (0.3, 0.3, 0.2, 0.2), [0.2, 0.2, 0.4, 0.2, 0.3, 0.4])
NAMES = ["cup", "lid"]
LABELS = '<Label value="cup"/><Label value="lid"/>'


def shape(kind, name="shape", labels=LABELS, image="photo"):
    return f'<{kind} name="{name}" toName="{image}">{labels}</{kind}>'


def send(*objects, config, picture=PHOTO, classes=None):
    view = f'<View><Image name="photo" value="$image"/>{config}</View>'
    return results(objects, picture, controls(view), NAMES, classes or {})


def test_a_box_for_rectangles():
    [region] = send(BOX, config=shape("RectangleLabels")).regions
    assert region.pop("id")
    assert region == {
        "from_name": "shape",
        "to_name": "photo",
        "type": "rectanglelabels",
        "original_width": 200,
        "original_height": 100,
        "image_rotation": 0,
        "score": 0.9,
        "value": {"x": 40.0, "y": 30.0, "width": 20.0, "height": 40.0, "rotation": 0, "rectanglelabels": ["cup"]},
    }


def test_what_stands_out_of_the_picture_is_cut():
    [region] = send(Object(0, 0.9, (0.0, 1.0, 0.2, 0.4), None), config=shape("RectangleLabels")).regions
    value = region["value"]
    assert (value["x"], value["y"], value["width"], value["height"]) == (0, 80, 10, 20)


def test_a_rectangle_and_its_labels_are_two_entries_of_one_id():
    boxes, names = send(BOX, config=f'<Rectangle name="r" toName="photo"/>{shape("Labels", "kind")}').regions
    assert boxes["id"] == names["id"]
    assert (boxes["from_name"], boxes["type"]) == ("r", "rectangle")
    assert "labels" not in boxes["value"]
    assert (names["from_name"], names["type"], names["value"]["labels"]) == ("kind", "labels", ["cup"])


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["BrushLabels", "RectangleLabels", "PolygonLabels"], "polygonlabels"),
        (["RectangleLabels", "BrushLabels"], "brushlabels"),
        (["RectangleLabels"], "rectanglelabels"),
    ],
)
def test_an_outline_is_a_polygon_a_mask_or_a_box_in_this_order(kinds, expected):
    [region] = send(TRIANGLE, config="".join(shape(kind, kind) for kind in kinds)).regions
    assert region["type"] == expected


def test_a_polygon_is_as_it_was():
    [region] = send(TRIANGLE, config=shape("PolygonLabels")).regions
    assert region["value"] == {"points": [[20, 20], [40, 20], [30, 40]], "closed": True, "polygonlabels": ["lid"]}


def test_an_outline_of_every_pixel_becomes_one_that_a_person_can_edit():
    angles = np.arange(2000) / 2000 * 2 * np.pi
    ring = np.stack([0.5 + 0.2 * np.cos(angles), 0.5 + 0.4 * np.sin(angles)], axis=1)
    [region] = send(TRIANGLE._replace(polygon=ring.ravel().tolist()), config=shape("PolygonLabels")).regions
    points = np.array(region["value"]["points"])
    assert len(points) < 60
    assert np.hypot((points[:, 0] - 50) / 20, (points[:, 1] - 50) / 40) == pytest.approx(1, abs=1e-3)


def test_a_mask_covers_the_outline():
    [region] = send(TRIANGLE, config=shape("BrushLabels")).regions
    mask = decode_rle(bytes(region["value"]["rle"]), 200, 100)
    assert region["value"]["format"] == "rle"
    assert np.flatnonzero(mask.any(axis=0))[[0, -1]] == pytest.approx([40, 79], abs=1)
    assert mask.sum() == pytest.approx(40 * 20 / 2, rel=0.15)  # and the pixels of the edge


def test_a_box_where_nothing_but_polygons_are_drawn():
    [region] = send(BOX, config=shape("PolygonLabels")).regions
    assert region["value"]["points"] == [[40, 30], [60, 30], [60, 70], [40, 70]]


def test_each_class_goes_to_the_control_that_has_it():
    two = shape("RectangleLabels", "a", '<Label value="cup"/>') + shape("RectangleLabels", "b", '<Label value="lid"/>')
    sent = send(BOX, BOX._replace(class_id=1), config=two)
    assert [region["from_name"] for region in sent.regions] == ["a", "b"]


def test_a_class_that_the_configuration_does_not_have_is_told():
    sent = send(BOX, TRIANGLE, config=shape("RectangleLabels", labels='<Label value="cup"/>'))
    assert [region["value"]["rectanglelabels"] for region in sent.regions] == [["cup"]]
    assert sent.unsent == [TRIANGLE]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ('<Label value="mug"/><Label value="cup"/>', "cup"),
        ('<Label value="mug"/>', "mug"),
        ('<Label value="Tasse" alias="mug"/>', "mug"),
    ],
)
def test_a_class_is_sent_by_a_label_that_means_it(labels, expected):
    sent = send(BOX, config=shape("RectangleLabels", labels=labels), classes={"cup": ("mug", "cup"), "lid": ("lid",)})
    assert [region["value"]["rectanglelabels"] for region in sent.regions] == [[expected]]


def test_a_label_that_means_no_class_is_not_sent():
    sent = send(BOX, config=shape("RectangleLabels", labels='<Label value="cup"/>'), classes={"cup": ("mug",)})
    assert sent.regions == []


def test_an_image_of_a_list_is_named_by_its_number():
    picture = PHOTO._replace(control="photo[2]")
    [region] = send(BOX, config=shape("RectangleLabels"), picture=picture).regions
    assert (region["to_name"], region["item_index"]) == ("photo", 2)


def test_another_image_is_another_control():
    config = '<Image name="back" value="$back"/>' + shape("RectangleLabels", "on back", image="back")
    assert send(BOX, config=config).unsent == [BOX]
    [region] = send(BOX, config=config, picture=PHOTO._replace(control="back")).regions
    assert (region["from_name"], region["to_name"]) == ("on back", "back")


def test_in_a_repeater_the_controls_have_the_number_of_the_image():
    repeated = f"""<View><Repeater on="$pages" indexFlag="[[at]]"><Image name="page_[[at]]" value="$pages[[[at]]]"/>
      <Rectangle name="box_[[at]]" toName="page_[[at]]"/>
      <Labels name="kind_[[at]]" toName="page_[[at]]">{LABELS}</Labels></Repeater></View>"""
    sent = results([BOX], PHOTO._replace(control="page_12"), controls(repeated), NAMES, {})
    assert [region["from_name"] for region in sent.regions] == ["box_12", "kind_12"]
    assert {region["to_name"] for region in sent.regions} == {"page_12"}


def test_two_that_are_alike_are_two_regions():
    sent = send(BOX, BOX, config=shape("RectangleLabels"))
    assert len({region["id"] for region in sent.regions}) == 2
