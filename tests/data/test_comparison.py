"""What promote compared, written and read again."""

import json

import pytest

from detector.data import comparison
from detector.data.comparison import Comparison, Difference, Image, Mark, Marks
from detector.errors import UsageError

MISSED = Mark(1, [0.1, 0.1, 0.2, 0.1, 0.2, 0.2])
FALSE = Mark(0, [0.3, 0.1, 0.4, 0.1, 0.4, 0.2], 0.75)
WON = Image("test/1-größe.jpg", Marks([], [FALSE], [MISSED]), Marks([FALSE], [], []))
FIGURES = {"mAP50/红/a": Difference(0.5, 0.4, -0.2, 0.1, 0.2)}
TOLD = Comparison("3", None, "test", 35, "mAP50-95", 0.95, 0.0, (0.4, 0.3), FIGURES, [WON], [])


def test_what_is_written_is_read(tmp_path):
    file = comparison.write(TOLD, tmp_path)
    assert json.loads(file.read_text())["schema"] == comparison.SCHEMA
    assert comparison.read(tmp_path) == TOLD
    assert (TOLD.won[0].before.mistakes, TOLD.won[0].after.mistakes) == (2, 0)
    assert TOLD.figures["mAP50/红/a"].change == pytest.approx(-0.1)


def test_where_nothing_was_compared_there_is_none(tmp_path):
    assert comparison.read(tmp_path) is None


def test_another_form_is_refused(tmp_path):
    file = comparison.write(TOLD, tmp_path)
    file.write_text(file.read_text().replace('"schema": 1', '"schema": 2'))
    with pytest.raises(UsageError, match=r"comparison\.json is of another version of detector"):
        comparison.read(tmp_path)
