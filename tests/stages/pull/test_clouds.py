"""A folder of Google Cloud Storage and of Azure as the source of pictures, on the emulators of both."""

import json
import os
import re

import pytest

from detector.secrets import without_secrets
from detector.secrets.known import protect_environment
from tests.stages.pull.test_bucket import EXPORT, PICTURES, YOLO, copies, outcome, rows
from tests.support import warm
from tests.support.exports import annotation, box, picture, task
from tests.support.services.clouds import ACCOUNT, KEY, azure, azurite_is_there, google
from tests.support.services.s3 import BUCKET

NAMES = [f"Größe {at}.png" for at in range(PICTURES)]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AZURE_", "GOOGLE_"))}


@pytest.fixture(scope="module", params=["google", "azure"])
def server(request):
    if request.param == "azure" and not azurite_is_there():
        pytest.skip("Azurite is not here: it needs Node.js")
    with {"google": google, "azure": azure}[request.param]() as running:
        yield running


@pytest.fixture(scope="module")
def cloud(server, tmp_path_factory):
    """Two dozen pictures with a txt each in data/, and something else."""
    scratch = tmp_path_factory.mktemp("pictures")
    for at, name in enumerate(NAMES):
        server.put(f"data/images/{name}", picture(scratch / f"{at}.png").read_bytes())
        server.put(f"data/labels/{name.replace('png', 'txt')}", b"%d 0.5 0.5 0.2 0.2\n" % (at % 2))
    server.put("data/video.mp4", b"no picture")
    return server


def run(cloud, folder, pipeline=YOLO, address=None, **environment):
    text = pipeline.replace(f"s3://{BUCKET}/data", address or f"{cloud.address}/data")
    (folder / "pipeline.yaml").write_text(text)
    found = CLEAN | cloud.environment | environment
    return warm.run(folder, "run", "--until", "convert", "--json", environment=found)


def said(done, code):
    assert done.returncode == code, done.stderr
    assert KEY not in done.stdout + done.stderr
    return " ".join(done.stderr.split())


def test_what_is_there_is_what_is_converted_and_only_what_changed_is_fetched(cloud, tmp_path):
    assert outcome(run(cloud, tmp_path))["steps"][0]["figures"]["images"] == PICTURES
    assert rows(tmp_path) == {name: at % 2 for at, name in enumerate(NAMES)}
    assert outcome(run(cloud, tmp_path))["status"] == "unchanged"
    before = copies(tmp_path)
    assert "video.mp4" not in before
    cloud.put("data/images/new.png", picture(tmp_path / "new.png").read_bytes())
    cloud.put("data/labels/new.txt", b"1 0.5 0.5 0.25 0.25\n")
    outcome(run(cloud, tmp_path))
    after = copies(tmp_path)
    assert {name for name, inode in after.items() if before.get(name) != inode} == {"new.png", "new.txt"}
    for name in ("images/new.png", "labels/new.txt"):
        cloud.delete(f"data/{name}")
    assert outcome(run(cloud, tmp_path))["steps"][0]["figures"]["images"] == PICTURES


def test_an_export_finds_its_pictures_there(cloud, tmp_path):
    tasks = [
        task(at, annotation(box(10, 10, 20, 20)), data={"image": f"{cloud.reference}/data/images/{name}"})
        for at, name in enumerate(NAMES)
    ]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    assert outcome(run(cloud, tmp_path, EXPORT))["steps"][0]["figures"]["images"] == PICTURES


@pytest.mark.parametrize("place", ["/nothing", "/data/nothing"])
def test_a_folder_that_is_not_there_is_said(cloud, tmp_path, place):
    told = said(run(cloud, tmp_path, address=cloud.address + place), 2)
    assert f"{cloud.address}{place}: nothing is there; check the bucket and the folder" in told


def test_a_container_that_is_not_there_is_said(cloud, tmp_path):
    address = cloud.address.replace("://box", "://no-such-box")
    assert f"{address}: nothing is there" in said(run(cloud, tmp_path, address=address), 2)


@pytest.mark.parametrize("key", [KEY[:-6] + "AAAA==", "no key", ""])
def test_credentials_that_open_nothing_are_said(cloud, tmp_path, key):
    if "AZURE_STORAGE_CONNECTION_STRING" not in cloud.environment:
        pytest.skip("this emulator asks for none")
    string = cloud.environment["AZURE_STORAGE_CONNECTION_STRING"].replace(KEY, key)
    told = said(run(cloud, tmp_path, AZURE_STORAGE_CONNECTION_STRING=string), 2)
    assert "the credentials in the environment (AZURE_STORAGE_KEY and its like) don't open it" in told


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("gs://box/data", "credentials in the environment (GOOGLE_APPLICATION_CREDENTIALS and its like) don't open"),
        ("abfss://box@nobody.dfs.core.windows.net/data", "the credentials in the environment (AZURE_STORAGE_KEY"),
        ("abfss://box/data", "should be abfss://container@account.dfs.core.windows.net/folder"),
        ("abfss://box:word@me.dfs.core.windows.net/data", "should be abfss://container@account"),
        ("gs://key:word@box/data", "has credentials in it; export GOOGLE_APPLICATION_CREDENTIALS"),
    ],
)
def test_an_address_that_nothing_opens_is_said(tmp_path, address, sentence):
    (tmp_path / "pipeline.yaml").write_text(YOLO.replace(f"s3://{BUCKET}/data", address))
    done = warm.run(tmp_path, "run", "--until", "convert", "--json", environment=CLEAN)
    assert sentence in said(done, 2)
    assert "word" not in done.stderr


def test_a_server_that_is_away_is_tried_again_later(cloud, tmp_path):
    away = {name: re.sub(r"127.0.0.1:\d+", "127.0.0.1:9", value) for name, value in cloud.environment.items()}
    told = said(run(cloud, tmp_path, **away), 75)
    assert f"{cloud.address}/data can't be reached" in told


def test_the_key_of_a_connection_string_is_a_secret():
    string = f"DefaultEndpointsProtocol=https;AccountName={ACCOUNT};AccountKey=abcdefghijkl0123456789+/==;"
    protect_environment({"AZURE_STORAGE_CONNECTION_STRING": string, "AZURE_STORAGE_KEY": "zyxwvutsrqponmlk=="})
    shown = without_secrets(f"it was abcdefghijkl0123456789+/== of {ACCOUNT} or zyxwvutsrqponmlk==")
    assert shown == f"it was *** of {ACCOUNT} or ***"
