"""The generated project: repeatable, true to its pictures, with every fault, and taken by the real Label Studio."""

import hashlib
import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageOps

from detector import sample
from detector.sample.annotate import draw, label_config
from detector.sample.parts import HEIGHT, WIDTH, scatter

IMAGES = 16


@pytest.fixture(scope="module", params=[False, True], ids=["boxes", "outlines"])
def project(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    sample.write(folder, images=IMAGES, outlines=request.param)
    return folder


def tasks(folder):
    return json.loads((folder / "export.json").read_text())


def content(folder):
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_one_seed_one_project(project, tmp_path):
    outlines = not any(region["type"] == "rectanglelabels" for region in regions(project))
    sample.write(tmp_path / "same", images=IMAGES, outlines=outlines)
    sample.write(tmp_path / "other", images=IMAGES, outlines=outlines, seed=1)
    assert content(tmp_path / "same") == content(project)
    assert not set(content(tmp_path / "other").values()) & {
        digest for name, digest in content(project).items() if name.endswith(".jpg")
    }


def regions(folder):
    return [region for task in tasks(folder) for given in task["annotations"] for region in given["result"]]


def test_every_image_is_there_and_upright_of_the_size_that_was_annotated(project):
    for task in tasks(project):
        with Image.open(project / task["data"]["image"].removeprefix("/data/local-files/?d=")) as file:
            assert ImageOps.exif_transpose(file).size == (WIDTH, HEIGHT)
    assert {(region["original_width"], region["original_height"]) for region in regions(project)} == {(WIDTH, HEIGHT)}


def test_every_fault_is_there_once(project):
    found = Counter()
    for task in tasks(project):
        given = task["annotations"]
        shapes = [region["value"] for region in given[0]["result"]] if given else []
        found["unlabelled"] += not given
        found["cancelled"] += bool(given) and given[0]["was_cancelled"]
        found["background"] += bool(given) and not shapes and not given[0]["was_cancelled"]
        found["twice"] += len(given) == 2
        found["duplicate"] += len({json.dumps(shape) for shape in shapes}) < len(shapes)
        found["flat"] += any(height_of(shape) == 0 for shape in shapes)
        found["beyond"] += any(right_of(shape) > 100.5 for shape in shapes)
        found["sideways"] += Image.open(project / task["data"]["image"].split("=")[1]).getexif().get(274) == 6
    assert found == dict.fromkeys(found, 1)


def height_of(value):
    points = value.get("points")
    return np.ptp([y for _, y in points]) if points else value.get("height", 1)


def right_of(value):
    if "points" in value:
        return max(x for x, _ in value["points"])
    return 0 if value.get("rotation") else value.get("x", 0) + value.get("width", 0)


def test_ids_are_unique(project):
    ids = [region["id"] for region in regions(project)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("outlines", [False, True])
def test_what_is_drawn_is_where_the_part_is(outlines):
    rng = np.random.default_rng(3)
    parts = [part for _ in range(30) for part in scatter(rng, 5, 1.0)]
    kinds = Counter()
    for part in parts:
        region = draw(part, outlines, rng)
        kinds[region["type"]] += 1
        rows, columns = np.nonzero(part.mask())
        left, top, right, bottom = envelope(region)
        found = np.array([left - columns.min(), top - rows.min(), right - columns.max() - 1, bottom - rows.max() - 1])
        slack = 0.5 * part.size if region["value"].get("rotation") else 1.8  # the tip of a turned box is air
        assert np.abs(found).max() < slack, region
        assert region["value"][region["type"]] == [part.name]
    assert ("rectanglelabels" in kinds) is not outlines
    assert {"polygonlabels", "brushlabels", "ellipselabels"} <= set(kinds)


def envelope(region):
    """Left, top, right, bottom in pixels."""
    value = region["value"]
    if region["type"] == "brushlabels":
        from label_studio_sdk.converter.brush import decode_rle

        rows, columns = np.nonzero(decode_rle(value["rle"]).reshape(HEIGHT, WIDTH, 4)[:, :, 3])
        return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    if region["type"] == "polygonlabels":
        points = np.array(value["points"]) / 100 * (WIDTH, HEIGHT)
    elif region["type"] == "ellipselabels":
        centre = np.array([value["x"], value["y"]])
        points = (centre + np.array([[-1, -1], [1, 1]]) * (value["radiusX"], value["radiusY"])) / 100 * (WIDTH, HEIGHT)
    else:
        size = np.array([value["width"] * WIDTH, value["height"] * HEIGHT]) / 100
        cos, sin = np.cos(np.radians(value["rotation"])), np.sin(np.radians(value["rotation"]))
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * size
        points = corners @ [[cos, sin], [-sin, cos]] + (value["x"] / 100 * WIDTH, value["y"] / 100 * HEIGHT)
    return *points.min(axis=0), *points.max(axis=0)


def test_label_studio_takes_it_and_gives_it_back(label_studio, project):
    """The real server imports the tasks, and its own export has the same regions."""
    number = label_studio.project("sample parts", label_config())
    sent = tasks(project)
    for given in (given for task in sent for given in task["annotations"]):
        del given["completed_by"]  # these people have no account there
    label_studio.add_tasks(number, sent)
    returned = label_studio.ask("GET", f"/api/projects/{number}/export", params={"exportType": "JSON"})
    sent_regions = {region["id"]: region["value"] for region in regions(project)}
    returned_regions = {
        region["id"]: region["value"]
        for task in returned
        for given in task["annotations"]
        for region in given["result"]
    }
    assert returned_regions == sent_regions
    ours, theirs = sent[0], next(task for task in returned if task["data"] == sent[0]["data"])
    assert set(ours) <= set(theirs)
    assert set(ours["annotations"][0]) <= set(theirs["annotations"][0])
