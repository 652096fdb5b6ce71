"""What a person sees of the commands, on terminals of 80 and of 120 columns.

Each is a golden text: `UPDATE_GOLDEN=1` writes it. What differs from run to run is masked.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from detector.reporting.terminal import MARGIN
from detector.system.wrapping import cells
from tests.support.exports import annotation, box, picture, task
from tests.support.screens import STYLE, shown, stays

GOLDEN = Path(__file__).parents[1] / "golden/screens"
PIPELINE = """name: cells
task: detect
classes: [car, person]
pull: {using: label_studio_export, path: export.json}
convert: {split: {field: split}}
check: {using: rules, fail_on: {leaked_images: 0, tiny_objects: warn, class_imbalance: warn}}
train: {model: yolo11n.yaml, epochs: 3, image_size: 64}
export: []
"""
MASKS = (
    (re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}"), "20260101T000000Z-abcdef"),
    (re.compile(r"\((\d+ min )?[\d.]+ s"), "(0.1 s"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "0123456789ab"),
    (re.compile(r"(?<=  )(\d+ min )?\d+(\.\d)? s(?=  )"), "0.1 s"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC"), "2026-01-01 00:00 UTC"),
    (re.compile(r"(?<![\d.])[+−-]?[01]\.\d{3,4}\b"), "0.123"),
    (re.compile(r"\bepoch \d+\b"), "epoch 2"),
    (re.compile(r"TOOK +CAME TO"), "TOOK   CAME TO"),
    (re.compile(r"\d+ (parameter|metric value|file)s?"), r"9 \1s"),
)
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS", "LINES"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    regions = [[box(10 + number, 20, 30, 30), box(50, 50, 20, 20, labels=["person"])] for number in range(9)]
    tasks = [
        task(number, annotation(*drawn), data={"split": ("train", "val", "test")[number % 3]})
        for number, drawn in enumerate(regions, 1)
    ]
    tasks[4]["annotations"][0]["result"].append(box(30, 30, 0, 10))  # has no area
    for each in tasks:
        picture(folder / each["data"]["image"], seed=each["id"])
    (folder / "export.json").write_text(json.dumps(tasks))
    return folder


def detector(folder, columns, *arguments, until=None, **environment):
    command = [sys.executable, "-m", "detector", *arguments]
    return shown(command, folder, columns, ENVIRONMENT | {"TERM": "xterm-256color"} | environment, until)


def masked(said):
    """The lines that stay, without what differs each time."""
    text = "\n".join(stays(said))
    for pattern, instead in MASKS:
        text = pattern.sub(instead, text)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


SCREENS = (  # in this order, in one project
    ("validate", ("validate",), 0),
    ("plan_first", ("plan", "--until", "check"), 0),
    ("run", ("run", "--until", "check"), 0),
    ("run_nothing_new", ("run", "--until", "check"), 0),
    ("plan_nothing_new", ("plan", "--until", "check"), 0),
    ("gate", ("run", "--until", "check", "--set", "check.fail_on.class_imbalance=0"), 3),
    ("failure", ("run", "--until", "check", "--set", "pull.path=nowhere.json"), 2),
    ("unknown_key", ("validate", "--set", "train.epoch=3"), 2),
    ("status", ("status",), 0),
)


@pytest.mark.parametrize("columns", [80, 120])
def test_each_screen_is_as_it_was_looked_at(folder, tmp_path, columns):
    project = tmp_path / "project"
    shutil.copytree(folder, project)
    for name, arguments, code in SCREENS:
        ended, said = detector(project, columns, *arguments)
        assert ended == code, said
        as_looked_at(name, columns, said)


def as_looked_at(name, columns, said):
    """What stays on the screen is the golden text: no line is wider than the terminal, but for a word that is."""
    text = masked(said)
    file = GOLDEN / f"{name}.{columns}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert text == file.read_text(), name
    wide = [line for line in text.splitlines() if cells(line) > columns]
    assert [line for line in wide if max(map(cells, line.split())) <= columns - MARGIN] == [], name


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """What a whole run says, one that is interrupted in its training, and the next; and the project afterwards."""
    project = tmp_path_factory.mktemp("trained") / "project"
    shutil.copytree(folder, project)
    more = ("run", "--set", "train.epochs=5")
    return project, {
        ("whole_run", 120): (0, *detector(project, 120, "run")),
        ("interrupted", 80): (130, *detector(project, 80, *more, until=r"train .* 2/5 .* mAP50-95 \d")),
        ("plan_goes_on", 80): (0, *detector(project, 80, "plan", *more[1:])),
        ("goes_on", 80): (0, *detector(project, 80, *more)),
    }


def test_a_whole_run_an_interrupted_one_and_the_next_are_as_they_were_looked_at(trained):
    for (name, columns), (code, ended, said) in trained[1].items():
        assert ended == code, said
        as_looked_at(name, columns, said)


@pytest.mark.parametrize("columns", [80, 120])
def test_two_models_beside_each_other_are_as_they_were_looked_at(trained, columns):
    two = [folder.name for folder in sorted((trained[0] / "runs").glob("2*Z-*"))]
    ended, said = detector(trained[0], columns, "compare", *two)
    assert ended == 0, said
    as_looked_at("compare", columns, said)


def test_the_status_of_two_models_is_as_it_was_looked_at(trained):
    """At 120 columns: where a line breaks at 80 depends on how long the trainings took."""
    ended, said = detector(trained[0], 120, "status")
    assert ended == 0, said
    as_looked_at("status_of_two_models", 120, said)


def test_a_beginning_is_as_it_was_looked_at(tmp_path):
    for name, columns in (("init", 80), ("init_again", 120)):
        ended, said = detector(tmp_path, columns, "init", "parts")
        assert ended == 0, said
        as_looked_at(name, columns, said)


def test_something_moves_while_nothing_is_said_and_the_bar_tells_the_last_map(trained):
    _, _, said = trained[1]["whole_run", 120]
    moving = STYLE.sub("", said)
    for step in ("record", "evaluate"):
        assert re.search(rf"{step} +[⠁-⣿] 0:00:0", moving), step
    assert re.search(r"train +━.* 3/3 \S+ mAP50-95 \d\.\d{3}", moving)


def test_where_nothing_is_new_no_clock_is_made(trained):
    _, said = detector(trained[0], 80, "run", "--set", "train.epochs=5", PYTHONPROFILEIMPORTTIME="1")
    assert "nothing is new since the last run" in said
    assert "detector.orchestrator.loop" in said
    assert not re.search(r"\| +rich", said)


def test_failures_are_red_and_warnings_yellow_where_colours_are_wanted(folder, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(folder, project)
    failing = ("run", "--set", "pull.path=nowhere.json")
    assert "\x1b[31mpull.path: nowhere.json" in detector(project, 80, *failing)[1]
    said = detector(project, 80, *failing, NO_COLOR="1")[1]
    assert "\x1b[31m" not in said
    assert "pull.path: nowhere.json" in said
    piped = subprocess.run(
        [sys.executable, "-m", "detector", *failing],
        cwd=project,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "pull.path: nowhere.json" in piped.stderr
    assert "\x1b" not in piped.stdout + piped.stderr
    warning = ("run", "--until", "convert", "--metrics-file", "/proc/run.prom")
    assert "\x1b[33m--metrics-file /proc/run.prom could not be written" in detector(project, 80, *warning)[1]
