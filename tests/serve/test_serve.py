"""`detector serve`, by the real command and real clients: answers, load, bad input, a new champion."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, contextmanager
from io import BytesIO

import httpx
import numpy as np
import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from detector.data.deployed import deploy
from detector.models.predict import Predictor
from tests.support import tiny
from tests.test_json import matches

PIPELINE = "name: blood\ntask: detect\nclasses: [a]\npull: {using: label_studio_export, path: export.json}\n"
CLIENTS, REQUESTS = 8, 64


def picture(seed, size=(96, 64), form="PNG"):
    """The bytes of a picture, and its pixels, blue first."""
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    written = BytesIO()
    Image.fromarray(pixels).save(written, form)
    return written.getvalue(), pixels[..., ::-1]


@contextmanager
def serving(folder, *arguments, **environment):
    """A client of the server that these arguments start, and its process."""
    command = [sys.executable, "-m", "detector", "serve", "--port", "0", "--json", *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=folder, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            told = matches("serve", server.stdout.readline())
            with httpx.Client(base_url=told["url"], timeout=120) as client:
                yield client, server
        finally:
            server.kill()


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return tiny.weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def server(weights, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("served"), "--model", weights, "--score", "0.001") as (client, _):
        yield client


def test_it_answers_what_the_model_sees(server, weights, tmp_path):
    content, pixels = picture(0)
    [expected] = Predictor(weights, 0.001, tmp_path / "log")([np.ascontiguousarray(pixels)])
    told = server.post("/predict", content=content)
    assert (told.status_code, told.json()["width"], told.json()["height"]) == (200, 96, 64)
    objects = told.json()["objects"]
    assert [each["class_id"] for each in objects] == expected.class_ids.tolist() != []
    np.testing.assert_allclose([each["score"] for each in objects], expected.scores, atol=1e-4)
    sizes = np.array([each["box"][2:] for each in objects]) / (96, 64)
    np.testing.assert_allclose(sizes, expected.boxes[:, 2:], atol=1e-3)


def test_a_bad_request_is_refused_with_a_sentence_and_harms_nobody(server):
    whole, _ = picture(1, form="JPEG")
    bad = {
        b"": "the body is empty",
        b"no picture": "not an image",
        whole[: len(whole) // 2]: "truncated",
        picture(1, (4, 4))[0]: "4 x 4 pixels",
    }
    for content, sentence in bad.items():
        answer = server.post("/predict", content=content)
        assert (answer.status_code, sentence in answer.json()["error"]) == (422, True), answer.text
    large = server.post("/predict", content=bytes(65 << 20))
    assert (large.status_code, large.json()["error"]) == (413, "the picture is larger than 64 MiB")
    assert server.get("/predict").status_code == 405
    assert server.post("/predict", content=whole).status_code == 200


def test_under_load_nothing_is_lost_or_mixed_up(server):
    """Many clients at once get what each would get alone; those that waited went together."""
    contents = [picture(seed, (96, 64) if seed % 3 else (64, 96))[0] for seed in range(16)]
    alone = [server.post("/predict", content=content).json()["objects"] for content in contents]

    def ask(at):
        return server.post("/predict", content=contents[at % len(contents)])

    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(ask, range(REQUESTS)))
    assert {answer.status_code for answer in answers} == {200}
    for at, answer in enumerate(answers):
        expected = alone[at % len(contents)]
        assert len(answer.json()["objects"]) == len(expected)
        for one, other in zip(answer.json()["objects"], expected, strict=True):
            np.testing.assert_allclose(one["box"], other["box"], atol=0.1)
    told = {
        sample.name: sample.value
        for family in text_string_to_metric_families(server.get("/metrics").text)
        for sample in family.samples
        if sample.labels in ({}, {"code": "200"})
    }
    assert told["detector_requests_total"] >= REQUESTS
    assert told["detector_batch_pictures_count"] < told["detector_batch_pictures_sum"]
    assert told["detector_waiting"] == 0


def test_it_tells_of_itself(server, weights):
    assert server.get("/health").json() == {"status": "ok"}
    told = server.get("/model").json()
    assert told == {
        "name": "best.pt", "file": str(weights), "task": "detect", "score": 0.001, "classes": tiny.CLASSES,
    }  # fmt: skip
    openapi = server.get("/openapi.json").json()
    assert {*openapi["paths"]} == {"/predict", "/health", "/model", "/metrics"}
    assert {"200", "413", "422", "503"} <= {*openapi["paths"]["/predict"]["post"]["responses"]}


def champion(folder, weights, version):
    """Deploy the weights, as promote does."""
    with chdir(folder):
        deploy("blood", version, f"run-{version}", {"blood.pt": weights})


def test_a_new_champion_takes_over_and_a_broken_one_does_not(weights, tmp_path):
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    champion(tmp_path, weights, "1")
    content, _ = picture(0)
    with serving(tmp_path) as (client, server):
        assert client.post("/predict", content=content).json()["model"] == "champion, version 1"
        champion(tmp_path, tiny.weights(tmp_path / "other", seed=3), "2")
        assert client.post("/predict", content=content).json()["model"] == "champion, version 2"
        broken = tmp_path / "broken.pt"
        broken.write_text("no weights")
        champion(tmp_path, broken, "3")
        assert client.post("/predict", content=content).json()["model"] == "champion, version 2"
        assert client.get("/model").json()["name"] == "champion, version 2"
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
        assert "Traceback" not in server.stderr.read()


def test_a_port_that_is_taken_is_one_sentence(server, weights, tmp_path):
    port = re.search(r":(\d+)", str(server.base_url).removeprefix("http://"))[1]
    command = [sys.executable, "-m", "detector", "serve", "--port", port, "--model", weights]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"127.0.0.1:{port} can't be listened on" in " ".join(done.stderr.split())


def test_with_no_champion_it_says_so(tmp_path):
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    command = [sys.executable, "-m", "detector", "serve", "--port", "0", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["status"]) == (2, "failed")
    assert "blood has no champion here yet" in " ".join(done.stderr.split())


def test_an_exported_model_answers_too(weights, tmp_path):
    from ultralytics import YOLO

    copy = shutil.copy(weights, tmp_path / "blood.pt")
    file = YOLO(copy).export(format="onnx", imgsz=96, device="cpu")
    content, _ = picture(2)
    with serving(tmp_path, "--model", file, "--score", "0.001") as (client, _):
        assert client.post("/predict", content=content).json()["objects"] != []
        assert client.get("/model").json()["classes"] == tiny.CLASSES
