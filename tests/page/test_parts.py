"""Verdict, data, findings, engines, costs: each says what the steps left, and nothing else."""

import json
import shutil
from dataclasses import replace

import pytest

from detector.page import figure
from detector.reporting.outcome import Done
from detector.stages import Result
from tests.page.conftest import interval, write
from tests.support import evaluations
from tests.support.evaluations import CLASSES, HOSTILE


def test_the_verdict_has_the_figures_with_their_intervals(written, page):
    page.goto(written.file.as_uri())
    measured = written.run.evaluation.measured
    assert page.locator("h1").inner_text() == "New champion"
    assert page.locator("p.verdict").inner_text() == evaluations.PROMOTED
    tiles = page.locator(".tiles div").all_inner_texts()
    for tile, name in zip(tiles, ("mAP50-95", "mAP50", "precision", "recall"), strict=False):
        expected = [name, figure(measured.metrics[name])]
        expected += [interval(measured.intervals[name])] if name in measured.intervals else []
        assert tile.split("\n")[: len(expected)] == expected
    assert [tile.split("\n") for tile in tiles[4:]] == [["test images", "12"], ["test objects", "36"]]
    told = page.locator("header").inner_text()
    assert (
        "On 12 test images that training never saw, it finds 81 % of the objects, and 81 % of what it reports" in told
    )


@pytest.mark.parametrize(
    ("promoted", "headline"),
    [(Result, "Not champion"), (None, "Done up to export.tensorrt: no model was promoted")],
)
def test_a_model_that_is_no_champion_is_not_called_one(tmp_path, written, promoted, headline, page):
    steps = list(written.run.steps[:-1])
    if promoted:
        steps.append(
            Done("promote", Result(tmp_path, "4-challenger", "challenger: version 4", {"champion": 0.0}), False, 0)
        )
    page.goto(write(tmp_path, replace(written.run, steps=steps)).file.as_uri())
    assert page.locator("h1").inner_text() == headline
    assert page.locator("#changes").count() == 0


def test_the_data_card_counts_objects_by_class_and_split(written, page):
    rows = written.rows(page, "#data")
    assert [HOSTILE, "3", "1", "12", "16"] in rows
    assert [CLASSES[1], "1", "0", "12", "13"] in rows
    assert ["images", "2", "1", "12", "15"] in rows


def test_findings_say_what_they_are_and_where(written, page):
    rows = {row[0].split(" What is counted")[0]: row for row in written.rows(page, "#findings")}
    tiny = rows["tiny objects"]
    assert tiny[1:] == ["2", "warn", "warned"]
    assert f"What is counted: objects with a side under 3 pixels. Tasks: 2 Objects of: {HOSTILE} (2)" in tiny[0]
    assert "→ A detector hardly learns those: delete them, or use larger pictures." in tiny[0]
    assert rows["duplicates"][1:] == ["1", "warn", "warned"]
    assert "leaked images" in page.locator("#findings > p").inner_text()
    links = page.locator("#findings a").evaluate_all("all => all.map(each => each.href)")
    assert set(links) == {"http://label.example/projects/3/data?task=2"}


def test_engines_costs_and_how_to_reproduce(written, page):
    assert written.rows(page, "#engines") == [
        ["onnx", f"tests.onnx, 1.2 MB of {HOSTILE} {written.run.folder / 'onnx'}"],
        ["tensorrt", "skipped: no GPU"],
    ]
    costs = {row[0]: row[1:] for row in written.rows(page, "#costs")}
    assert costs["train"] == ["trained", "3 min 20 s", "", "8,125", "2.1 GB", "5.5 MB"]
    assert costs["all of it"] == ["", "3 min 30 s", "", "", "", "5.5 MB"]
    assert costs["convert"][:2] == ["converted", "nothing new"]
    assert costs["evaluate"][0] == f"12 test images {HOSTILE}"
    facts = {row[0]: row[1] for row in written.rows(page, "#reproduce")}
    assert facts["dataset version"] == written.run.dataset.version
    assert facts["test set"] == "tested"
    assert facts["weights (SHA-256)"] == "f1" * 32
    assert "detector 0." in facts["versions"]
    assert page.locator("#reproduce pre").all_text_contents() == [
        "detector run pipeline.yaml",
        written.run.resolved.strip() + "\n",
    ]


@pytest.mark.parametrize("broken", ["gone", "other schema"])
def test_what_can_not_be_read_any_more_is_left_out(tmp_path, written, broken, page):
    shutil.copytree(written.run.evaluation.folder, tmp_path / "evaluate")
    shutil.copytree(written.run.results["promote"].path, tmp_path / "promote")
    if broken == "gone":
        shutil.rmtree(tmp_path / "evaluate")
    else:
        for file in (tmp_path / "evaluate/evaluation.json", tmp_path / "promote/comparison.json"):
            file.write_text(json.dumps(json.loads(file.read_text()) | {"schema": 99}))
    moved = {"evaluate", "promote"}
    steps = [
        replace(step, result=replace(step.result, path=tmp_path / step.name)) if step.name in moved else step
        for step in written.run.steps
    ]
    page.goto(write(tmp_path, replace(written.run, steps=steps)).file.as_uri())
    assert page.locator("h1").inner_text() == "Champion"
    assert [page.locator(part).count() for part in ("#changes", "#classes", "#data", "#costs")] == [0, 0, 1, 1]
