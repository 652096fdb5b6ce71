"""`detector push`, with a network that a real run trained, on a real Label Studio."""

import json

import numpy as np
import pytest

from detector.annotators.project import opened
from detector.annotators.push import Request, push
from detector.config.load import load
from detector.data import deployed
from detector.data.images import decoded
from detector.label_studio.state import quietly
from detector.models.predict import Predictor
from tests.support.services.label_studio import BOXES, TOKEN
from tests.support.team import HEIGHT, WIDTH, tray

VERSION = r"detector/shapes/1-[0-9a-f]{8}"


@pytest.fixture
def inside(house, monkeypatch):
    """In the team's folder, with its secret, as the command works."""
    monkeypatch.chdir(house.team.folder)
    monkeypatch.setenv("LABEL_STUDIO_TOKEN", TOKEN)
    return load(house.team.folder / "pipeline.yaml")


def test_the_champion_s_predictions_lie_on_the_unlabelled_tasks_alone(house, tmp_path):
    team = house.team
    done = house.detector("push")
    assert done.returncode == 0, done.stderr
    assert f"{len(team.unlabelled)} tasks, " in done.stdout
    assert f"{len(team.labelled)} tasks left alone: has an annotation" in done.stdout
    assert all(not team.predictions(task) for task in team.labelled[:3])
    folder = deployed.folder_of("shapes")
    model = Predictor(team.folder / folder / "shapes.pt", 0.001, tmp_path / "log")
    score = json.loads((team.folder / folder / "evaluation.json").read_text())["operating_point"]["score"]
    for number, task in enumerate(team.unlabelled, start=len(team.labelled)):
        [prediction] = team.predictions(task)
        [objects] = model([decoded(tray(number)[0], "tray")])
        boxes = objects.boxes[objects.scores >= score] * (WIDTH, HEIGHT, WIDTH, HEIGHT)
        values = [region["value"] for region in prediction["result"]]
        got = np.array([[each[side] for side in ("x", "y", "width", "height")] for each in values]).reshape(-1, 4)
        got = got / 100 * (WIDTH, HEIGHT, WIDTH, HEIGHT)
        got[:, :2] += got[:, 2:] / 2
        inside = np.all(
            [boxes[:, :2] - boxes[:, 2:] / 2 >= 0, boxes[:, :2] + boxes[:, 2:] / 2 <= (WIDTH, HEIGHT)], (0, 2)
        )
        assert len(got) == len(boxes)
        assert np.abs(got - boxes)[inside].max(initial=0) < 0.1
        assert prediction["result"] == [] or prediction["result"][0]["score"] >= score - 1e-4


def test_again_there_is_nothing_to_do(house):
    house.told("push")
    outcome = house.told("push")
    assert (outcome["status"], outcome["pushed"], outcome["replaced"]) == ("unchanged", [], 0)
    assert outcome["skipped"] == {"annotated": len(house.team.labelled), "current": len(house.team.unlabelled)}
    assert {skip["task"] for skip in outcome["skips"] if skip["reason"] == "current"} == set(house.team.unlabelled)


def test_another_operating_point_replaces_ours_and_nobody_else_s(house):
    team = house.team
    somebody = team.server.ask(
        "POST", "/api/predictions/", json={"task": team.unlabelled[0], "result": [], "model_version": "theirs"}
    )
    house.told("push")
    outcome = house.told("push", "--score", "0.5", "--limit", "4")
    assert len(outcome["pushed"]) == outcome["replaced"] == 4
    assert outcome["skipped"]["beyond"] == len(team.unlabelled) - 4
    for task in team.unlabelled:
        ours = [each for each in team.predictions(task) if each["model_version"].startswith("detector/shapes/")]
        assert len(ours) == 1
        assert (ours[0]["model_version"] == outcome["model_version"]) == (
            task in {each["task"] for each in outcome["pushed"]}
        )
    team.server.ask("DELETE", f"/api/predictions/{somebody['id']}/")


