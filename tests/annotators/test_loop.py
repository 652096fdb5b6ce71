"""docs/tutorial.md, command by command: a run, drafts for the annotators, their corrections, another run, new drafts.

A micro network takes the place of published weights, and the annotators' part is done through the API.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.services.label_studio import TOKEN
from tests.support.team import PIPELINE, Team, region, team, tray

PAGE = (Path(__file__).parents[2] / "docs/tutorial.md").read_text()
LABELLED, UNLABELLED, CORRECTED, EPOCHS = 60, 20, 15, 25


@pytest.fixture(scope="module")
def loop(tmp_path_factory, label_studio):
    made = team(tmp_path_factory.mktemp("loop"), label_studio, labelled=LABELLED, unlabelled=UNLABELLED, epochs=EPOCHS)
    (made.folder / "pipeline.yaml").unlink()
    made.server.ask("PATCH", f"/api/projects/{made.project}/", json={"title": "Trays"})
    (made.folder / "pictures").mkdir()
    (made.folder / "pictures/a.png").write_bytes(tray(1)[0])
    return made


def follow(loop: Team, chapter: int) -> list[dict]:
    """Do what a chapter says; what each of its commands says with --json."""
    [text] = re.findall(rf"^## {chapter}\..*?(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    return [_said(loop, line) for line in lines if line.startswith("detector ")]


def _said(loop: Team, line: str) -> dict:
    variables = {"LABEL_STUDIO_URL": loop.server.url, "LABEL_STUDIO_TOKEN": TOKEN, "OMP_NUM_THREADS": "1"}
    command = line.replace("detector ", f"{sys.executable} -m detector ", 1) + " --json"
    done = subprocess.run(
        command, shell=True, cwd=loop.folder, env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def step(outcome, name):
    return next(each for each in outcome["steps"] if each["step"] == name)


def quick(loop: Team) -> None:
    """Train a micro network, on the splits of the tasks."""
    file = loop.folder / "pipeline.yaml"
    micro = yaml.safe_load(PIPELINE.format(url="", project=0, epochs=EPOCHS))
    made = yaml.safe_load(file.read_text()) | {key: micro[key] for key in ("convert", "check", "train", "export")}
    file.write_text(yaml.safe_dump(made, sort_keys=False))


@pytest.mark.timeout(1200)
def test_corrected_drafts_are_learned_and_only_what_changed_is_pushed_again(loop):
    follow(loop, 1)
    quick(loop)
    _, checked = follow(loop, 2)
    assert step(checked, "convert")["figures"]["images"] == LABELLED
    planned, first_run, status, champion = follow(loop, 3)
    assert next(each["step"] for each in planned["steps"] if each["run"]) == "train"
    assert "champion: version 1" in step(first_run, "promote")["summary"]
    assert status["champions"]
    assert champion["version"] == "1"

    [first] = follow(loop, 4)
    assert len(first["pushed"]) == CORRECTED
    corrected = [each["task"] for each in first["pushed"]]
    for task in corrected:
        _, shapes = tray(LABELLED + loop.unlabelled.index(task))
        loop.annotate(task, [region(at, *shape) for at, shape in enumerate(shapes)])

    second_run, compared, again = follow(loop, 5)
    assert step(second_run, "pull")["changes"]["changed"] == CORRECTED
    assert step(second_run, "convert")["figures"]["images"] == LABELLED + CORRECTED
    verdict = step(second_run, "promote")["summary"]
    assert re.match(r"(champion|challenger): version 2, .*\[[-−0-9., +]+\]", verdict), verdict
    assert compared["images"]["shared"]
    left = set(loop.unlabelled) - set(corrected)
    assert {each["task"] for each in again["pushed"]} == left
    assert again["skipped"]["annotated"] == LABELLED + CORRECTED
    assert (again["model_version"] == first["model_version"]) == verdict.startswith("challenger")
    assert all(len(loop.predictions(task)) == 1 for task in left)
    assert _said(loop, "detector push")["status"] == "unchanged"
    assert _said(loop, "detector run")["status"] == "unchanged"

    assert follow(loop, 6)[0]["objects"]
    assert follow(loop, 7)[0]["pictures"] == 1
