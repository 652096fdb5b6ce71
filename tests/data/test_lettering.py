"""Names of shapes on a picture: each is on it, and none on another."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from detector.data.colours import FALSE, of_class
from detector.data.drawing import Shape, with_shapes
from detector.data.lettering import Name, places

WIDTH, HEIGHT = 320, 240
LABEL = 600  # pixels that a whole label has of its colour, at least, and a shape under others has not
shapes = st.tuples(*[st.floats(0, 1)] * 4).map(
    lambda at: (min(at[:2]) * WIDTH, min(at[2:]) * HEIGHT, max(at[:2]) * WIDTH, max(at[2:]) * HEIGHT)
)


@given(st.lists(st.builds(Name, shapes, st.floats(5, 120), st.floats(5, 20)), max_size=40))
def test_no_name_lies_on_another_or_leaves_the_picture(names):
    placed = places(names, (WIDTH, HEIGHT))
    corners = [
        (x, y, x + name.width, y + name.height)
        for name, (x, y) in ((name, place) for name, place in zip(names, placed, strict=True) if place)
    ]
    assert all(x >= 0 and y >= 0 and right <= WIDTH + 1e-9 and below <= HEIGHT for x, y, right, below in corners)
    for one, other in itertools.combinations(corners, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    assert len(placed) == len(names)
    assert not names or placed[0] is not None


def test_a_name_stands_above_its_shape_where_that_is_free():
    one, lower = Name((100, 100, 150, 150), 60, 15), Name((100, 105, 150, 150), 60, 15)
    assert places([one, lower], (WIDTH, HEIGHT)) == [(100, 85), (100, 150)]
    assert places([Name((300, 0, 319, 20), 60, 15)], (WIDTH, HEIGHT)) == [(260, 20)]


def test_of_shapes_in_one_place_those_on_top_are_named_and_every_name_is_whole():
    square = [(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)]
    many = [Shape(at, f"class {at} 0.0{at}", square) for at in range(1, 9)]
    drawn = np.asarray(with_shapes(Image.new("RGB", (WIDTH, HEIGHT)), [*many, Shape(0, "worst 0.9", square, True)]))
    named = [ink(drawn, of_class(each.class_id)) > LABEL for each in many]
    assert ink(drawn, FALSE) > LABEL
    assert named == sorted(named), "the last are on top"
    assert 4 <= sum(named) < len(many), "one without room is left out"


def ink(pixels, colour):
    """How many pixels have exactly this colour."""
    return int((pixels == [int(colour[at : at + 2], 16) for at in (1, 3, 5)]).all(axis=-1).sum())
