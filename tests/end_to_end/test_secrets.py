"""No secret is in a file, a message, the record or a webhook, however it comes and however the run ends.

Every secret has the word CANARY in it. It is looked for in every file below the project, in tables and FiftyOne's
database as they are read, in what is printed, in what `ps` shows, and in what the webhook gets; the pictures are given
for their whole addresses only.
"""

import io
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pymongo
import pytest
from PIL import Image

from detector.browse import mongod
from tests.support.services.label_studio import TOKEN, Server, disc
from tests.support.services.signed import SignedHost, signed_host

CANARY = "c4nary"
PIPELINE = """
name: cells
task: detect
classes: [disc]
pull: {using: label_studio, url: "${LABEL_STUDIO_URL}", token: "${LABEL_STUDIO_TOKEN}", project: "${PROJECT}",
  private_hosts: [127.0.0.1]}
convert: {split: {field: split}}
check: {using: rules, fail_on: {classes_without_examples: warn, broken_images: 0}}
train: {model: yolo11n.yaml}
record: {uri: "${RECORD:-sqlite:///runs/mlflow.db}"}
notify: {url: "${HOOK}", on: [done, failed, unchanged]}
"""
SIGNATURES = {  # form → what follows the path; {n} is another one with each signing
    "aws": "X-Amz-Algorithm=AWS4&X-Amz-Credential=c4nary-id%2F{n}%2Fs3&X-Amz-Date={n}&X-Amz-Signature=c4nary-{n}",
    "aws2": "AWSAccessKeyId=c4nary-id&Expires={n}&Signature=c4nary-{n}%3D",
    "google": "X-Goog-Algorithm=GOOG4&X-Goog-Credential=c4nary%40x&X-Goog-Date={n}&X-Goog-Signature=c4nary{n}",
    "azure": "sv=2024-11-04&se={n}&sr=b&sp=r&sig=c4nary-{n}%3D",
    "cloudfront": "Policy=c4nary-p{n}&Signature=c4nary-{n}&Key-Pair-Id=c4naryK",
    "token": "token=c4nary-{n}",
    "more": "v=3&access_token=c4nary-{n}&w=20",
    "nested": "url=https%3A%2F%2Fbucket%2Fa.png%3FX-Amz-Signature%3Dc4nary-{n}",
}


@dataclass
class Person:
    """Who runs a pipeline on a project whose pictures have signed addresses; and all that was printed."""

    server: Server
    host: SignedHost
    folder: Path
    project: int
    tasks: dict[str, int] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    titles: set[str] = field(default_factory=set)

    def run(self, *arguments, **environment):
        given = {
            "LABEL_STUDIO_URL": self.server.url,
            "LABEL_STUDIO_TOKEN": TOKEN,
            "PROJECT": str(self.project),
            "HOOK": f"{self.host.url}/hook/c4nary-hook?token=c4nary-hook2",
            "HTTPS_PROXY": "http://me:c4nary-proxy@127.0.0.1:9",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
            "NO_PROXY": "127.0.0.1",
        }
        command = [sys.executable, "-m", "detector", *(arguments or ("run", "--until", "check", "--json"))]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, cwd=self.folder, env=os.environ | given | environment, stdout=pipe, stderr=pipe, text=True
        ) as process:
            watch = threading.Thread(target=self._watch, args=(process,))
            watch.start()
            done = subprocess.CompletedProcess(command, 0, *process.communicate())
            watch.join()
        done.returncode = process.returncode
        self.said.append(f"{done.stdout}{done.stderr}")
        return done

    def _watch(self, process):
        """What `ps` shows of it and of all that it starts."""
        while process.poll() is None:
            with suppress(psutil.NoSuchProcess):
                for each in psutil.Process(process.pid).children(recursive=True):
                    with suppress(psutil.NoSuchProcess):
                        self.titles.add(" ".join([each.name(), *each.cmdline()]))
            time.sleep(0.05)

    def sign(self, turn: int) -> dict[str, str]:
        """Sign every picture anew: form → its address. Only the new address leads to it."""
        self.host.pictures.clear()
        addresses = {}
        for number, (form, query) in enumerate(SIGNATURES.items()):
            path = f"/{'one' if form in ('aws', 'aws2') else form}.png?id={number}&{query.format(n=1000 + turn)}"
            self.host.pictures[path] = _png(number)
            addresses[form] = self.host.url + path
        self.host.pictures["/locked.png"] = _png(100)
        self.host.passwords["/locked.png"] = f"me:{CANARY}-{turn}"
        addresses["password"] = f"{self.host.url.replace('://', f'://me:{CANARY}-{turn}@')}/locked.png"
        broken = f"/broken.png?{SIGNATURES['aws'].format(n=turn)}"
        self.host.pictures[broken] = _png(101)[:-20]
        return addresses | {"broken": self.host.url + broken}

    def import_signed(self):
        pictures = self.sign(0)
        drawn = [{"result": [disc(original_width=40, original_height=30)]}]
        splits = ["train", "val", "test"]
        tasks = [
            {"data": {"image": address, "split": splits[at % 3], "more": {"page": address}}, "annotations": drawn}
            for at, address in enumerate(pictures.values())
        ]
        self.tasks = dict(zip(pictures, self.server.add_tasks(self.project, tasks), strict=True))

    def sign_again(self, turn: int):
        for form, address in self.sign(turn).items():
            data = self.server.ask("GET", f"/api/tasks/{self.tasks[form]}/")["data"] | {"image": address}
            self.server.ask("PATCH", f"/api/tasks/{self.tasks[form]}/", json={"data": data})


