"""`detector demo` in an environment of its own, without PyTorch, and in a real browser: champion beside challenger."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import chdir, contextmanager
from pathlib import Path

import httpx
import pytest

from detector.data.dataset import Dataset
from detector.data.deployed import deploy
from detector.stages import load
from tests.stages.export.test_exporters import made, untrained
from tests.support import tiny
from tests.support.judged import evaluated, seen
from tests.test_json import matches

ROOT = Path(__file__).parents[2]
SCORE = 0.6  # from which on the champion's objects count
PIPELINE = "name: blood\ntask: segment\nclasses: [a, b]\npull: {using: label_studio_export, path: export.json}\n"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of what deploy/demo.txt names; uv keeps the packages in its cache."""
    uv, place = Path(sys.executable).with_name("uv"), tmp_path_factory.mktemp("demo") / "environment"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, place], check=True)
    own = place / "bin/python"
    install = [uv, "pip", "install", "--quiet", "--python", own, "--requirement", ROOT / "deploy/demo.txt"]
    subprocess.run(install, check=True)
    assert subprocess.run([own, "-c", "import torch"], capture_output=True, check=False).returncode != 0
    return own


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A champion with an ONNX and an operating point, and a later run whose model is challenger."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    ground = untrained(folder / "made", "yolo11n-seg")
    work = made(ground, "onnx")
    load("export", "onnx").run(work)
    version = Dataset(ground.version)
    evaluation = evaluated(
        version, folder / "evaluate", [seen(row, row % 2, SCORE) for row, _ in version.on("test").files]
    )
    onnx = {f"onnx/{file.name}": file for file in work.folder.glob("blood.onnx*")}
    with chdir(folder):
        deploy(
            "blood", "1", "run-1", {"blood.pt": tiny.weights(folder / "w"), "evaluation.json": evaluation.file, **onnx}
        )
    run = folder / "runs/20260102T000000Z-abcdef"
    run.mkdir(parents=True)
    steps = {"train": ground.trained, "export.onnx": work.folder, "promote": run}
    told = [{"step": step, "path": str(place), "summary": "challenger: version 2"} for step, place in steps.items()]
    (run / "run.json").write_text(json.dumps({"name": "blood", "number": 2, "steps": told}))
    return folder, version


@contextmanager
def shown(python, folder, *arguments, **environment):
    """What the command says once the page can be opened, and its process."""
    command = [python, "-m", "detector", "demo", "--port", "0", "--json", *map(str, arguments)]
    own = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    with subprocess.Popen(command, cwd=folder, env=own, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield matches("demo", server.stdout.readline()), server
        finally:
            server.kill()


def test_a_picture_that_is_dropped_shows_what_champion_and_challenger_see(python, project, page):
    folder, version = project
    with shown(python, folder, "--using", "onnx") as (told, server):
        assert [each["name"] for each in told["models"]] == ["champion, version 1", "run 20260102T000000Z-abcdef"]
        assert told["models"][0]["score"] == SCORE
        assert told["url"].startswith("http://127.0.0.1:")
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(told["url"])
        scores = page.get_by_role("spinbutton")
        assert [float(scores.nth(at).input_value()) for at in range(2)] == [SCORE, 0.25]
        page.set_input_files("input[type=file]", [version.image_path(version.on("test").files[2][1])])
        objects = page.get_by_label("objects")
        page.wait_for_function("[...document.querySelectorAll('textarea')].every(each => each.value)")
        counts = [number(objects.nth(at).input_value()) for at in range(2)]
        assert 0 < counts[0] < counts[1]
        scores.nth(0).fill("0.05")
        scores.nth(0).press("Enter")
        page.wait_for_function(f"!document.querySelector('textarea').value.startsWith('{counts[0]} ')")
        assert number(objects.nth(0).input_value()) > counts[1]
        assert page.get_by_role("img").count() >= 2
        assert not [url for url in asked if not url.startswith((told["url"], "data:", "blob:"))]
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


def number(text):
    return int(re.match(r"\d+", text)[0])


def test_what_is_no_picture_is_told_and_the_page_goes_on(python, project, page, tmp_path):
    folder, version = project
    torn = tmp_path / "torn.png"
    torn.write_bytes(version.image_path(version.on("test").files[0][1]).read_bytes()[:200])
    with shown(python, folder, "--using", "onnx", "--score", "0.05") as (told, _):
        page.goto(told["url"])
        page.set_input_files("input[type=file]", [torn])
        page.get_by_text("the picture can't be read").first.wait_for()
        page.reload()
        page.set_input_files("input[type=file]", [version.image_path(version.on("test").files[2][1])])
        page.wait_for_function("[...document.querySelectorAll('textarea')].every(each => each.value)")


def test_with_a_secret_nobody_gets_in_without_it(python, project):
    folder, _ = project
    secret = "0123456789abcdef-demo"
    with shown(python, folder, "--using", "onnx", DETECTOR_SECRET=secret) as (told, _), httpx.Client() as client:
        assert client.get(f"{told['url']}/config").status_code == 401
        for password, status in (("wrong", 400), (secret, 200)):
            answer = client.post(f"{told['url']}/login", data={"username": "ada", "password": password})
            assert answer.status_code == status
        assert client.get(f"{told['url']}/config").status_code == 200


def test_without_gradio_it_says_how_to_get_it(project):
    folder, _ = project
    command = [sys.executable, "-m", "detector", "demo", "--using", "onnx"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Gradio is not installed here" in done.stderr
    assert "-r deploy/demo.txt" in done.stderr
