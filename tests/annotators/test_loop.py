"""The loop: a run, drafts for the annotators, their corrections, another run, new drafts if there is a new champion."""

import json
import re

import pytest

from tests.annotators.conftest import detector
from tests.support.team import Team, region, team, tray

LABELLED, UNLABELLED, CORRECTED = 40, 20, 15


@pytest.fixture(scope="module")
def loop(tmp_path_factory, label_studio):
    return team(tmp_path_factory.mktemp("loop"), label_studio, labelled=LABELLED, unlabelled=UNLABELLED, epochs=12)


def told(loop: Team, *arguments: str) -> dict:
    done = detector(loop.folder, *arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def step(outcome, name):
    return next(each for each in outcome["steps"] if each["step"] == name)


@pytest.mark.timeout(900)
def test_corrected_drafts_are_learned_and_only_what_changed_is_pushed_again(loop):
    assert "champion: version 1" in step(told(loop, "run"), "promote")["summary"]
    first = told(loop, "push")
    assert {each["task"] for each in first["pushed"]} == set(loop.unlabelled)

    corrected = [each["task"] for each in first["pushed"][:CORRECTED]]  # what matters most comes first
    for task in corrected:
        _, shapes = tray(LABELLED + loop.unlabelled.index(task))
        loop.annotate(task, [region(at, *shape) for at, shape in enumerate(shapes)])

    second = told(loop, "run")
    assert [each["step"] for each in second["steps"] if each["skipped"]] == []
    assert step(second, "pull")["changes"]["changed"] == CORRECTED
    assert step(second, "convert")["figures"]["images"] == LABELLED + CORRECTED
    verdict = step(second, "promote")["summary"]
    assert re.match(r"(champion|challenger): version 2, .*\[[-−0-9., +]+\]", verdict), verdict

    again = told(loop, "push")
    left = set(loop.unlabelled) - set(corrected)
    if verdict.startswith("champion"):
        assert ({each["task"] for each in again["pushed"]}, again["replaced"]) == (left, len(left))
        assert again["model_version"] != first["model_version"]
    else:
        assert (again["pushed"], again["replaced"]) == ([], 0)
    assert again["skipped"]["annotated"] == LABELLED + CORRECTED
    assert all(len(loop.predictions(task)) == 1 for task in left)
    assert told(loop, "push")["status"] == "unchanged"
    assert told(loop, "run")["status"] == "unchanged"