def test_the_data_manager_sorts_by_what_was_told(house):
    outcome = house.told("push", "--score", "0.3")
    query = {"filters": {"conjunction": "and", "items": []}, "ordering": ["tasks:predictions_score"]}
    listed = house.team.server.ask(
        "GET", "/api/tasks", params={"project": house.team.project, "query": json.dumps(query), "page_size": 200}
    )
    order = [task["id"] for task in listed["tasks"] if task["id"] in house.team.unlabelled]
    scores = {each["task"]: each["score"] for each in outcome["pushed"]}
    assert [scores[task] for task in order] == sorted(scores.values())
    assert outcome["order"] == {"by": "uncertain", "calibrated": True}


def test_a_task_that_got_an_annotation_meanwhile_is_left_alone(house, inside):
    team = house.team
    [extra] = team.server.add_tasks(team.project, [team.server.ask("GET", f"/api/tasks/{team.unlabelled[0]}/")["data"]])
    with opened(inside, quietly) as project:
        team.annotate(extra, [])
        outcome = push(project, inside, Request(order="rare"))
    assert {"task": extra, "reason": "meanwhile", "detail": None} in outcome["skips"]
    assert team.predictions(extra) == []
    team.server.ask("DELETE", f"/api/tasks/{extra}/")


@pytest.mark.parametrize("order", ["diverse", "rare", "random"])
def test_every_order_gives_each_task_a_score(house, order):
    outcome = house.told("push", "--order", order)
    assert {each["task"] for each in outcome["pushed"]} == set(house.team.unlabelled)
    assert all(0 <= each["score"] <= 1 for each in outcome["pushed"])
    assert [each["score"] for each in outcome["pushed"]] == sorted(each["score"] for each in outcome["pushed"])


def test_pictures_are_downloaded_once(house):
    house.told("push", "--score", "0.21")
    served = house.team.server.served(f"/data/upload/{house.team.project}/")
    house.told("push", "--score", "0.22")
    assert house.team.server.served(f"/data/upload/{house.team.project}/") == served


def test_what_was_pushed_is_no_reason_to_pull(house):
    before = house.told("plan")
    house.told("push", "--score", "0.23")
    assert house.told("plan")["steps"][0] == before["steps"][0]


def test_what_cannot_be_done_is_said_before_anything_is_sent(house):
    refused = house.detector("push", "--order", "diverse", "--using", "onnx")
    assert (refused.returncode, "the checkpoint's features" in refused.stderr) == (2, True)
    other = house.team.server.project("Others", BOXES.replace("disc", "dog").replace("square", "cat"))
    refused = house.detector("push", "--set", f"pull.project={other}")
    assert refused.returncode == 2
    assert "has no label of a class of this pipeline (disc, square)" in refused.stderr
    refused = house.detector("push", "--model", "20990101T000000Z-abcdef")
    assert (refused.returncode, "no run of that name" in refused.stderr) == (2, True)
    refused = house.detector("push", "--set", "pull={using: label_studio_export, path: export.json}")
    assert refused.returncode == 2
    assert "pull.using is label_studio_export" in refused.stderr


def test_a_class_without_a_label_is_told_and_not_sent(house):
    team = house.team
    config = BOXES.replace('<Label value="square"/>', "")
    data = team.server.ask("GET", f"/api/tasks/{team.unlabelled[0]}/")["data"]
    project = team.server.project("Discs alone", config)
    tasks = team.server.add_tasks(project, [data])
    outcome = house.told("push", "--set", f"pull.project={project}", "--score", "0.01")
    assert outcome["unsent"].keys() == {"square"}
    [prediction] = team.predictions(tasks[0])
    assert {label for region in prediction["result"] for label in region["value"]["rectanglelabels"]} <= {"disc"}


def test_a_task_whose_image_cannot_be_had_is_told(house):
    project = house.team.server.project("No image", BOXES)
    [task] = house.team.server.add_tasks(project, [{"image": "/data/upload/1/gone.png"}])
    done = house.detector("push", "--set", f"pull.project={project}")
    assert done.returncode == 0, done.stderr
    assert "1 task left alone: its image can't be had" in done.stdout
    [skip] = house.told("push", "--set", f"pull.project={project}")["skips"]
    assert (skip["task"], skip["reason"]) == (task, "image")
    assert "gone.png" in skip["detail"]
