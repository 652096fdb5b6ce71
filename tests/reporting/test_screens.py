"""What a person sees of the commands, on terminals of 80 and of 120 columns.

Each is a golden text: `UPDATE_GOLDEN=1` writes it. What differs from run to run is masked.
"""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.exports import annotation, box, picture, task
from tests.support.screens import STYLE, shown

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


def detector(folder, columns, *arguments, **environment):
    command = [sys.executable, "-m", "detector", *arguments]
    return shown(command, folder, columns, ENVIRONMENT | {"TERM": "xterm-256color"} | environment)


def masked(said):
    """The lines that stay, without codes and what differs each time: what moves is written over."""
    ends = (line.rpartition("\r")[2].rstrip() for line in STYLE.sub("", said).replace("\r\n", "\n").split("\n"))
    text = "\n".join(ends)
    for pattern, instead in MASKS:
        text = pattern.sub(instead, text)
    kept = [line for line in text.split("\n") if not re.search(r"[⠁-⣿]|━", line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n") + "\n"


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
        text = masked(said)
        assert ended == code, said
        file = GOLDEN / f"{name}.{columns}.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        assert text == file.read_text(), name
        cut = [line for line in text.splitlines() if len(line) > columns and " " in line.strip()[: columns // 2]]
        assert not [line for line in cut if max(map(len, line.split())) < columns - 21], name


def test_something_moves_while_nothing_is_said(folder, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(folder, project)
    code, said = detector(project, 80, "run", "--until", "convert")
    before, _, after = STYLE.sub("", said).partition("9 tasks")
    assert code == 0
    assert re.search(r"pull +[⠁-⣿] 0:00:0", before)
    assert re.search(r"convert +[⠁-⣿] 0:00:0", after)


def test_failures_are_red_and_warnings_yellow_where_colours_are_wanted(folder, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(folder, project)
    failing = ("run", "--set", "pull.path=nowhere.json")
    assert "\x1b[31mpull.path: nowhere.json" in detector(project, 80, *failing)[1]
    said = detector(project, 80, *failing, NO_COLOR="1")[1]
    assert "\x1b[31m" not in said
    assert "pull.path: nowhere.json" in said
    warning = ("run", "--until", "convert", "--metrics-file", "/proc/run.prom")
    assert "\x1b[33m--metrics-file /proc/run.prom could not be written" in detector(project, 80, *warning)[1]
