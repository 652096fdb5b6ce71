"""`detector serve --label-studio`: the contract, held by the real Label Studio server and its own page."""

import base64
import json
import os

import httpx
import numpy as np
import pytest

from detector.models.predict import Predictor
from tests.serve.test_serve import champion, picture, serving
from tests.support import tiny
from tests.support.services.label_studio import EMAIL, PASSWORD, TOKEN

SECRET = "correct-horse-battery"
PIPELINE = f"""
name: blood
task: detect
classes: {json.dumps(tiny.CLASSES, ensure_ascii=False)}
pull: {{using: label_studio, url: "${{LABEL_STUDIO_URL}}", token: "${{LABEL_STUDIO_TOKEN}}", project: 1}}
train: {{model: yolo11n.yaml}}
"""
LABELS = "".join(f'<Label value="{name}"/>' for name in tiny.CLASSES)
CONFIG = f"""<View><Image name="photo" value="$image"/>
<RectangleLabels name="shapes" toName="photo">{LABELS}</RectangleLabels></View>"""
OTHER = CONFIG.replace(LABELS, '<Label value="dog"/>')
SCORE = "0.001"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return tiny.weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def environment(label_studio):
    return {"LABEL_STUDIO_URL": label_studio.url, "LABEL_STUDIO_TOKEN": TOKEN, "DETECTOR_SECRET": SECRET}


