"""`detector listen` by the real command: the real server's webhooks, bursts, kills, stops, strangers."""

import io
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import psutil
import pytest
from PIL import Image

from tests.support.services.label_studio import TOKEN, disc
from tests.support.services.ports import free_port
from tests.test_json import matches

SECRET = "correct-horse-battery"
KNOWN = {"Authorization": f"Bearer {SECRET}"}
PIPELINE = """
name: cells
task: detect
classes: [disc]
pull: {using: label_studio, url: "${LABEL_STUDIO_URL}", token: "${LABEL_STUDIO_TOKEN}", project: "${PROJECT}"}
convert: {split: {field: split}}
check: {using: rules}
train: {model: yolo11n.yaml, scale: [0.33, 0.125, 256], epochs: 1, image_size: 64, batch: 4, options: {plots: false}}
export: []
promote: {minimum: 0}
"""
WAIT = 300  # seconds that a busy machine may take
TOLD = {"action": "ANNOTATION_CREATED"}


class Project:
    """A folder with a pipeline that takes its annotations from a project on the server."""

    def __init__(self, server, folder, title):
        self.server, self.folder, self.id = server, folder, server.project(title)
        (folder / "pipeline.yaml").write_text(PIPELINE)
        pictures = {f"{at}.png": picture(at) for at in range(8)}
        splits = ["train"] * 4 + ["val", "val", "test", "test"]
        self.tasks = server.add_tasks(self.id, [
            {"data": {"image": image, "split": split}, "annotations": [{"result": [drawn(10)]}]}
            for image, split in zip(server.upload(self.id, pictures).values(), splits, strict=True)
        ])  # fmt: skip
        given = {"LABEL_STUDIO_URL": server.url, "LABEL_STUDIO_TOKEN": TOKEN, "PROJECT": str(self.id)}
        self.environment = os.environ | given | {"DETECTOR_SECRET": SECRET}

    def detector(self, *arguments, **environment):
        command = [sys.executable, "-m", "detector", *map(str, arguments)]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment | environment, capture_output=True, text=True, check=False
        )

    def annotate(self, at, *places):
        content = {"result": [drawn(x) for x in places], "was_cancelled": False}
        return self.server.ask("POST", f"/api/tasks/{self.tasks[at]}/annotations/", json=content)["id"]


def picture(at):
    made = io.BytesIO()
    Image.new("RGB", (64, 48), (at * 20, 90, 200)).save(made, "PNG")
    return made.getvalue()


def drawn(x):
    return disc(x, original_width=64, original_height=48)


class Listener:
    """The process, a client that knows the secret, and what it told so far."""

    def __init__(self, process):
        self.process, self.told = process, []
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.url = self.next("listening")["url"]

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(matches("listen", line))

    def next(self, status):
        """What it tells next; it has this status."""
        self.told.append(self._lines.get(timeout=WAIT))
        assert self.told[-1]["status"] == status, self.told
        return self.told[-1]

    def post(self, content=None, **headers):
        return httpx.post(self.url, json=content or TOLD, headers=KNOWN | headers, timeout=WAIT)

    def state(self):
        return httpx.get(self.url.removesuffix("/webhook"), headers=KNOWN, timeout=WAIT).json()

    def quiet(self):
        """Nothing is on, nothing waits, and nothing was told that is not read yet."""
        state = self.state()
        return (state["changes"], state["running"], state["due_in"], self._lines.empty()) == (0, False, None, True)


