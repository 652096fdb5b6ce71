"""Names are drawn in letters where this machine has a font for them; where not, it is known."""

import json
import os
import subprocess
import sys

import pytest

from detector.system import fonts
from tests.support.lettered import font

NAMES = ["cell", "größe (cm)", "赤血球", "𓀀 bird"]
LOOK = """
import json, sys
from detector.system import fonts
names = sys.argv[1:]
told = [[[part, file.name] for part, file in fonts.pieces(name)] for name in names]
print(json.dumps([fonts.unknown(names), told, fonts.font_for(names[2:3]).name]))
"""


@pytest.fixture
def installed(monkeypatch):
    """A machine with these fonts and no others."""

    def install(*files):
        monkeypatch.setattr(fonts, "_installed", lambda: list(files))
        fonts._file_with.cache_clear()

    yield install
    fonts._file_with.cache_clear()


def test_a_font_of_the_machine_is_taken_for_what_ours_lacks(tmp_path):
    """As fontconfig's folders have it, in a process of its own: matplotlib looks there once."""
    made = font(tmp_path / "fonts" / "Hand-CJK.ttf", "赤血球0123456789.𓀀")
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    ran = subprocess.run(
        [sys.executable, "-c", LOOK, *NAMES], env=environment, capture_output=True, text=True, check=True
    )
    unknown, told, whole = json.loads(ran.stdout)
    assert unknown == []
    assert told[:2] == [[["cell", "DejaVuSans.ttf"]], [["größe (cm)", "DejaVuSans.ttf"]]]
    assert "".join(part for part, _ in told[3]) == NAMES[3]
    assert {file for name in told[2:] for _, file in name} - {"DejaVuSans.ttf"}
    if not any("CJK" in file for name in told[2:] for _, file in name):
        pytest.skip("this machine has other fonts with these letters")
    assert told[2] == [["赤血球", made.name]]
    assert whole == made.name


def test_names_that_no_font_has_are_known(installed, tmp_path):
    installed()
    assert fonts.unknown([*NAMES, "赤血球"]) == ["赤血球", "𓀀 bird"]
    installed(font(tmp_path / "some.ttf", "赤血"))
    assert fonts.unknown(NAMES) == ["赤血球", "𓀀 bird"]
    installed(font(tmp_path / "all.ttf", "赤血球𓀀"))
    assert fonts.unknown(NAMES) == []


def test_a_name_is_drawn_in_parts(installed, tmp_path):
    made = font(tmp_path / "cjk.ttf", "赤血球")
    installed(made)
    assert list(fonts.pieces("赤血球 0.85")) == [("赤血球", made), (" 0.85", fonts.own())]
    assert list(fonts.pieces("")) == []


def test_one_font_for_all_has_digits_too(installed, tmp_path):
    without, whole = font(tmp_path / "a.ttf", "赤血球"), font(tmp_path / "b.ttf", "赤血球0123456789.")
    installed(without, whole)
    assert fonts.font_for(["赤血球"]) == whole
    assert fonts.font_for(["cell"]) == fonts.own()
    assert fonts.font_for(["赤血球", "𓀀"]) == fonts.own()


def test_a_file_that_is_no_font_is_passed_over(installed, tmp_path):
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    installed(broken, tmp_path / "gone.ttf")
    assert fonts.unknown(["赤"]) == ["赤"]
