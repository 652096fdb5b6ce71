"""`detector doctor` tries what a run asks over the network, and shows no token."""

import json
import os
import subprocess
import sys

import pytest

from tests.support.services.label_studio import TOKEN

PIPELINE = """name: blood
task: detect
classes: [car]
pull: {using: label_studio, url: "${URL}", token: "${LABEL_STUDIO_TOKEN}", project: Cells that doctor asks for}
train: {model: yolo11n.yaml}
"""


@pytest.fixture
def doctor(tmp_path):
    """What it finds in a project, by what was looked for; and all that it printed."""
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)

    def examine(url, token):
        environment = os.environ | {"URL": url, "LABEL_STUDIO_TOKEN": token}
        command = [sys.executable, "-m", "detector", "doctor", "--json"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return {each["what"]: each for each in json.loads(done.stdout)["findings"]}, done.stdout + done.stderr

    return examine


def test_a_server_that_takes_the_token_names_the_project(label_studio, doctor):
    label_studio.project("Cells that doctor asks for")
    told, said = doctor(label_studio.url, TOKEN)
    assert told["label studio"] == {
        "what": "label studio",
        "there": True,
        "found": f"{label_studio.url} takes the token; the project is “Cells that doctor asks for”",
        "advice": "",
    }
    assert told["weights"]["found"] == "nothing has to be fetched to train"
    assert TOKEN not in said


def test_a_server_that_refuses_the_token_is_told_without_it(label_studio, doctor):
    wrong = TOKEN[::-1]
    told, said = doctor(label_studio.url, wrong)
    assert not told["label studio"]["there"]
    assert told["label studio"]["found"].startswith(f"{label_studio.url}: ")
    assert "pull.url" in told["label studio"]["advice"]
    assert wrong not in said


def test_a_server_that_is_away_is_told_within_seconds(doctor):
    told, said = doctor("http://127.0.0.1:9", TOKEN)
    assert not told["label studio"]["there"]
    assert told["label studio"]["found"].startswith("http://127.0.0.1:9: ")
    assert TOKEN not in said


def test_weights_that_can_not_be_fetched_are_told_with_the_way_out(doctor, tmp_path, monkeypatch):
    text = PIPELINE.replace("yolo11n.yaml", "yolo26x-seg.pt").replace("task: detect", "task: segment")
    (tmp_path / "pipeline.yaml").write_text(text)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    told, _ = doctor("http://127.0.0.1:9", TOKEN)
    assert told["weights"]["found"] == "offline: https://github.com/ultralytics/assets/releases: ConnectError"
    assert "let train.model name a file" in told["weights"]["advice"]


def test_a_pipeline_that_is_wrong_is_told(doctor, tmp_path):
    (tmp_path / "pipeline.yaml").write_text("name: blood\n")
    told, _ = doctor("http://127.0.0.1:9", TOKEN)
    assert told["pipeline.yaml"]["advice"] == "`detector validate` says what is wrong"