@contextmanager
def listening(project, *arguments, **environment):
    command = [sys.executable, "-m", "detector", "listen", "--port", "0", "--json", *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=project.folder, env=project.environment | environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield Listener(process)
        finally:
            for child in psutil.Process(process.pid).children() if process.poll() is None else []:
                child.kill()
            process.kill()


@pytest.fixture(scope="module")
def project(label_studio, tmp_path_factory):
    """A project that was run once: a run finds nothing new."""
    project = Project(label_studio, tmp_path_factory.mktemp("project"), "Heard of")
    done = project.detector("run", "--json")
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture(autouse=True)
def nothing_waits(project):
    """Of what the test before left."""
    shutil.rmtree(project.folder / "runs" / "listen", ignore_errors=True)


def objects(project):
    return json.loads(project.detector("status", "--json").stdout)["runs"][0]["steps"][1]["figures"]["objects"]


def test_the_servers_own_webhook_starts_a_run_that_learns_what_was_drawn(project):
    port = free_port()
    own = f"http://127.0.0.1:{port}"
    before = objects(project)
    with listening(project, "--port", port, "--register", own, "--after", "1") as listener:
        assert listener.told[0]["webhook"] == {"url": f"{own}/webhook", "done": "made"}
        assert listener.next("running")["changes"] == 0  # of what came while nothing listened: nothing
        assert listener.next("ended")["exit_code"] == 0
        number = project.annotate(0, 40, 60)
        assert listener.next("running")["changes"] == 1
        assert listener.next("ended")["exit_code"] == 0
        assert objects(project) == before + 1  # the latest annotation of a task counts
        project.server.ask("DELETE", f"/api/annotations/{number}/")
        assert listener.next("running")["changes"] == 1
        assert listener.next("ended")["exit_code"] == 0
        assert objects(project) == before
        assert listener.quiet()
    hooks = project.server.ask("GET", "/api/webhooks/", params={"project": project.id})
    assert [(hook["url"], hook["send_payload"], hook["headers"]) for hook in hooks] == [
        (f"{own}/webhook", False, KNOWN)
    ]
    for secret, done in ((SECRET, "as it was"), ("another-secret-of-16", "changed")):
        with listening(project, "--register", f"{own}/", DETECTOR_SECRET=secret) as listener:
            assert listener.told[0]["webhook"]["done"] == done
    [hook] = project.server.ask("GET", "/api/webhooks/", params={"project": project.id})
    assert hook["headers"] == {"Authorization": "Bearer another-secret-of-16"}
    project.server.ask("DELETE", f"/api/webhooks/{hook['id']}/")


def test_a_burst_with_a_kill_in_between_is_one_run_and_loses_nothing(project):
    """20 threads tell a thousand times; the listener is killed while they do, and starts again at the same address."""
    port, acknowledged, own = free_port(), [], threading.local()
    url = f"http://127.0.0.1:{port}/webhook"

    def begin():
        own.client = httpx.Client(timeout=WAIT, verify=False, headers=KNOWN)

    def tell(number):
        while True:
            try:
                answer = own.client.post(url, json=TOLD)
            except httpx.TransportError:
                time.sleep(0.05)  # nobody is there, or went away before an answer
                continue
            assert answer.status_code == 200, answer.text
            acknowledged.append(number)
            return

    with ThreadPoolExecutor(20, initializer=begin) as clients:
        with listening(project, "--port", port, "--quiet-for", "3600", "--after", "100000") as listener:
            assert (listener.next("running")["changes"], listener.next("ended")["exit_code"]) == (0, 0)
            telling = [clients.submit(tell, number) for number in range(1000)]
            while (answered := len(acknowledged)) < 300:
                time.sleep(0.01)
            listener.process.kill()
            listener.process.wait()
        with listening(project, "--port", port, "--quiet-for", "8", "--after", "100000") as listener:
            assert 300 <= answered <= listener.told[0]["changes"] < 1000
            for each in telling:
                each.result(WAIT)
            assert sorted(acknowledged) == [*range(1000)]
            # What was on its way at the kill may be on the disk without an answer, and was told again: one a thread.
            assert 1000 <= listener.next("running")["changes"] <= 1020
            assert listener.next("ended")["exit_code"] == 0
            assert listener.quiet()


def test_what_comes_during_a_run_causes_one_more(project):
    with listening(project, "--quiet-for", "0.5") as listener:
        listener.next("running")
        for _ in range(5):
            assert listener.post().json()["status"] == "counted"
        assert listener.state()["running"]
        listener.next("ended")
        assert listener.next("running")["changes"] == 5
        assert listener.next("ended")["exit_code"] == 0
        assert listener.quiet()


def test_strangers_and_nonsense_are_refused_and_what_is_of_no_interest_is_ignored(project):
    with listening(project) as listener:
        listener.next("running")
        assert listener.next("ended")["exit_code"] == 0
        for wrong in ("", "Bearer", "Bearer another-secret", "Basic Zm9vOmJhcg=="):
            refused = listener.post(Authorization=wrong)
            assert (refused.status_code, SECRET in refused.text) == (401, False)
            assert "the header Authorization does not have the secret" in refused.json()["error"]
        assert httpx.get(listener.url.removesuffix("webhook")).status_code == 401
        assert httpx.get(listener.url.replace("webhook", "health")).json() == {"status": "ok"}
        bad = httpx.post(listener.url, content=b"{", headers=KNOWN)
        assert (bad.status_code, bad.json()["error"].partition(":")[0]) == (400, "the body is not JSON")
        for ignored in ({"action": "PROJECT_UPDATED"}, TOLD | {"project": {"id": project.id + 1}}):
            answer = listener.post(ignored)
            assert (answer.status_code, answer.json()["status"], answer.json()["changes"]) == (200, "ignored", 0)
        assert listener.quiet()
        large = httpx.post(listener.url, content=b" " * (17 << 20), headers=KNOWN, timeout=WAIT)
        assert (large.status_code, listener.state()["changes"]) == (413, 1)  # whatever it was, it is not lost
        paths = httpx.get(listener.url.replace("webhook", "openapi.json")).json()["paths"]
        assert {*paths} == {"/webhook", "/health", "/"}


def test_a_run_that_is_killed_ends_nothing_else_and_is_tried_again(project):
    with listening(project, "--after", "2") as listener:
        listener.next("running")
        [run] = psutil.Process(listener.process.pid).children()
        run.kill()
        ended = listener.next("ended")
        assert (ended["exit_code"], ended["again_in"]) == (-signal.SIGKILL, 60)
        assert 0 < listener.state()["due_in"] <= 60
        assert [listener.post().json()["changes"] for _ in range(2)] == [1, 2]
        assert not listener.state()["running"]  # not before the pause is over


def test_a_run_that_fails_for_good_is_told_and_the_next_change_starts_another(project):
    with listening(project, "--after", "1", LABEL_STUDIO_TOKEN="f" * 40) as listener:
        for _ in range(2):
            listener.next("running")
            ended = listener.next("ended")
            assert (ended["exit_code"], ended["again_in"]) == (2, None)
            assert listener.quiet()
            assert listener.post().json()["status"] == "counted"


def test_sigterm_stops_the_run_which_goes_on_at_the_next_start(label_studio, tmp_path):
    project = Project(label_studio, tmp_path, "Stopped")
    text = PIPELINE.replace("epochs: 1,", "epochs: 1000,")
    (tmp_path / "pipeline.yaml").write_text(text)
    with listening(project, "--quiet-for", "0.1") as listener:
        assert listener.next("running")["changes"] == 0
        listener.post()
        until = time.monotonic() + WAIT
        while not list(tmp_path.glob("runs/*/train/weights/last.pt")):
            assert time.monotonic() < until
            time.sleep(0.2)
        listener.process.send_signal(signal.SIGTERM)
        assert listener.next("ended")["exit_code"] == 75
        assert listener.process.wait(WAIT) == 0
    (tmp_path / "pipeline.yaml").write_text(text)
    with listening(project, "--after", "1") as listener:
        assert listener.told[0]["changes"] == listener.next("running")["changes"] == 1
        until = time.monotonic() + WAIT
        while len(states := list(tmp_path.glob("runs/*/run.json"))) and "goes on" not in log_of(tmp_path):
            assert time.monotonic() < until
            time.sleep(0.2)
        assert len(states) == 1


def log_of(folder):
    return "".join(file.read_text() for file in folder.glob("runs/*/*log*") if file.is_file())


def test_what_can_not_be_listened_for_is_one_sentence(project, tmp_path):
    def refused(*arguments, **environment):
        done = project.detector("listen", "--port", "0", "--json", *arguments, **environment)
        return done.returncode, matches("failure", done.stdout)["error"]

    code, said = refused("--host", "0.0.0.0", DETECTOR_SECRET="")
    assert (code, "without a secret only this machine may ask" in said) == (2, True)
    code, said = refused(DETECTOR_SECRET="short")
    assert (code, "DETECTOR_SECRET takes 16 or more ASCII characters" in said) == (2, True)
    code, said = refused("--register", "detector:8001")
    assert (code, "--register takes the address" in said) == (2, True)
    for host in ("listen", "my_host.example"):
        hook = {"url": f"http://{host}:8001/webhook", "project": project.id, "actions": []}
        assert project.server.http.post("/api/webhooks/", json=hook).status_code == 400  # which does not say why
        code, said = refused("--register", f"http://{host}:8001")
        assert (code, f"Label Studio takes no webhook to http://{host}:8001/webhook" in said) == (2, True)
    export = tmp_path / "export.yaml"
    pull = PIPELINE.partition("pull:")[2].partition("\n")[0]
    export.write_text(PIPELINE.replace(pull, " {using: label_studio_export, path: export.json}"))
    code, said = refused(str(export))
    assert (code, "cells pulls from label_studio_export, not from a Label Studio server" in said) == (2, True)
    with listening(project, DETECTOR_SECRET="") as listener:  # on this machine alone, nobody needs one
        assert httpx.post(listener.url, json=TOLD).json()["changes"] == 1
        code, said = refused()
        assert (code, "another `detector listen` is at work here already" in said) == (11, True)
