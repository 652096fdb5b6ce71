"""`detector review`, with a network that a real run trained on labels with planted mistakes."""

from detector.annotators.calibration import calibrated
from detector.annotators.suspicions import suspicions
from detector.annotators.viewed import reviewed
from detector.label_studio.state import quietly
from detector.measure.matches import scenes

KIND = {"moved": "place", "dropped": "missed", "relabelled": "class"}


def test_most_planted_mistakes_are_in_the_first_tenth(house, monkeypatch):
    monkeypatch.chdir(house.team.folder)
    run = reviewed(None, "shapes")
    chance = calibrated(run.evaluation)
    every, objects = [], 0
    for _, part in run.parts(quietly):
        objects += len(part.compared.truth)
        tasks = part.images["task_id"].to_pylist()
        for each in suspicions(part.compared, scenes(part.compared, "bbox"), chance):
            shapes, row = (
                (part.compared.truth, each.object) if each.object >= 0 else (part.compared.seen, each.prediction)
            )
            every.append((each.strength, tasks[shapes.image[row]], each.kind))
    every.sort(reverse=True)
    first = {(task, kind) for _, task, kind in every[: objects // 10]}
    found = [(task, kind) for task, kind in house.planted if (task, KIND[kind]) in first]
    assert len(house.planted) == round(0.05 * (objects + sum(kind == "dropped" for _, kind in house.planted)))
    assert len(found) >= 0.7 * len(house.planted), (house.planted, every[: objects // 10])


def test_it_lists_them_with_their_tasks_and_draws_them(house):
    done = house.detector("review", "--limit", "6")
    assert done.returncode == 0, done.stderr
    outcome = house.told("review", "--limit", "6")
    assert len(outcome["mistakes"]) == 6
    assert [each["likely"] for each in outcome["mistakes"]] == sorted(
        (each["likely"] for each in outcome["mistakes"]), reverse=True
    )
    assert all(each["link"] in done.stdout.replace("\n", "") for each in outcome["mistakes"])
    page = (house.team.folder / outcome["page"]).read_text()
    assert page.count("data:image/webp;base64,") == 2 * len({each["file"] for each in outcome["mistakes"]})
    assert "://" not in page.replace(house.team.server.url, "")
    assert outcome["mistakes"][0]["link"] in page


def test_what_somebody_looked_at_is_not_shown_again(house):
    team = house.team
    first, second = house.told("review", "--limit", "2")["mistakes"]
    assert [each["task"] for each in house.told("review", "--limit", "2")["mistakes"]] == [
        first["task"],
        second["task"],
    ]
    [annotation] = team.server.ask("GET", f"/api/tasks/{first['task']}/annotations/")
    team.server.ask("PATCH", f"/api/annotations/{annotation['id']}/", json={"result": annotation["result"]})
    after = house.told("review")
    assert first["task"] not in {each["task"] for each in after["mistakes"]}
    assert second["task"] in {each["task"] for each in after["mistakes"]}
    assert after["looked_at"] >= 1


def test_the_worst_can_be_opened_first(house):
    team = house.team
    outcome = house.told("review", "--push", "--limit", "4")
    tasks = [each["task"] for each in outcome["mistakes"]]
    assert outcome["pushed"]["tasks"] == sorted(set(tasks))
    assert outcome["pushed"]["shown"] == outcome["pushed"]["model_version"]
    [view] = team.predictions(tasks[0])
    assert view["model_version"] == outcome["pushed"]["model_version"]
    assert abs(view["score"] - (1 - outcome["mistakes"][0]["likely"])) < 1e-4
    assert {region["type"] for region in view["result"]} <= {"rectanglelabels"}
    assert house.told("review", "--push", "--limit", "4")["pushed"] == outcome["pushed"]
    assert [each["id"] for each in team.predictions(tasks[0])] == [view["id"]]
    [annotation] = team.server.ask("GET", f"/api/tasks/{tasks[0]}/annotations/")
    team.server.ask("PATCH", f"/api/annotations/{annotation['id']}/", json={"result": annotation["result"]})
    after = house.told("review", "--push", "--limit", "4")
    assert tasks[0] not in after["pushed"]["tasks"]
    assert team.predictions(tasks[0]) == []


def test_without_a_run_it_says_how_to_make_one(house):
    refused = house.detector("review", "--run", "20990101T000000Z-abcdef")
    assert (refused.returncode, "`detector run` makes one" in refused.stderr) == (2, True)
