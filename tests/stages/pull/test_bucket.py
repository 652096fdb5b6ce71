"""A folder of an S3 server as the source of pictures and labels: copied once, and only what changed after that."""

import json
import os
from pathlib import Path

import pytest

from detector.data.dataset import Dataset
from detector.stages.pull import _bucket
from tests.support import warm
from tests.support.exports import annotation, box, picture, task
from tests.support.services.s3 import BUCKET, s3

PICTURES = 24
YOLO = f"""
name: remote
task: detect
classes: [car, person]
pull: {{using: yolo, path: "s3://{BUCKET}/data"}}
train: {{model: yolo11n.yaml}}
"""
EXPORT = YOLO.replace('{using: yolo, path: "s3://', '{using: label_studio_export, path: export.json, images: "s3://')


@pytest.fixture(scope="module")
def server():
    with s3() as running:
        yield running


@pytest.fixture
def bucket(server, tmp_path):
    """Two dozen pictures with a txt each in the bucket, and what finds them; the bucket is emptied afterwards."""
    for at in range(PICTURES):
        put(server, f"data/images/Größe {at}.png", picture(tmp_path / f"{at}.png").read_bytes())
        put(server, f"data/labels/Größe {at}.txt", b"0 0.5 0.5 0.2 0.2\n" if at % 2 else b"1 0.4 0.5 0.2 0.2\n")
    put(server, "data/video.mp4", b"no picture")
    yield server
    for name in server.names():
        server.client.delete_object(Bucket=BUCKET, Key=name)


def put(server, key, content):
    server.client.put_object(Bucket=BUCKET, Key=key, Body=content)


def run(server, folder, pipeline=YOLO, *arguments, **environment):
    """`detector run --until convert`, which finds the server by the environment."""
    (folder / "pipeline.yaml").write_text(pipeline)
    found = os.environ | server.environment | {"AWS_ENDPOINT_URL": server.url} | environment
    return warm.run(folder, "run", "--until", "convert", "--json", *arguments, environment=found)


def outcome(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows(folder):
    """Class ids by the name of the picture, of the newest version."""
    dataset = Dataset(Path(folder / "datasets/remote/latest"))
    sources = dataset.images["source"].to_pylist()
    places = zip(dataset.instances["image"].to_pylist(), dataset.instances["class_id"].to_pylist(), strict=True)
    return {Path(sources[image]).name: label for image, label in places}


def copies(folder):
    """Each file of the copy, by its inode: one that was fetched again has another."""
    files = [file for file in folder.glob("datasets/remote/pulled/buckets/*/**/*") if file.is_file()]
    return {file.name: file.stat().st_ino for file in files}


def test_what_is_in_the_bucket_is_what_is_converted(bucket, tmp_path):
    told = outcome(run(bucket, tmp_path))
    assert told["steps"][0]["figures"]["images"] == PICTURES
    assert rows(tmp_path) == {f"Größe {at}.png": 0 if at % 2 else 1 for at in range(PICTURES)}
    assert "video.mp4" not in copies(tmp_path)
    assert outcome(run(bucket, tmp_path))["status"] == "unchanged"


def test_only_what_changed_is_fetched(bucket, tmp_path):
    outcome(run(bucket, tmp_path))
    before = copies(tmp_path)
    put(bucket, "data/labels/Größe 1.txt", b"1 0.5 0.5 0.25 0.25\n")
    put(bucket, "data/images/new.png", picture(tmp_path / "new.png").read_bytes())
    put(bucket, "data/labels/new.txt", b"0 0.5 0.5 0.2 0.2\n")
    for key in ("data/images/Größe 2.png", "data/labels/Größe 2.txt"):
        bucket.client.delete_object(Bucket=BUCKET, Key=key)
    outcome(run(bucket, tmp_path))
    after = copies(tmp_path)
    assert {name for name, inode in after.items() if before.get(name) != inode} == {"new.png", "new.txt", "Größe 1.txt"}
    assert before.keys() - after.keys() == {"Größe 2.png", "Größe 2.txt"}
    labels = rows(tmp_path)
    assert (labels["Größe 1.png"], labels["new.png"], "Größe 2.png" in labels) == (1, 0, False)


def test_a_copy_that_was_damaged_is_made_again(bucket, tmp_path):
    outcome(run(bucket, tmp_path))
    for file in tmp_path.glob("datasets/remote/pulled/buckets/*/labels/*.txt"):
        file.write_bytes(b"")
    outcome(run(bucket, tmp_path, YOLO, "--force", "pull"))
    assert len(rows(tmp_path)) == PICTURES


IN_THE_BUCKET = f"s3://{BUCKET}/data/images/{{}}"


@pytest.mark.parametrize("reference", [IN_THE_BUCKET, "images/{}", "/data/local-files/?d=images/{}"])
def test_an_export_finds_its_pictures_there(bucket, tmp_path, reference):
    tasks = [
        task(at, annotation(box(10, 10, 20, 20)), data={"image": reference.format(f"Größe {at}.png")})
        for at in range(PICTURES)
    ]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    told = outcome(run(bucket, tmp_path, EXPORT))
    assert told["steps"][0]["figures"]["images"] == PICTURES
    assert len(rows(tmp_path)) == PICTURES
    assert outcome(run(bucket, tmp_path, EXPORT))["status"] == "unchanged"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (f"s3://{BUCKET}/nothing", "nothing is there; check the bucket and the folder"),
        ("s3://no-such-bucket/data", "there is no such bucket"),
        (f"s3://key:word@{BUCKET}/data", "has credentials in it; export AWS_ACCESS_KEY_ID"),
        (f"s3://{BUCKET}/data?region=x", "is an address of a folder, without a query"),
    ],
)
def test_an_address_that_leads_nowhere_is_said(bucket, tmp_path, address, said):
    done = run(bucket, tmp_path, YOLO.replace(f"s3://{BUCKET}/data", address))
    assert done.returncode == 2, done.stderr
    assert said in " ".join(done.stderr.split())
    assert "word" not in done.stderr


def test_an_object_that_can_be_no_file_is_said(bucket, tmp_path):
    put(bucket, "data/../elsewhere.png", b"x")
    done = run(bucket, tmp_path)
    assert done.returncode == 2
    assert "can be no file; rename it" in " ".join(done.stderr.split())


def test_a_server_that_is_away_is_tried_again_later(bucket, tmp_path):
    done = run(bucket, tmp_path, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert done.returncode == 75, done.stderr
    assert f"s3://{BUCKET}/data can't be reached" in " ".join(done.stderr.split())


@pytest.mark.parametrize("place", ["data", "s3:/data", Path("s3://b/c"), "file://x/y", None])
def test_what_is_no_address(place):
    assert not _bucket.is_address(place)
