"""Truth beside prediction: sizes, and where there is ink."""

import numpy as np
import pytest
from PIL import Image

from detector.data.drawing import Shape
from detector.stages.evaluate._pictures import SIDE, compare
from detector.system import fonts
from tests.support.lettered import font

SQUARE = np.array([[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]])


def photo(tmp_path, size=(80, 60)):
    path = tmp_path / "grey.png"
    Image.new("RGB", size, (90, 90, 90)).save(path)
    return path


def reddish(picture):
    red, green, blue = np.asarray(picture, int).transpose(2, 0, 1)
    return (red > 200) & (green < 90) & (blue < 90)


def test_only_mistakes_are_red(tmp_path):
    image = photo(tmp_path)
    right = compare(image, "right", [Shape(0, "a", SQUARE)], [Shape(0, "a 0.9", SQUARE)])
    wrong = compare(image, "wrong", [Shape(0, "a", SQUARE)], [Shape(0, "a 0.9", SQUARE, wrong=True)])
    assert not reddish(right).any()
    columns = reddish(wrong).any(axis=0).nonzero()[0]
    assert columns.min() > wrong.width / 2, "the mistake is in the prediction, on the right"


def test_a_small_image_is_enlarged_and_keeps_its_shape(tmp_path):
    page = compare(photo(tmp_path), "title", [], [])
    assert page.width > 2 * SIDE
    tall = compare(photo(tmp_path, (30, 90)), "title", [], [])
    assert tall.height > SIDE > tall.width / 2


def test_labels_stay_on_the_image(tmp_path):
    corner = np.array([[0.97, 0.0], [1.0, 0.0], [1.0, 0.05], [0.97, 0.05]])
    page = np.asarray(compare(photo(tmp_path), "t", [], [Shape(0, "a long label 0.99", corner, wrong=True)]), int)
    margin = page[:, -12:]
    assert (margin == margin[0, 0]).all(), "nothing is drawn in the page's margin"


def test_letters_are_drawn_with_a_font_that_has_them(tmp_path, monkeypatch):
    monkeypatch.setattr(fonts, "_installed", lambda: [font(tmp_path / "full.ttf", "赤血球")])
    fonts._file_with.cache_clear()
    there = compare(photo(tmp_path), "赤血球", [], [])
    monkeypatch.setattr(fonts, "_installed", list)
    fonts._file_with.cache_clear()
    boxes = compare(photo(tmp_path), "赤血球", [], [])
    fonts._file_with.cache_clear()
    ink = [int((np.asarray(each.convert("L"))[:40, :90] > 200).sum()) for each in (there, boxes)]
    assert ink[0] > 2 * ink[1] > 0, "each letter of that font is a full square, and a missing one is an outline"


@pytest.mark.parametrize("levels", [4_096, 65_536])
def test_sixteen_bits_are_drawn_as_yolo_sees_them(tmp_path, levels):
    path = tmp_path / "deep.png"
    Image.fromarray(np.full((60, 80), levels // 2, np.uint16)).save(path)
    page = np.asarray(compare(path, "t", [], []), int)
    assert abs(page[page.shape[0] // 2, page.shape[1] // 4] - levels // 2 // 256).max() <= 1
