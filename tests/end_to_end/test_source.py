"""`detector run` against a real Label Studio that fails: one sentence, the right code, and no token anywhere."""

import io
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from detector.data.annotations import read
from tests.support.services.faults import FaultyProxy, faults
from tests.support.services.label_studio import TOKEN, Server, disc

PIPELINE = """
name: cells
task: detect
classes: [disc]
pull:
  {using: label_studio, url: "${LABEL_STUDIO_URL}", token: "${LABEL_STUDIO_TOKEN}", project: "${PROJECT}",
   private_hosts: [127.0.0.1]}
convert: {split: {field: split}}
check: {using: rules, fail_on: {classes_without_examples: warn}}
train: {model: yolo11n.yaml}
"""


@dataclass
class Person:
    """Who runs a pipeline against the server behind the proxy."""

    server: Server
    proxy: FaultyProxy
    folder: Path
    project: int
    tasks: list[int]

    def run(self, *arguments: str, token: str = TOKEN, **environment: str) -> subprocess.CompletedProcess[str]:
        given = {"LABEL_STUDIO_URL": self.proxy.url, "LABEL_STUDIO_TOKEN": token, "PROJECT": str(self.project)}
        command = [sys.executable, "-m", "detector", *(arguments or ("run", "--until", "pull"))]
        return subprocess.run(
            command, cwd=self.folder, env=os.environ | given | environment, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def person(label_studio, tmp_path_factory):
    project = label_studio.project("Seen by a person")
    made = io.BytesIO()
    Image.new("RGB", (40, 30)).save(made, "PNG")
    pictures = {f"{number}.png": made.getvalue() + bytes([number]) for number in range(4)}
    drawn = [{"result": [disc(original_width=40, original_height=30)]}]
    tasks = [
        {"data": {"image": image, "split": "train"}, "annotations": drawn}
        for image in label_studio.upload(project, pictures).values()
    ]
    folder = tmp_path_factory.mktemp("person")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    with faults(label_studio.url) as proxy:
        yield Person(label_studio, proxy, folder, project, label_studio.add_tasks(project, tasks))


@pytest.fixture(autouse=True)
def forget(person):
    person.proxy.forget()


def test_a_server_that_dies_in_the_middle_means_try_again(person):
    person.proxy.planned += [("image", "503")] * 50
    done = person.run()
    assert done.returncode == 75
    assert "could not be fetched (HTTP 503); the next run goes on from here" in done.stderr
    person.proxy.forget()
    assert person.run().returncode == 0


def test_a_server_that_cannot_be_reached_is_asked_four_times(person):
    person.proxy.planned += [("api", "refuse")] * 4
    started = time.monotonic()
    done = person.run()
    assert (done.returncode, len(person.proxy.asked)) == (75, 4)
    assert f"Label Studio at {person.proxy.url} can't be reached (" in done.stderr
    assert "try again later" in done.stderr
    assert time.monotonic() - started > 7  # 1, 2 and 4 seconds between them


@pytest.mark.parametrize(
    ("token", "status", "said"),
    [
        ("f" * 40, None, "refused the token: copy a valid one"),
        (TOKEN, "401", "refused the token: copy a valid one"),
        (TOKEN, "403", "does not let the token's owner read this; use a member's token"),
    ],
)
def test_a_token_that_is_refused_is_told_at_once(person, token, status, said):
    person.proxy.planned += [("api", status)] * 9 if status else []
    done = person.run(token=token)
    assert (done.returncode, len(person.proxy.asked)) == (2, 1)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(person.run("run", "--json", token="f" * 40).stdout)["status"] == "failed"


def test_an_unknown_project_is_told_with_those_that_there_are(person):
    done = person.run(PROJECT="99999")
    assert done.returncode == 2
    asked = [path.partition("?")[0] for path in person.proxy.asked]  # the list may be longer than the server's page
    assert (asked[0], {*asked[1:]}) == ("/api/projects/99999/", {"/api/projects/"})
    assert "Label Studio has no project with the id 99999; there are: " in done.stderr


def test_a_run_with_nothing_new_pushes_and_pulls_nothing_until_it_is_forced(person):
    person.run()
    for task in person.tasks:
        prediction = {"task": task, "result": [disc()]}
        person.server.ask("POST", f"/api/projects/{person.project}/import/predictions", json=[prediction])
        person.server.ask("POST", "/api/predictions/", json=prediction)
    assert json.loads(person.run("run", "--until", "pull", "--json").stdout)["status"] == "unchanged"
    person.proxy.forget()
    unchanged = person.run("run", "--until", "pull", "--json", PYTHONPROFILEIMPORTTIME="1")
    assert json.loads(unchanged.stdout)["status"] == "unchanged"
    assert "httpx" in unchanged.stderr
    assert not [name for name in ("numpy", "pyarrow", "label_studio_sdk") if name in unchanged.stderr]
    assert (person.proxy.images(), len(person.proxy.asked)) == (0, 2)
    forced = json.loads(person.run("run", "--until", "pull", "--force", "pull", "--json").stdout)
    assert (forced["status"], person.proxy.images()) == ("done", 4)
    assert json.loads(person.run("run", "--until", "pull", "--json").stdout)["status"] == "unchanged"


def test_an_image_on_a_private_host_is_listed_and_not_asked_for(person, other_host):
    made = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(made, "PNG")
    other_host.pages["/private.png"] = made.getvalue()
    project, drawn = person.server.project("Of strangers"), [{"result": [disc(original_width=40, original_height=30)]}]
    sources = [*person.server.upload(project, {"a.png": made.getvalue()}).values(), f"{other_host.url}/private.png"]
    person.server.add_tasks(project, [{"data": {"image": source}, "annotations": drawn} for source in sources])
    arguments = ("run", "--until", "pull", "--set", "pull.private_hosts=[]", "--json")
    done = person.run(*arguments, PROJECT=str(project))
    [step] = json.loads(done.stdout)["steps"]
    assert step["figures"] == {"tasks": 2, "images": 1, "regions": 1, "excluded": 1}
    [lost] = [row for row in read(person.folder / step["path"]).losses.to_pylist() if row["what"] == "image"]
    assert lost["reason"] == "private_host"
    assert lost["detail"].endswith("may come from there, add 127.0.0.1 to pull.private_hosts")
    assert other_host.asked == []


@pytest.mark.parametrize("kind", ["legacy", "personal"])
def test_a_token_is_found_nowhere(person, other_host, kind):
    """Not in any file (those of the runs before, too), what is said, or a process's title, and not at another host.

    That is so when all is well, and when the server repeats what it was sent.
    """
    token = TOKEN if kind == "legacy" else person.server.personal_token
    person.proxy.elsewhere = other_host.url
    titles: list[str] = []
    person.proxy.before_image[1] = lambda: titles.extend(_titles())
    said = [person.run("plan", token=token)]
    for planned in ([], [("api", "400")], [("api", "200")], [("image", "302")]):
        person.proxy.planned += planned
        said.append(person.run("run", "--until", "pull", "--force", "pull", "--json", token=token))
    assert person.proxy.injected == [("api", "400"), ("api", "200"), ("image", "302")]
    secrets = {token, token.rpartition(".")[2], *person.proxy.tokens} - {""}
    assert len(secrets) >= (1 if kind == "legacy" else 3)  # what a personal token is exchanged for, too
    assert any("detector" in title for title in titles)
    assert [done.returncode for done in said] == [0, 0, 1, 2, 0]
    found = [f"{done.stdout}{done.stderr}" for done in said] + titles
    found += [file.read_bytes().decode("latin-1") for file in person.folder.rglob("*") if file.is_file()]
    assert not [text for text in found for secret in secrets if secret in text]
    assert [path.startswith("/data/") for path, _ in other_host.asked] == [True]
    assert "authorization" not in other_host.asked[0][1]


def _titles() -> list[str]:
    """The command line of every process on this machine."""
    titles = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            titles.append(file.read_text(errors="replace"))
        except OSError:  # it has ended
            continue
    return titles