@pytest.fixture(scope="module")
def folder(weights, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drafts")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    champion(folder, weights, "1")
    return folder


@pytest.fixture(scope="module")
def client(folder, environment):
    with serving(folder, "--label-studio", "--score", SCORE, **environment) as (client, _):
        client.headers["Authorization"] = f"Bearer {SECRET}"
        yield client


class Connected:
    """A project on the server that uses the model."""

    def __init__(self, server, client, title, pictures=3, **settings):
        self.server, self.id = server, server.project(title, CONFIG)
        self.pixels = [picture(at, (96 + at, 64)) for at in range(pictures)]
        uploaded = server.upload(self.id, {f"{at}.png": content for at, (content, _) in enumerate(self.pixels)})
        self.tasks = server.add_tasks(self.id, [{"data": {"image": image}} for image in uploaded.values()])
        self.told = self.connect(client, **settings)

    def connect(self, client, password=SECRET, **settings):
        given = {"url": str(client.base_url).rstrip("/"), "project": self.id, "title": "detector"}
        given |= {"auth_method": "BASIC_AUTH", "basic_auth_user": "detector", "basic_auth_pass": password}
        return self.server.ask("POST", "/api/ml/", json=given | settings)

    def predictions(self, at):
        return self.server.ask("GET", f"/api/tasks/{self.tasks[at]}/")["predictions"]


def test_the_server_takes_it_as_a_model_and_drafts_a_task_that_is_opened(label_studio, client, weights, tmp_path):
    project = Connected(label_studio, client, "Drafted")
    assert (project.told["state"], project.told["error_message"]) == ("CO", None)
    version = project.told["model_version"]
    assert version.startswith("detector/blood/1-")
    sees = Predictor(weights, float(SCORE), tmp_path / "log")
    for at, (_, pixels) in enumerate(project.pixels):
        [prediction] = project.predictions(at)
        assert prediction["model_version"] == version
        [expected] = sees([np.ascontiguousarray(pixels)])
        names = [region["value"]["rectanglelabels"] for region in prediction["result"]]
        assert names == [[tiny.CLASSES[each]] for each in expected.class_ids] != []
        size = pixels.shape[1], pixels.shape[0]
        for region, (x, y, wide, high) in zip(prediction["result"], expected.boxes, strict=True):
            assert (region["original_width"], region["original_height"], region["from_name"]) == (*size, "shapes")
            box = np.clip([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2], 0, 1) * (*size, *size)
            value = region["value"]
            drawn = [value["x"], value["y"], value["x"] + value["width"], value["y"] + value["height"]]
            np.testing.assert_allclose(np.array(drawn) / 100 * (*size, *size), box, atol=0.1)
        np.testing.assert_allclose(prediction["score"], expected.scores.mean(), atol=1e-3)
        assert len(project.predictions(at)) == 1  # there is one of this version already
    backend = project.told["id"]
    assert label_studio.ask("GET", f"/api/ml/{backend}/versions") == {"versions": [version]}
    [one] = label_studio.ask("GET", "/api/webhooks/", params={"project": project.id})
    assert one["url"] == f"{str(client.base_url).rstrip('/')}/webhook"  # which it makes by itself: all is told to it


def test_many_tasks_are_drafted_at_once_and_one_without_a_picture_gets_none(label_studio, client):
    project = Connected(label_studio, client, "Drafted by hand", pictures=20)
    [gone] = label_studio.add_tasks(project.id, [{"data": {"image": "/data/upload/1/gone.png"}}])
    chosen = {"selectedItems": {"all": True, "excluded": []}}
    action = {"id": "retrieve_tasks_predictions", "project": project.id}
    label_studio.ask("POST", "/api/dm/actions/", params=action, json=chosen)
    whole = label_studio.ask("GET", "/api/predictions/", params={"project": project.id})
    assert {each["task"] for each in whole} == {*project.tasks}
    assert gone not in {each["task"] for each in whole}


def test_it_answers_while_somebody_draws(label_studio, client):
    project = Connected(label_studio, client, "Interactive", is_interactive=True)
    path = f"/api/ml/{project.told['id']}/interactive-annotating"
    told = label_studio.ask("POST", path, json={"task": project.tasks[0], "context": {"result": []}})
    assert told["data"]["result"] != []
    assert told["data"]["model_version"] == project.told["model_version"]


def test_a_new_champion_drafts_what_is_opened_from_then_on(label_studio, folder, client, weights):
    project = Connected(label_studio, client, "Another champion")
    before = project.predictions(0)[0]["model_version"]
    try:
        champion(folder, tiny.weights(folder / "other", seed=3), "2")
        [version] = client.get("/versions").json()[
            "versions"
        ]  # or the server would not ask again where it asked before
        assert version.startswith("detector/blood/2-")
        told = label_studio.ask("GET", f"/api/tasks/{project.tasks[1]}/")["predictions"]
        assert [each["model_version"] for each in told] == [version]
        opened = label_studio.ask("GET", f"/api/projects/{project.id}/next/")
        assert opened["id"] == project.tasks[0]
        assert [each["model_version"] for each in opened["predictions"]] == [version]
        assert before.startswith("detector/blood/1-")
    finally:
        champion(folder, weights, "1")


@pytest.mark.parametrize(
    ("change", "said"),
    [({"password": "wrong"}, "authentication parameters"), ({"url": "http://127.0.0.1:9"}, "connect to ML backend")],
)
def test_what_the_server_can_not_use_it_says(label_studio, client, change, said):
    project = Connected(label_studio, client, "Refused")
    with pytest.raises(AssertionError, match=said):
        project.connect(client, **change)


def test_a_configuration_without_a_label_of_the_model_is_refused(label_studio, client):
    project = label_studio.project("Dogs", OTHER)
    told = client.post("/setup", json={"project": f"{project}.1", "schema": OTHER, "access_token": TOKEN})
    assert told.status_code == 400
    assert "no label of a class of the model" in told.json()["error"]
    assert "dog" in told.json()["error"]
    for bad in ("<View", "", "<View><Image name='a' value='$'/></View>"):
        assert client.post("/setup", json={"schema": bad}).status_code == 400


def test_pictures_come_from_where_they_may_with_our_own_token_alone(client, other_host):
    """A request may name any address and any token: neither is followed."""
    other_host.pages["/a.png"] = picture(0)[0]
    task = {"id": 1, "data": {"image": f"{other_host.url}/a.png"}}
    asked = {"tasks": [task], "label_config": CONFIG, "params": {"login": "me", "password": "mine"}}
    client.post("/setup", json={"schema": CONFIG, "hostname": other_host.url, "access_token": "f" * 40})
    told = client.post("/predict", json=asked | {"hostname": other_host.url, "access_token": "f" * 40})
    assert told.status_code == 424
    assert "is on this machine or on a private network" in told.json()["error"]
    for inside in ("file:///etc/passwd", "/etc/passwd", "//127.0.0.1/a.png", "gopher://127.0.0.1/"):
        told = client.post("/predict", json=asked | {"tasks": [{"id": 1, "data": {"image": inside}}]})
        assert told.status_code == 424, told.text
        assert TOKEN not in told.text
    assert other_host.asked == []


def test_bad_requests_are_sentences_and_nobody_comes_in_without_the_secret(client):
    for content, code in ((b"{", 400), (b"{}", 400), (b'{"tasks": [3], "label_config": ""}', 400)):
        told = client.post("/predict", content=content, headers={"Content-Type": "application/json"})
        assert (told.status_code, "no request of Label Studio's" in told.json()["error"]) == (code, True)
    assert client.post("/predict", json={"tasks": [], "label_config": "<View"}).status_code == 400
    assert client.post("/predict", json={"tasks": [], "label_config": CONFIG}).json() == {"results": []}
    assert client.post("/setup", content=b"[").status_code == 400
    stranger = httpx.Client(base_url=client.base_url)
    assert stranger.get("/health", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert stranger.get("/health").json() == {"status": "UP", "model_class": "detector"}
    assert stranger.post("/webhook", json={"action": "ANNOTATION_CREATED"}).status_code == 200
    assert stranger.post("/webhook", content=b"no json").status_code == 200
    trained = stranger.post("/webhook", json={"action": "START_TRAINING"})
    assert (trained.status_code, "`detector listen` starts it" in trained.json()["error"]) == (501, True)
    for path in ("/predict", "/setup"):
        assert stranger.post(path, json={}).status_code == 401
    assert stranger.get("/versions").status_code == 401
    basic = base64.b64encode(f"anybody:{SECRET}".encode()).decode()
    content = picture(0)[0]
    assert stranger.post("/predict", content=content, headers={"Authorization": f"Basic {basic}"}).status_code == 200
    assert client.post("/predict", content=content).json()["objects"] != []  # pictures are answered as ever
    openapi = client.get("/openapi.json").json()
    assert {*openapi["paths"]} >= {"/predict", "/setup", "/versions", "/webhook", "/health"}
    assert {*openapi["paths"]["/predict"]["post"]["requestBody"]["content"]} == {"image/*", "application/json"}


def test_without_a_secret_only_this_machine_may_ask(folder, environment):
    import subprocess
    import sys

    command = [sys.executable, "-m", "detector", "serve", "--label-studio", "--port", "0", "--host", "0.0.0.0"]
    given = os.environ | environment | {"DETECTOR_SECRET": ""}
    done = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "without a secret only this machine may ask" in " ".join(done.stderr.split())


def test_on_its_own_page_a_task_that_is_opened_is_drafted(label_studio, client, page, tmp_path):
    """In a browser, as an annotator opens the next task: the boxes are there, drawn by the model."""
    project = Connected(label_studio, client, "Looked at")
    label_studio.ask("PATCH", f"/api/projects/{project.id}/", json={"show_collab_predictions": True})
    page.goto(f"{label_studio.url}/user/login/")
    page.fill("input[name=email]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "login" not in url)
    page.goto(f"{label_studio.url}/projects/{project.id}/data?labeling=1")
    page.wait_for_selector("canvas")
    regions = page.locator(".lsf-tree__node, .dm-tree__node, [class*=outliner-item]")
    regions.first.wait_for()
    page.screenshot(path=os.environ.get("SCREENSHOT", tmp_path / "label-stream.png"))
    [prediction] = project.predictions(0)
    assert regions.count() >= len(prediction["result"]) > 0
