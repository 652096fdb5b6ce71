"""Lines on a terminal break between words, under the column of their text."""

import io
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.system.wrapping import cells, width_of, wrapped
from tests.support.screens import plain, shown

TITLED = "convert              version 57ff0bd28d31: 101 objects on 22 images"


def test_a_titled_line_goes_on_under_its_text():
    assert wrapped(TITLED, 50).split("\n") == [
        "convert              version 57ff0bd28d31: 101",
        "                     objects on 22 images",
    ]


def test_an_indented_line_and_a_sentence_go_on_where_they_began():
    assert wrapped("    one two three", 13) == "    one two\n    three"
    assert wrapped("one two three\n\nfour", 8) == "one two\nthree\n\nfour"


def test_a_long_word_stays_whole_and_may_stand_alone():
    path = "runs/20261126T190431Z-08b9ea/report.html"
    assert wrapped(f"report  {path} and more", 30) == f"report  {path}\n        and more"


def test_a_short_parenthesis_is_one_word():
    assert wrapped("pull  200 tasks from export.json  (0.2 s)", 40) == "pull  200 tasks from export.json\n      (0.2 s)"
    assert wrapped("    the same as another (tasks 62, 163)", 37) == "    the same as another\n    (tasks 62, 163)"


def test_wide_letters_take_two_columns_and_accents_none():
    assert (cells("日本"), cells("e\u0301"), cells("Zelle №1")) == (4, 1, 8)
    assert wrapped("names  日本 日本 日本", 16) == "names  日本 日本\n       日本"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"])), st.integers(40, 120))
def test_no_word_is_lost_and_no_line_is_longer_than_it_must_be(text, width):
    lines = wrapped(text, width).split("\n")
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cells(line) <= width or " " not in line.strip() or cells(text) <= width for line in lines if line)


def test_without_a_terminal_lines_are_as_they_are():
    assert width_of(io.StringIO()) is None
    assert wrapped(TITLED * 5, None) == TITLED * 5


@pytest.mark.parametrize(("environment", "red"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_an_error_on_a_terminal_is_red_and_wrapped(tmp_path, environment, red):
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | environment
    code, said = shown([sys.executable, "-m", "detector", "validate", "nothing-here.yaml"], tmp_path, 60, env)
    assert code == 2
    assert ("\x1b[31m" in said) == red
    lines = [line for line in plain(said) if line]
    assert len(lines) > 1
    assert all(len(line) <= 60 for line in lines)
