"""What a stranger wrote is shown on a terminal, and obeyed by none."""

import io
import json
import os
import re
import subprocess
import sys

import pytest

from detector.cli.options import say
from detector.reporting.terminal import Terminal
from detector.system.text import json_line, visible
from tests.support.folders import pictures, write
from tests.support.screens import plain, shown

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\r\u202etxt.exe\u2066"
SHOWN = r"\x1b[2J\x1b]0;owned\x07\x9b31m\r\u202etxt.exe\u2066"
COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def test_commands_are_written_out_and_words_stay():
    words = "Zelle №1\tپروانه\u200cها 日本 👩\u200d🔬 – ±\n"
    assert visible(words + HOSTILE) == words + SHOWN
    assert visible("caf\udce9 \u2028") == r"caf\udce9 \u2028"


def test_each_place_that_prints_writes_them_out(capsys):
    said = io.StringIO()
    Terminal(said).line(HOSTILE, f"a{HOSTILE}\nb\x0bc\x85d")
    say(HOSTILE)
    say(HOSTILE, err=True)
    out, err = capsys.readouterr()
    assert (out, err) == (f"{SHOWN}\n", f"{SHOWN}\n")
    assert said.getvalue().splitlines() == [f"{SHOWN}  a{SHOWN}", f"{'':<21}b\\x0bc\\x85d"]


def test_json_says_the_same_and_holds_no_command():
    line = json_line({HOSTILE: [HOSTILE, "caf\udce9", "é"]})
    assert not COMMANDS.search(line)
    assert json.loads(line) == {HOSTILE: [HOSTILE, "caf\udce9", "é"]}
    assert "é" in line


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A data set of somebody else's: names of classes, of files and of folders are commands."""
    folder = tmp_path_factory.mktemp("project")
    files = pictures("images", 12) | {"images/\x1b[31m.jpg": None, f"images/{'x'}\u202e.jpg": b"no image"}
    write(folder / "set", files | {"data.yaml": f"names: {json.dumps(['Cup', HOSTILE])}\n"})
    (folder / "set/far\x1b[5m").symlink_to("/etc")
    classes = json.dumps({"Plate": [HOSTILE], "Cup": ["Cup"]})
    text = f"name: a\ntask: detect\nclasses: {classes}\npull: {{using: yolo, path: set, without_txt: background}}\n"
    (folder / "pipeline.yaml").write_text(text)
    (folder / "refused.yaml").write_text(r'"\e[31m": 1' + "\n" + text)
    return folder


def detector(folder, *arguments):
    command = [sys.executable, "-m", "detector", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, env=os.environ | {"COLUMNS": "200"})


def test_a_run_on_such_a_data_set_writes_them_out(project):
    done = detector(project, "run", "--until", "convert")
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    assert SHOWN in said
    assert r"far\x1b[5m" in said
    assert not COMMANDS.search(said)
    done = detector(project, "run", "--until", "pull", "--force", "pull", "--json")
    assert not COMMANDS.search((done.stdout + done.stderr).decode())
    logs = [file.read_text() for file in project.glob("runs/*/log")]
    assert not any(COMMANDS.search(log) for log in logs)
    assert any(SHOWN in log for log in logs)
    [step] = json.loads(done.stdout)["steps"]
    assert any(HOSTILE in note for note in step["notes"])


@pytest.mark.parametrize("arguments", [("validate", "refused.yaml"), ("run", "\x1b[31m.yaml"), ("diff", "\x1b[31m")])
def test_an_error_writes_them_out(project, arguments):
    done = detector(project, *arguments)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 2
    assert r"\x1b[31m" in said
    assert not COMMANDS.search(said)


CLOCK = """
import sys, time
from detector.reporting import terminal as module
terminal = module.Terminal()
patience, module.PATIENCE = module.PATIENCE, 60
with terminal.at_work("quick"):
    pass
assert "rich" not in sys.modules
module.PATIENCE = patience
with terminal.at_work("slow"):
    time.sleep(1.5)
    terminal.line("", "a line above it")
    with terminal.progress("bar", 2) as advance:
        advance(1)
        time.sleep(0.5)
    time.sleep(0.5)
"""


def test_a_clock_moves_while_something_takes_long_and_only_then(tmp_path):
    code, said = shown([sys.executable, "-c", CLOCK], tmp_path, 80, dict(os.environ))
    assert code == 0, said
    lines = [line.rstrip() for line in plain(said) if line.strip()]
    moved = [re.sub(r" +[⠁-⣿] 0:00:0\d$| +[━╺╸ ]+[01]/2.*", "", line) for line in lines]
    assert list(dict.fromkeys(moved)) == ["slow", "                     a line above it", "bar"]
    assert moved[-1] == "slow", "the clock goes on after the bar"


BAR = """
from detector.reporting.terminal import Terminal
terminal = Terminal()
with terminal.progress("pull", 0):
    pass
with terminal.progress("train", 2) as advance:
    for epoch in (1, 2):
        advance(1)
        terminal.metrics({"val/mAP50-95": epoch / 10, "val/mAP50": 0.5}, epoch)
terminal.line("train", "epoch 2 of 2 is best: a line that is longer than the terminal has columns in it")
"""


def test_the_bar_tells_the_last_map_and_a_line_goes_on_under_its_text(tmp_path):
    code, said = shown([sys.executable, "-c", BAR], tmp_path, 80, dict(os.environ))
    lines = [line.rstrip() for line in plain(said) if line.strip()]
    assert code == 0
    assert any(re.search(r"^train .* 2/2 \S+ mAP50-95 0.200$", line) for line in lines)
    assert not any(line.startswith("pull") for line in lines)
    assert lines[-2:] == [
        "train                epoch 2 of 2 is best: a line that is longer than the",
        "                     terminal has columns in it",
    ]
