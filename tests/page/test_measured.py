"""What was measured, part by part: each figure of the page is one of the evaluation."""

from collections import Counter

import numpy as np
import pytest

from detector.measure.evaluate import Wanted
from detector.measure.mistakes import KINDS
from detector.page import figure
from detector.page._confusion import NOTHING, confusion, counts
from detector.page._precision_recall import HEIGHT, WIDTH, curve, precision_recall
from detector.reporting.outcome import Done
from detector.stages import Result
from tests.page.conftest import interval, write
from tests.support import evaluations
from tests.support.evaluations import CLASSES, HOSTILE, SCORE


def test_the_operating_point_lies_on_the_curve(written):
    shown, measured = precision_recall(written.run.evaluation), written.run.evaluation.measured
    point = measured.operating_point
    assert (shown["score"], shown["precision"], shown["recall"]) == (SCORE, point["precision"], point["recall"])
    assert shown["point"] == (round(point["recall"] * WIDTH, 1), round(HEIGHT - point["precision"] * HEIGHT, 1))
    pairs = [tuple(map(float, pair.split(","))) for pair in shown["lines"][0].points.split()]
    nearest = min(pairs, key=lambda pair: abs(pair[0] - shown["point"][0]))
    assert abs(nearest[1] - shown["point"][1]) < HEIGHT * 0.03


def test_the_curve_of_a_class_has_its_precision(written):
    shown, metrics = precision_recall(written.run.evaluation), written.run.evaluation.measured.metrics
    means = {line.name: line.mean for line in shown["lines"][1:]}
    assert means == pytest.approx({label: metrics[f"mAP50/{label}"] for label in CLASSES}, abs=1e-9)


def test_a_curve_is_the_best_precision_from_a_recall_on():
    levels = curve(np.array([True, False, True]), 4)
    assert (levels[0], levels[25], levels[26], levels[50]) == (1.0, 1.0, 2 / 3, 2 / 3)
    assert levels[51:].max() == 0
    assert curve(np.empty(0, bool), 4).max() == 0


def test_what_is_taken_for_what_adds_up(written, page):
    expected = Counter({(0, 0): 12, (1, 1): 8, (1, 2): 4, (2, 2): 9, (2, NOTHING): 3, (NOTHING, 0): 3})
    assert counts(written.run.evaluation) == expected
    rows = written.rows(page, "#confusion .confusion")
    assert rows == [
        ["annotated", *CLASSES, "missed"],
        [HOSTILE, "12", "·", "·", "·"],
        [CLASSES[1], "·", "8", "4", "·"],
        [CLASSES[2], "·", "·", "9", "3"],
        ["background (nothing there)", "3", "·", "·", ""],
    ]
    per_image = written.run.evaluation.images
    missed = sum(per_image["missed"].to_pylist())
    assert missed == sum(count for (row, column), count in expected.items() if row not in (NOTHING, column))
    assert sum(per_image["predicted"].to_pylist()) == sum(n for (_, column), n in expected.items() if column != NOTHING)


def test_of_very_many_classes_the_mixups_are_listed(written, monkeypatch, tmp_path, page):
    monkeypatch.setattr("detector.page._confusion.MOST", 2)
    assert confusion(written.run.evaluation)["mixups"] == [(CLASSES[1], CLASSES[2], 4)]
    monkeypatch.setattr("detector.page._confusion.NUMBERED", 2)
    rows = write(tmp_path, written.run).rows(page, "#confusion")
    assert rows == [["annotated", "predicted", "objects"], [CLASSES[1], CLASSES[2], "4"]]
    assert page.locator("#confusion .count").count() == 0


