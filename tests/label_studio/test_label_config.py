"""What the Image controls of a labelling configuration show, and which of them anybody could draw on."""

import pytest

from detector.errors import UsageError
from detector.label_studio.label_config import canvases, guessed_images, shown

BOXES = '<RectangleLabels name="kind" toName="photo"><Label value="Cup"/></RectangleLabels>'
DATA = {
    "image": "a.jpg",
    "file": "b.jpg",
    "dir": "imgs",
    "number": 7,
    "photo": {"url": "c.jpg", "sizes": [{"url": "d.jpg"}]},
    "pages": ["p0.jpg", "p1.jpg"],
    "a.b": "dotted.jpg",
    "my image": "spaced.jpg",
    "bild-datei": "hyphen.jpg",
    "größe": "g.jpg",
    "empty": "",
}


def view(value, attribute="value", shapes=BOXES):
    return f'<View><Image name="photo" {attribute}="{value}"/>{shapes}</View>'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("$image", "a.jpg"),
        ("/data/local-files/?d=imgs/$file", "/data/local-files/?d=imgs/b.jpg"),
        ("s3://shop/$dir/$file", "s3://shop/imgs/b.jpg"),
        ("https://example.com/$number.png", None),  # a path, `number.png`, as Label Studio has it
        ("https://example.com/$number", "https://example.com/7"),
        ("$photo.url", "c.jpg"),
        ("$photo.sizes[0].url", "d.jpg"),
        ("$pages[1]", "p1.jpg"),
        ("$a.b", "dotted.jpg"),
        ("$my image", "spaced.jpg"),
        ("$bild-datei", "hyphen.jpg"),
        ("$größe", "g.jpg"),
        ("https://example.com/legend.png", "https://example.com/legend.png"),
        ("$absent", None),
        ("imgs/$absent", None),
        ("imgs/$empty", None),
    ],
)
def test_a_value_is_a_field_a_path_or_a_text_with_some(value, expected):
    assert shown(canvases(view(value)), DATA) == ({"photo": expected} if expected else {})


@pytest.mark.parametrize("attribute", ["value", "valueList"])
def test_a_list_shows_each_of_its_images(attribute):
    assert shown(canvases(view("$pages", attribute)), DATA) == {"photo[0]": "p0.jpg", "photo[1]": "p1.jpg"}


@pytest.mark.parametrize(
    "value", ["", "$", "${image}", "image", "{{image}}", "$pages[{{idx}}]", "http://x/${file}.jpg"]
)
def test_a_value_that_cannot_be_understood_is_quoted(value):
    with pytest.raises(UsageError) as refused:
        canvases(view(value))
    assert f'<Image name="photo" value="{value}">, and that value can\'t be understood' in str(refused.value)


def test_where_nobody_could_draw_a_value_need_not_be_understood():
    assert canvases(view("whatever", shapes="")) == ()


REPEATED = """<View><Repeater on="$pages" {flag}mode="pagination">
  <Image name="page_{idx}" value="$pages[{idx}].url"/>
  <RectangleLabels name="kind_{idx}" toName="page_{idx}"><Label value="Cup"/></RectangleLabels>
</Repeater></View>"""


@pytest.mark.parametrize(("idx", "flag"), [("{{idx}}", ""), ("%N%", 'indexFlag="%N%" ')])
def test_a_repeater_shows_a_page_each(idx, flag):
    [canvas] = made = canvases(REPEATED.replace("{flag}", flag).replace("{idx}", idx))
    assert canvas.drawable
    assert shown(made, {"pages": [{"url": "p.jpg"}, {}, {"url": "q.jpg"}]}) == {"page_0": "p.jpg", "page_2": "q.jpg"}
    assert shown(made, {"pages": "p.jpg"}) == shown(made, {}) == {}


def test_a_repeater_in_a_repeater_is_refused():
    with pytest.raises(UsageError, match="a Repeater in a Repeater"):
        canvases('<View><Repeater on="$a"><Repeater on="$b"><Image name="i" value="$a"/></Repeater></Repeater></View>')


@pytest.mark.parametrize(
    ("shapes", "drawable"),
    [
        (BOXES, True),
        ('<polygon name="p" toname="photo"/>', True),
        ('<BrushLabels name="b" toName="other, photo"/>', True),
        ('<RectangleLabels name="b" toName="other"/>', False),
        ('<Choices name="c" toName="photo"/><KeyPointLabels name="k" toName="photo"/>', False),
        ('<Labels name="l" toName="photo"/>', False),
        ("", False),
    ],
)
def test_only_what_a_shape_control_names_could_be_drawn_on(shapes, drawable):
    assert [canvas.drawable for canvas in canvases(view("$image", shapes=shapes))] == [drawable]


@pytest.mark.parametrize(
    "config", ["", "<View>", b"\xff\xfe<", b"<?xml version='1.0' encoding='gb2312'?><View/>", "<View>&nbsp;</View>"]
)
def test_what_is_no_xml_is_said_to_be_none(config):
    with pytest.raises(UsageError, match="the labelling configuration is not XML"):
        canvases(config)


def test_a_configuration_may_be_in_any_encoding_of_xml():
    assert canvases(view("$größe").encode("utf-16")) == canvases(view("$größe")) == canvases(view("$größe").encode())


def test_without_a_configuration_nested_images_are_found():
    data = {"image": {"url": "a.jpg", "note": "x"}, "n": 1, "pages": ["a.png", "b.png"], "mixed": ["a.png", 1]}
    assert guessed_images(data) == {"image.url": "a.jpg", "pages[0]": "a.png", "pages[1]": "b.png"}
