"""The rows of label files: the text that Python would format, and each row once, whatever their number and length."""

from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.stages.convert._rows import first_of_each, text

millionth = st.integers(0, 1_000_000)
even = st.lists(st.tuples(st.integers(0, 9), st.tuples(*[millionth] * 4)), max_size=8)
ragged = st.lists(st.tuples(st.integers(0, 1200), st.lists(millionth, min_size=1, max_size=9)), max_size=8)


def columns(rows):
    """Class ids, numbers and offsets, as a conversion holds them."""
    class_ids, numbers = np.array([number for number, _ in rows], np.int64), [list(each) for _, each in rows]
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in numbers])]).astype(np.int64)
    return class_ids, np.array(list(chain.from_iterable(numbers)), np.int64), offsets


@given(even | ragged)
def test_rows_are_written_as_python_formats_them(rows):
    written = text(*columns(rows))
    expected = [
        " ".join([str(number), *(f"{each / 1_000_000:.6f}" for each in numbers)]) + "\n" for number, numbers in rows
    ]
    assert written.content.decode() == "".join(expected)
    assert written.offsets.tolist() == np.cumsum([0, *map(len, expected)]).tolist()


few = st.lists(st.tuples(st.integers(0, 1), st.lists(st.integers(0, 1), min_size=1, max_size=3)), max_size=12)


@given(few, st.data())
def test_only_the_first_of_the_same_rows_on_an_image_stays(rows, data):
    images = sorted(data.draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows))))
    seen, expected = set(), []
    for image, (number, numbers) in zip(images, rows, strict=True):
        expected.append((image, number, *numbers) not in seen)
        seen.add((image, number, *numbers))
    assert first_of_each(np.array(images, np.int64), *columns(rows)).tolist() == expected