def test_the_plot_has_each_pair_where_it_belongs(written, page):
    page.goto(written.file.as_uri())
    drawn = page.locator("#confusion svg g").evaluate_all(
        """all => all.map(each => { const cell = each.querySelector('rect'), place = cell.getBBox(); return [
            each.querySelector('title').textContent, each.querySelector('.count').textContent,
            cell.className.baseVal, place.x, place.y] })"""
    )
    first, second, third = CLASSES
    assert {title: (count, kind) for title, count, kind, *_ in drawn} == {
        f"{first} found: 12": ("12", "right"),
        f"{second} found: 8": ("8", "right"),
        f"{second} taken for {third}: 4": ("4", "wrong"),
        f"{third} found: 9": ("9", "right"),
        f"{third} missed: 3": ("3", "wrong"),
        f"{first} predicted where nothing is annotated: 3": ("3", "wrong"),
    }
    places = {title.rpartition(":")[0]: (x, y) for title, _, _, x, y in drawn}
    pairs = (f"{second} found", f"{second} taken for {third}", f"{third} missed")
    found, taken, missed = (places[pair] for pair in pairs)
    assert found[1] == taken[1]
    assert found[0] < taken[0] < missed[0]
    assert taken[1] < missed[1]
    legend = page.locator("#confusion .legend").inner_text()
    assert "predicted as annotated" in legend
    assert "a mistake" in legend


def test_kinds_of_mistake_have_their_count_and_cost(written, page):
    told = written.run.evaluation.measured.mistakes
    rows = written.rows(page, "#mistakes")[1:]
    assert {row[0]: (row[1], row[3]) for row in rows} == {
        KINDS[name]: (str(kind["count"]), figure(kind["cost"])) for name, kind in told.items()
    }
    assert (told["class"]["count"], told["background"]["count"], told["missed"]["count"]) == (4, 3, 3)
    costs = [float(row[3]) for row in rows]
    assert costs == sorted(costs, reverse=True)
    widths = page.locator("#mistakes td:last-child .bar").evaluate_all(
        "all => all.map(each => parseFloat(each.style.width))"
    )
    assert widths == pytest.approx([100 * cost / costs[0] for cost in costs if cost], abs=1)


def shown_with_interval(each):
    return f"{figure(each['mAP50-95'])} {interval(each['interval'])}"


def test_slices_have_their_images_and_intervals(tmp_path, page):
    data = evaluations.dataset(tmp_path / "datasets")
    evaluations.label(data, [{"camera": HOSTILE if row % 2 else "left"} for row in range(data.images.num_rows)])
    data = type(data)(data.folder)
    after = evaluations.measured(data, evaluations.challenger, tmp_path / "after", Wanted(slices=["data.camera"]))
    steps = [Done("evaluate", Result(after.folder, "e", ""), False, 1.0)]
    rows = write(tmp_path, evaluations.Run("tests", tmp_path, steps, data, "")).rows(page, ".slice")
    assert page.locator(".slice h2").inner_text() == "By data.camera"
    slices = after.measured.slices
    assert rows[1:] == [
        [each["value"], str(each["images"]), str(each["objects"]), shown_with_interval(each), ""] for each in slices
    ]
    assert {each["value"]: each["images"] for each in slices} == {HOSTILE: 6, "left": 6}


def test_sizes_count_what_is_there_and_what_is_found(written, page):
    metrics = written.run.evaluation.measured.metrics
    rows = {row[0].split()[0]: row[1:] for row in written.rows(page, "#sizes")[1:]}
    assert rows.keys() == {"small", "medium"}
    assert rows["small"][:2] == ["24", "17 (71 %)"]
    assert rows["medium"][:2] == ["12", "12 (100 %)"]
    for name, row in rows.items():
        assert row[2:] == [figure(metrics[f"{name}/mAP50-95"]), figure(metrics[f"{name}/AR100"])]


def test_each_class_has_its_figures_and_objects(written, page):
    measured = written.run.evaluation.measured
    rows = {row[0]: row[1:] for row in written.rows(page, "#classes")}
    in_train = dict(zip(CLASSES, ("3", "1", "1"), strict=True))
    for label in CLASSES:
        shown = [f"{figure(measured.metrics[f'{name}/{label}'])} {interval(measured.intervals[f'{name}/{label}'])}"
                 for name in ("mAP50-95", "mAP50")]  # fmt: skip
        here = [figure(measured.metrics[f"{name}/{label}"]) for name in ("precision", "recall")]
        assert rows[label] == [shown[0], "", shown[1], *here, "12", in_train[label]]
