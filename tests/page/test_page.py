"""The page of a run, as a browser shows it."""

import json
import re

import pytest
from PIL import Image

from detector import page as report
from detector.page._costs import duration
from detector.page._curves import nice
from detector.reporting.outcome import Done
from detector.stages import Result
from tests.support.exports import annotation, box, converted, region, task

LINK = "https://label-studio.example.com/projects/3/data?task=1"
CURVES = """\
epoch,train/box_loss,val/box_loss,metrics/precision(B),metrics/recall(B),metrics/mAP50(B),metrics/mAP50-95(B)
1,3.0,2.5,0.5,0.4,0.2,0.1
2,2.0,nan,0.6,0.5,0.4,0.2
3,1.0,1.5,0.7,0.6,0.8,0.4
"""
CHAMPION = "champion: version 4, mAP50-95 0.8100 > 0.7900 of version 3"
HOSTILE = '<script>document.title = "taken over"</script>'


@pytest.fixture
def written(tmp_path):
    """A page of a whole run, from a real conversion and from what the other steps leave."""
    for name in ("check", "train", "evaluate/worst", "export/onnx"):
        (tmp_path / name).mkdir(parents=True)
    dataset, convert = conversion(tmp_path)
    finding = {"rule": "class_imbalance", "number": 13.5, "limit": "warn", "verdict": "warned", "details": [HOSTILE]}
    passed = [finding | {"rule": rule, "verdict": "passed"} for rule in ("leaked_images", "duplicates")]
    (tmp_path / "check/findings.json").write_text(json.dumps({"rules": [finding, *passed]}))
    (tmp_path / "train/results.csv").write_text(CURVES)
    for name in ("BoxPR_curve", "confusion_matrix_normalized", "BoxF1_curve", "worst/1-00000001-car"):
        Image.new("RGB", (2250, 1500), "teal").save(tmp_path / f"evaluate/{name}.png")
    cost = {"images_per_second": 8125.4, "disk_bytes": 5.5e6}
    steps = [
        Done("convert", convert, True, 0.0),
        Done("check", Result(tmp_path / "check", "c", "1 rule", notes=[HOSTILE]), False, 3.0),
        Done("train", Result(tmp_path / "train", "t", "trained", {"best_epoch": 3}), False, 200.0, cost),
        Done("evaluate", evaluated(tmp_path / "evaluate"), False, 4.5),
        Done("export.onnx", Result(tmp_path / "export/onnx", "o", "tests.onnx, 1.2 MB"), False, 2.0),
        Done("export.tensorrt", Result(tmp_path, "s", "skipped: no GPU", {"skipped": 1}), False, 0.0),
        Done("promote", Result(tmp_path, "p", CHAMPION), False, 0.1),
    ]
    report.write(tmp_path / "report.html", "tests", steps, dataset, f"name: tests # {HOSTILE}\n")
    return tmp_path / "report.html"


def conversion(folder):
    shapes = [box(10, 10, 20, 20), box(5, 5, 0, 9), region("polygon", points=[[1, 1], [9, 1], [5, 9]])]
    return converted(folder, [task(1, annotation(*shapes)), task(2, annotation(box(1, 1, 5, 5, labels=["person"])))])


def evaluated(folder):
    figures = {"mAP50-95": 0.81, "mAP50": 0.95, "precision": 0.9, "recall": 0.875, "mAP50-95/car": 0.81, "mAP50/car": 1}
    files = {"evaluate": sorted(folder.glob("*.png")), "worst": sorted(folder.glob("worst/*.png"))}
    return Result(folder, "e-test", "2 test images", figures, files)