def _png(number: int) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (40, 30), (number * 2, 0, 0)).save(made, "PNG")
    return made.getvalue()


def _texts(folder: Path):
    """Every file below a folder as text, tables as what is read from them; the path, then the text."""
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            yield str(file), file.read_bytes().decode("latin-1")
            if file.suffix == ".parquet":
                yield str(file), str(pq.read_table(file).to_pylist())
            if file.suffix == ".arrow":
                with pa.OSFile(str(file)) as opened:
                    yield str(file), str(pa.ipc.open_file(opened).read_all().to_pylist())


def _documents(folder: Path):
    """All that FiftyOne's database holds, as text."""
    with mongod.serve(folder) as uri, pymongo.MongoClient(uri) as client:
        for name in set(client.list_database_names()) - {"admin", "config", "local"}:
            for collection in client[name].list_collection_names():
                yield f"FiftyOne {collection}", "\n".join(map(str, client[name][collection].find()))


def leaks(person: Person) -> list[str]:
    """Where a canary is, or the token of Label Studio."""
    texts = [*_texts(person.folder), *(("printed", text) for text in person.said)]
    texts += [("posted", text) for text in person.host.posted]
    texts += [("the title of a process", text) for text in person.titles]
    secrets = (CANARY, TOKEN)
    return [
        f"{where}: …{text[max(at - 60, 0) : at + 30]!r}"
        for where, text in texts
        for secret in secrets
        if (at := unquote(text).find(secret)) >= 0
    ]


@pytest.fixture(scope="module")
def person(label_studio, tmp_path_factory):
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    with signed_host() as host:
        person = Person(label_studio, host, folder, label_studio.project("Signed"))
        person.import_signed()
        yield person


def test_a_gate_refuses_without_a_secret(person):
    done = person.run()
    assert done.returncode == 3, done.stderr
    [report] = person.folder.glob("runs/*/report.html")
    assert "broken.png?signature=***" in report.read_text()
    assert not leaks(person)
    assert person.host.posted


