"""FiftyOne's App in a real browser, on a version that was checked: pictures, boxes, tags and saved views are there."""

import io
import socket
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from detector.browse import samples
from detector.browse.database import connected
from detector.browse.predictions import add_predictions
from detector.commands import app, versions
from detector.errors import UsageError
from detector.stages.check import fiftyone
from detector.stages.evaluate._said import said
from tests.support.jobs import Pipeline, job
from tests.support.judged import evaluated, seen
from tests.support.versions import CLASSES, Object, Picture, every_class, version

RUN = Path("runs/20260101T000000Z-abcdef")
VIEWS = {  # what each has, and the picture that comes first
    "tiny_objects": ("1 sample", "00000007-cell.jpg"),
    "missed": ("2 samples", "00000006-cell.jpg"),
    "false": ("1 sample", "00000005-cell.jpg"),
}


@pytest.fixture
def checked(tmp_path, monkeypatch):
    """A project folder with a checked version of 7 images and 20 objects, one of them tiny; and a run that made it."""
    monkeypatch.chdir(tmp_path)
    tiny = [Object(0), Object(1, 0.2, 0.5, 0.01, 0.2)]
    data = version(Path("datasets/cells"), [*every_class(), Picture("val", tiny)])
    Path("datasets/cells/latest").symlink_to(data.version)
    pipeline = Pipeline(name="cells", classes=CLASSES)
    fiftyone.run(job(RUN, fiftyone.Options(), pipeline, convert=data.folder))
    (RUN / "run.json").write_text('{"steps": [{"step": "convert", "path": "datasets/cells/0123456789ab"}]}')
    return data


def predict(data) -> None:
    """On the first image of the test split, one right prediction and one where nothing is."""
    rows = [seen(4, 0, 0.9, 0.5, 0.5, 0.4, 0.6), seen(4, 1, 0.95, 0.1, 0.1, 0.05, 0.05)]
    evaluation = evaluated(data, RUN / "evaluate", rows)
    with connected(app.FIFTYONE):
        add_predictions(samples.load(data, "cells"), data.on("test"), evaluation.objects, said(evaluation, data))


def picture_of(page) -> np.ndarray:
    grid = page.locator("[data-cy=fo-grid]").screenshot()
    return np.asarray(Image.open(io.BytesIO(grid)).convert("RGB"), int)


def test_the_page_shows_pictures_boxes_predictions_and_what_the_check_found(checked, page, tmp_path):
    predict(checked)
    answers = []
    page.on("response", lambda response: answers.append(response) if "/graphql" in response.url else None)
    with app.opened(versions.find(None), app._free(None)) as url:
        page.goto(url)
        page.get_by_text("7 samples").wait_for()
        page.get_by_role("button", name="Dismiss").click()  # FiftyOne's advertisement
        page.wait_for_function("document.querySelectorAll('[data-cy=looker] canvas').length == 7")
        page.wait_for_timeout(1000)  # the boxes are drawn after the pictures
        page.screenshot(path=tmp_path / "app.png")
        with_boxes = picture_of(page)
        for field in ("ground_truth", "predictions"):
            page.locator(f"[data-cy=checkbox-{field}]").click()
        page.wait_for_timeout(1000)
        changed = np.abs(picture_of(page) - with_boxes).max(axis=2) > 30
        assert 3000 < changed.sum() < changed.size / 10  # the lines of 20 boxes, and nothing else
        nodes = [edge["node"] for answer in answers for edge in edges(answer)]
        for view, (count, worst) in VIEWS.items():
            page.locator("[data-cy=saved-views-selection]").click()
            page.get_by_text(view, exact=True).first.click()
            page.get_by_text(count, exact=True).wait_for()
            page.locator("[data-cy=looker]").first.click()
            page.locator("[data-cy=modal]").get_by_text(worst).first.wait_for()
            page.screenshot(path=tmp_path / f"{view}.png")
            page.keyboard.press("Escape")
    shown = {node["sample"]["filepath"]: node["sample"] for node in nodes}
    labels = [each["label"] for sample in shown.values() for each in sample["ground_truth"]["detections"]]
    assert len(shown) == 7
    assert {label: labels.count(label) for label in CLASSES} == {"RBC": 7, "WBC": 7, "Platelets": 6}
    found = shown[str(checked.folder.resolve() / "images" / "test" / "00000005-cell.jpg")]["predictions"]["detections"]
    assert {(each["label"], each["evaluation"]) for each in found} == {("RBC", "tp"), ("WBC", "fp")}


@pytest.mark.usefixtures("checked")
def test_what_is_started_for_it_listens_on_loopback_and_imports_nothing_from_the_working_folder(tmp_path):
    for name in ("fiftyone", "hypercorn", "eta", "numpy", "yaml"):
        (tmp_path / f"{name}.py").write_text("import pathlib\npathlib.Path(__file__).with_suffix('.ran').touch()\n")
    with app.opened(versions.find(None), app._free(None)) as url:
        ours = psutil.Process().children(recursive=True)
        sockets = [each for process in ours for each in process.net_connections("inet") if each.status == "LISTEN"]
        assert int(url.split(":")[2].split("/")[0]) in {each.laddr.port for each in sockets}
        assert len(sockets) >= 2  # the App's and MongoDB's
        assert {each.laddr.ip for each in sockets} == {"127.0.0.1"}
    assert sorted(tmp_path.glob("*.ran")) == []


def edges(answer) -> list:
    samples_of = (answer.json().get("data") or {}).get("samples") or {}
    return samples_of.get("edges", [])


@pytest.mark.parametrize("which", [None, "0123456789ab", RUN.name, str(RUN), "datasets/cells/latest"])
def test_a_version_is_found_by_its_name_its_run_or_not_at_all(checked, which):
    assert versions.find(which).folder == checked.folder.resolve()


def test_what_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="there is no dataset version yet; `detector status`"):
        versions.find(None)
    with pytest.raises(UsageError, match="no dataset version or run is called feed"):
        versions.find("feed")


def test_a_port_that_is_taken_is_refused_when_it_was_asked_for():
    with socket.socket() as taken:
        taken.bind((app.ADDRESS, 0))
        taken.listen()
        with pytest.raises(UsageError, match="is taken; give another one with --port"):
            app._free(taken.getsockname()[1])