def test_it_shows_the_whole_run(written, page):
    page.goto(written.as_uri())
    text = page.locator("main").inner_text()
    for line in (
        CHAMPION,
        "nothing new",  # convert was skipped
        "3 min 30 s",  # all of it together
        "Passed: leaked images, duplicates.",
        "tests.onnx, 1.2 MB",
        "skipped: no GPU",
        "detector 0.",
        "What it cost",
    ):
        assert line in text
    rows = page.locator("tr").all_inner_texts()
    assert ["class imbalance", HOSTILE, "13.5", "warn", "warned"] in [re.split(r"\s*[\t\n]\s*", row) for row in rows]
    assert "car\t0.810\t1.000" in rows
    assert "person\tnone to measure\tnone to measure" in rows
    assert "1\tdropped\thas no area\t1" in rows
    assert "car\t2\t0\t0\t2" in rows
    assert "train\t3 min 20 s\t\n\t8,125\t5.5 MB" in rows
    assert page.locator("figure img").count() == 3  # two plots of the evaluation's three, and the worst image
    assert page.locator("figure.chart figcaption").all_inner_texts() == [
        "mAP on val",
        "precision, recall on val",
        "box loss",
    ]


def test_curves_are_where_their_values_are(written, page):
    page.goto(written.as_uri())
    points = page.locator("figure.chart polyline").evaluate_all("all => all.map(each => each.getAttribute('points'))")
    assert points[0] == "0.0,112.5 140.0,75.0 280.0,0.0"  # mAP50 of 0.2, 0.4, 0.8 on an axis of 0 … 0.8
    assert points[-1] == "0.0,25.0 280.0,75.0"  # a NaN leaves a gap
    assert page.locator("line.best").first.get_attribute("x1") == "280.0"


def test_what_the_data_says_is_text(written, page):
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(written.as_uri())
    assert page.title().startswith("tests: run of ")
    assert page.locator("td p", has_text=HOSTILE).count() == 2
    assert said == []


def test_it_needs_nothing_from_elsewhere(written, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(written.as_uri())
    decoded = "Promise.all([...document.images].map(image => image.decode().then(() => image.naturalWidth)))"
    assert page.evaluate(decoded) == [1200, 1200, 1200]
    assert [url for url in asked if not url.startswith("data:")] == [written.as_uri()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_reads_on_a_phone_by_day_and_by_night(written, page, scheme):
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme=scheme)
    page.goto(written.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    paper, ink = page.evaluate("(style => [style.backgroundColor, style.color])(getComputedStyle(document.body))")
    assert (brightness(paper) > brightness(ink)) == (scheme == "light")
    assert abs(brightness(paper) - brightness(ink)) > 500


def brightness(colour):
    return sum(map(int, re.findall(r"\d+", colour)[:3]))


def test_links_lead_to_tasks_and_nowhere_else(tmp_path, page):
    import pyarrow as pa
    import pyarrow.parquet as pq

    dataset, convert = conversion(tmp_path)
    file = dataset.folder / "images.parquet"
    for link, shown in ((LINK, 2), ("javascript:alert(1)", 0)):
        table = pq.read_table(file)
        links = pa.array([link] * table.num_rows)
        pq.write_table(table.set_column(table.schema.get_field_index("link"), "link", links), file)
        opened = type(dataset)(dataset.folder)
        report.write(tmp_path / "report.html", "tests", [Done("convert", convert, False, 0.5)], opened, "")
        page.goto((tmp_path / "report.html").as_uri())
        assert page.locator(f"td a[href='{LINK}']", has_text="1").count() == shown
        assert page.locator("a").count() == shown


def test_a_run_that_ended_early_has_a_page_too(tmp_path):
    pulled = Done("pull", Result(tmp_path, "p", "0 tasks"), False, 0.5)
    report.write(tmp_path / "report.html", "tests", [pulled], None, "")
    html = (tmp_path / "report.html").read_text()
    assert "0 tasks" in html
    assert "<h2>Data" not in html


@pytest.mark.parametrize(
    ("largest", "ticks"), [(0.8, [0, 0.2, 0.4, 0.6, 0.8]), (3, [0, 1, 2, 3]), (0, [0, 1]), (81, [0, 50, 100])]
)
def test_ticks_are_round_and_cover_everything(largest, ticks):
    assert nice(largest) == ticks


def test_durations_are_said_as_people_do():
    assert [duration(seconds) for seconds in (0.41, 12.2, 59.9, 200, 7500)] == [
        "0.4 s",
        "12 s",
        "60 s",
        "3 min 20 s",
        "2 h 5 min",
    ]