def test_all_is_well_with_other_signatures_and_pictures_are_told_apart_by_what_is_left(person):
    person.sign_again(1)
    person.host.asked.clear()
    done = person.run("run", "--until", "check", "--json", "--set", "check.fail_on.broken_images=warn")
    assert done.returncode == 0, done.stderr
    assert [path for path in person.host.asked if not path.startswith("/broken.png")] == []
    images = pq.read_table(person.folder / "datasets/cells/latest/images.parquet").to_pylist()
    by_task = {row["task_id"]: row for row in images}
    sources = {form: by_task[task]["source"].removeprefix(person.host.url) for form, task in person.tasks.items()}
    assert (sources["aws"], sources["aws2"]) == ("/one.png?id=0&signature=***", "/one.png?id=1&signature=***")
    assert sources["more"] == "/more.png?id=6&v=3&access_token=***&w=20"
    assert sources["password"] == f"http://***@{person.host.url.removeprefix('http://')}/locked.png"
    included = [row["sha256"] for row in images if row["file"]]
    assert len(set(included)) == len(included) == len(SIGNATURES) + 1
    assert json.loads(by_task[person.tasks["token"]]["data"])["more"]["page"].endswith("token.png?id=5&token=***")
    assert not leaks(person)


def test_a_host_that_fails_shows_none(person):
    person.host.broken = True
    done = person.run("run", "--until", "pull", "--force", "pull")
    person.host.broken = False
    assert done.returncode == 75
    assert "could not be fetched (HTTP 500)" in done.stderr
    assert not leaks(person)


@pytest.mark.timeout(600)
def test_fiftyone_a_training_and_its_record_show_none(person):
    micro = ("scale=[0.33, 0.125, 256]", "epochs=1", "image_size=32", "batch=4")
    more = ("check.using=fiftyone", "check.fail_on.broken_images=warn", "promote.minimum=0")
    settings = [*(f"train.{option}" for option in micro), *more, "export=[{using: onnx}]"]
    done = person.run("run", "--json", *(part for setting in settings for part in ("--set", setting)))
    assert done.returncode == 0, done.stderr
    documents = dict(_documents(person.folder / "runs/fiftyone"))
    assert any("/one.png?id=0&signature=***" in text for text in documents.values())
    assert [name for name, text in documents.items() if CANARY in unquote(text) or TOKEN in text] == []
    assert any(title.startswith("mongod ") for title in person.titles)
    assert list(person.folder.glob("runs/2*/train/ultralytics.log"))
    assert not leaks(person)


@pytest.mark.parametrize("user", ["c4nary-alone", "me:c4nary-p@ss/c4nary-word"])
def test_a_record_that_fails_shows_none(person, user):
    record = person.host.url.replace("://", f"://{user}@")
    person.host.broken = True
    done = person.run("run", "--until", "pull", "--force", "pull", RECORD=record)
    person.host.broken = False
    assert done.returncode != 0
    assert "unexpected" not in done.stderr
    assert not leaks(person)
    assert "***@" in (max(person.folder.glob("runs/2*"), key=os.path.getmtime) / "pipeline.yaml").read_text()


def test_a_database_that_fails_shows_none(person):
    record = "postgresql://me:c4nary-p@ss/word@127.0.0.1:9/db?password=c4nary-q"
    assert person.run("run", "--until", "pull", "--force", "pull", RECORD=record).returncode != 0
    assert not leaks(person)


def test_a_wrong_login_or_option_shows_none(person):
    assert person.run(LABEL_STUDIO_TOKEN="c4nary" * 7).returncode == 2
    done = person.run("run", "--json", "--set", "pull.token=c4nary-literal")
    assert done.returncode == 2
    assert "write ${TOKEN} and export TOKEN" in json.loads(done.stdout)["error"]
    assert not leaks(person)


def test_a_leak_would_be_seen(person):
    """The test of the test: what it looks through does hold what it should."""
    where = {Path(path).name for path, _ in _texts(person.folder)}
    assert {"log", "mlflow.db", "images.parquet", "conversion.json", "downloads.jsonl", "findings.json"} <= where
    assert any(name.startswith("server-") and name.endswith(".arrow") for name in where)
    assert "one.png" in "".join(text for _, text in _texts(person.folder))
