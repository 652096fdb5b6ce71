"""The course of a training: each point is where its value is, and the losses part where they do."""

import pytest

from detector.data.epochs import parting
from detector.page import templates
from detector.page._curves import curves, nice
from detector.stages import Result

HEADER = "epoch,train/box_loss,train/cls_loss,val/box_loss,val/cls_loss,metrics/mAP50(B),metrics/mAP50-95(B)\n"


def losses(train, val):
    """Columns of a training, with half of each loss in each part."""
    columns = {"epoch": [float(at) for at in range(1, len(train) + 1)]}
    for split, values in (("train", train), ("val", val)):
        columns |= {f"{split}/{name}": [value / 2 for value in values] for name in ("box_loss", "cls_loss")}
    return columns


def test_curves_are_where_their_values_are(written, page):
    page.goto(written.file.as_uri())
    charts = page.locator("#training figure")
    assert charts.locator("figcaption").all_inner_texts() == ["mAP on val", "precision, recall on val", "box loss"]
    points = charts.locator("polyline").evaluate_all("all => all.map(each => each.getAttribute('points'))")
    assert points[0] == "0.0,112.5 140.0,75.0 280.0,0.0"  # mAP50 of 0.2, 0.4, 0.8 on an axis of 0 … 0.8
    assert points[-1] == "0.0,25.0 280.0,75.0"  # a NaN leaves a gap
    assert charts.locator("line.best").first.get_attribute("x1") == "280.0"
    assert charts.locator("line.parted").count() == 0
    assert "Scores are Ultralytics' own, on val" in page.locator("#training").inner_text()


def test_the_losses_part_where_that_on_val_turns():
    parted = parting(losses([10, 8, 6, 4, 2, 2, 2], [10, 8, 5, 6, 6, 6, 6]))
    assert parted == (3, pytest.approx(2 / 6 - 1), pytest.approx(6 / 5 - 1))


@pytest.mark.parametrize(
    ("train", "val"),
    [
        ([10, 8, 6, 4, 2], [10, 8, 6, 5, 4]),  # val falls to the end
        ([10, 8, 6, 4, 2, 2], [10, 8, 5, 5.1, 5.1, 5.1]),  # rises by less than a twentieth
        ([10, 8, 6, 4], [10, 5, 6, 7]),  # too few epochs after it
        ([10, 8, 6, 7, 7, 7], [10, 8, 5, 6, 6, 6]),  # train rises, too: a training that fell apart
        ([1, 1], [float("nan"), float("nan")]),
        ([], []),
    ],
)
def test_losses_that_go_together_do_not_part(train, val):
    assert parting(losses(train, val)) is None


def test_a_low_loss_of_a_network_that_sees_nothing_yet_is_no_parting():
    """As of the sample: at epoch 2 nothing is found on val, and so little is held against it."""
    columns = losses([10.0, 7.5, 5.6, 4.9, 4.5, 3.0, 2.4, 2.3], [7.9, 1.6, 5.5, 4.6, 4.4, 3.0, 2.3, 2.2])
    assert parting(columns).epoch == 2
    found = {"metrics/mAP50-95(B)": [0.0, 0.0, 0.08, 0.2, 0.21, 0.5, 0.67, 0.69]}
    assert parting(columns | found) is None
    by_heart = losses([10.0, 7.5, 5.6, 4.9, 4.5, 3.0, 2.4, 2.3], [7.9, 1.6, 5.5, 4.6, 4.4, 5.0, 5.3, 5.2])
    assert parting(by_heart | found).epoch == 5


def test_where_they_part_is_drawn_and_told(tmp_path):
    rows = [f"{at},{9 - at},{9 - at},{abs(at - 3) + 2},{abs(at - 3) + 2},0.{at},0.{at}\n" for at in range(1, 9)]
    (tmp_path / "results.csv").write_text(HEADER + "".join(rows))
    shown = curves(Result(tmp_path, "", "", {"best_epoch": 8}))
    assert shown.parting.epoch == 3
    assert {chart.title: chart.parted for chart in shown.charts} == {
        "mAP on val": None,
        "box loss": 80,
        "class loss": 80,
    }


def test_what_the_data_settled_is_told(tmp_path):
    (tmp_path / "results.csv").write_text(HEADER + "1,5,5,5,5,0.1,0.1\n")
    assert curves(Result(tmp_path, "", "")).derived == {}
    (tmp_path / "derived.json").write_text('{"batch": {"value": 4, "why": "few images"}}')
    training = curves(Result(tmp_path, "", ""))
    text = templates().get_template("training.html.j2").render(training=training)
    assert "1 option that pipeline.yaml left open" in text
    assert '<td>batch</td><td data-label="value">4</td><td class="told">few images</td>' in text


@pytest.mark.parametrize(
    ("largest", "ticks"), [(0.8, [0, 0.2, 0.4, 0.6, 0.8]), (3, [0, 1, 2, 3]), (0, [0, 1]), (81, [0, 50, 100])]
)
def test_ticks_are_round_and_cover_everything(largest, ticks):
    assert nice(largest) == ticks
