"""The page of a run as a whole, as a browser shows it."""

import re
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detector.page import templates
from detector.page._costs import duration
from detector.page._tasks import named
from detector.reporting.outcome import Done
from detector.stages import Result
from tests.page.conftest import write
from tests.support import evaluations
from tests.support.evaluations import CLASSES, HOSTILE
from tests.support.exports import annotation, box, converted, region, task

LINK = "https://label-studio.example.com/projects/3/data?task=1"
ORDER = [
    "changes", "data", "findings", "training", "precision-recall", "confusion", "mistakes", "sizes", "classes", "worst",
    "engines", "costs", "files", "reproduce",
]  # fmt: skip
FITS = "document.documentElement.scrollWidth"
LEAVES = """all => all.filter(each => !each.closest('.scroll, pre, svg') && each.getClientRects().length
    && each.getBoundingClientRect().right > innerWidth + 0.5).map(each => each.outerHTML.slice(0, 200))"""

SAID = {"time", "count"}  # what needs no name: `3 min`; `5 dropped: has no area`
CELLS = """all => all.filter(cell => cell.textContent.trim()).map(cell => { const place = cell.getBoundingClientRect();
    return { said: getComputedStyle(cell, '::before').content, name: cell.getAttribute('data-label'),
        figure: cell.classList.contains('number'), text: cell.textContent,
        seen: place.left >= 0 && place.right <= innerWidth + 0.5 && place.height > 0 } })"""
SCROLLS = """all => all.map(box => ({ scrolls: box.scrollWidth > box.clientWidth,
    sign: getComputedStyle(box).backgroundImage }))"""


@pytest.fixture(scope="module")
def of_many_classes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    more = [f"class {at} of a long name" for at in range(17)]
    return write(folder, evaluations.run(folder, evaluations.dataset(folder / "datasets", more)))


def test_it_tells_the_story_in_order(written, page):
    page.goto(written.file.as_uri())
    assert page.locator("main > *").first.evaluate("each => each.tagName") == "HEADER"
    assert page.locator("main > section").evaluate_all("all => all.map(each => each.id)") == ORDER


def test_what_the_data_says_is_text(written, page):
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(written.file.as_uri())
    assert page.title().startswith("tests: run of ")
    assert page.locator("script").count() == 0
    for name in CLASSES:
        assert page.locator("#classes td.name").filter(has_text=name).count() == 1
    assert page.locator(".scene text", has_text=HOSTILE[:15]).count() > 0
    assert said == []


def test_it_needs_nothing_from_elsewhere(written, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(written.file.as_uri())
    pictures = page.locator("svg image").evaluate_all("all => all.map(each => each.getAttribute('href'))")
    assert len(pictures) == 5 + 3 + 8  # won, lost, worst
    decoded = """all => Promise.all(all.map(source => { const image = new Image(); image.src = source;
        return image.decode().then(() => image.naturalWidth) }))"""
    assert set(page.evaluate(decoded, pictures)) == {200}
    assert [url for url in asked if not url.startswith("data:")] == [written.file.as_uri()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_reads_on_a_phone_by_day_and_by_night(written, page, scheme):
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme=scheme)
    page.goto(written.file.as_uri())
    assert page.evaluate(FITS) == 360
    assert page.locator("main *").evaluate_all(LEAVES) == []
    paper, ink = page.evaluate("(style => [style.backgroundColor, style.color])(getComputedStyle(document.body))")
    assert (brightness(paper) > brightness(ink)) == (scheme == "light")
    assert abs(brightness(paper) - brightness(ink)) > 500


@pytest.mark.parametrize(("width", "media"), [(360, "screen"), (680, "print"), (1200, "screen")])
def test_twenty_classes_fit(of_many_classes, page, width, media):
    page.emulate_media(media=media)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(of_many_classes.file.as_uri())
    assert page.evaluate(FITS) == width
    assert page.locator("table.confusion th").count() == 1 + 20 + 1
    assert page.locator("#classes tbody tr").count() == 20


def test_on_a_phone_no_column_is_cut(written, page):
    """Each cell is on the screen, and each figure has its name beside it; a wider table shows that it scrolls."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(written.file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    cells = page.locator(".stack tbody td").evaluate_all(CELLS)
    assert len(cells) > 100
    assert [cell for cell in cells if not cell["seen"]] == []
    figures = [cell for cell in cells if cell["figure"]]
    assert {cell["name"] for cell in figures} >= {"champion", "now", "change", "precision", "cost in mAP50", "disk"}
    assert [cell for cell in figures if cell["said"] != f'"{cell["name"]}"' and cell["name"] not in SAID] == []
    boxes = page.locator(".scroll").evaluate_all(SCROLLS)
    assert any(box["scrolls"] for box in boxes)
    assert [box for box in boxes if box["scrolls"] and "gradient" not in box["sign"]] == []


def test_it_prints_in_black_on_white_and_with_its_pipeline(written, page):
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 680, "height": 900})  # A4 without its margins
    page.goto(written.file.as_uri())
    colours = page.evaluate("(style => [style.backgroundColor, style.color])(getComputedStyle(document.body))")
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert page.locator("#reproduce details pre").bounding_box()["height"] > 20
    assert page.evaluate(FITS) == 680
    assert page.pdf(format="A4").startswith(b"%PDF")


def brightness(colour):
    return sum(map(int, re.findall(r"\d+", colour)[:3]))


def test_links_lead_to_tasks_and_nowhere_else(tmp_path, page):
    shapes = [box(10, 10, 20, 20), box(5, 5, 0, 9), region("polygon", points=[[1, 1], [9, 1], [5, 9]])]
    tasks = [task(1, annotation(*shapes)), task(2, annotation(box(1, 1, 5, 5, labels=["person"])))]
    dataset, convert = converted(tmp_path, tasks)
    file = dataset.folder / "images.parquet"
    for link, shown in ((LINK, 2), ("javascript:alert(1)", 0)):
        table = pq.read_table(file)
        links = pa.array([link] * table.num_rows)
        pq.write_table(table.set_column(table.schema.get_field_index("link"), "link", links), file)
        opened = type(dataset)(dataset.folder)
        run = evaluations.Run("tests", tmp_path, [Done("convert", convert, False, 0.5)], opened, "")
        written = write(tmp_path, run)
        assert ["1", "dropped", "has no area", "1"] in written.rows(page, "#data")
        assert page.locator(f"td a[href='{LINK}']", has_text="1").count() == shown
        assert page.locator("main > section:not(#files) a").count() == shown


def test_a_run_that_ended_early_has_a_page_too(tmp_path):
    pulled = Done("pull", Result(tmp_path, "p", "0 tasks"), False, 0.5)
    html = write(tmp_path, evaluations.Run("tests", tmp_path, [pulled], None, "")).file.read_text()
    assert '<h1 class="even">Done up to pull: no model was promoted</h1>' in html
    assert "0 tasks" in html
    assert 'id="data"' not in html


def test_durations_are_said_as_people_do():
    assert [duration(seconds) for seconds in (0.41, 12.2, 59.9, 200, 7500)] == [
        "0.4 s",
        "12 s",
        "60 s",
        "3 min 20 s",
        "2 h 5 min",
    ]


def test_every_task_is_a_click_away(tmp_path, page):
    shapes = [box(5, 5, 0, 9), box(10, 10, 20, 20)]
    dataset, convert = converted(tmp_path, [task(number, annotation(*shapes)) for number in range(1, 61)])
    run = evaluations.Run("tests", tmp_path, [Done("convert", convert, False, 0.5)], dataset, "")
    page.goto(write(tmp_path, run).file.as_uri())
    listed = page.locator("#data details.more")
    assert listed.locator("summary").inner_text() == "and 40 more"
    closed = listed.bounding_box()["height"]
    listed.locator("summary").click()
    assert listed.bounding_box()["height"] > closed
    assert listed.inner_text().endswith("60")
    named = page.locator("#data .losses tbody td:last-child").inner_text()
    assert {int(number) for number in re.findall(r"\d+", named.replace("and 40 more", ""))} == set(range(1, 61))


def test_of_very_many_tasks_the_file_is_named_that_lists_the_rest(tmp_path):
    every = named(range(2_500), tmp_path / "conversion.json")
    assert (len(every.first), len(every.rest), every.beyond) == (20, 1_980, 500)
    [text] = [str(templates().get_template("macros.html.j2").module.beyond(every))]
    assert text == f"<p>The other 500 are in {tmp_path / 'conversion.json'}.</p>"


def test_files_are_a_click_away_where_the_page_lies_in_its_run(tmp_path, page):
    """Each link leads to what it says, also in a folder that was moved; what is not there has none."""
    folder = tmp_path / "project #1/runs/20260101T000000Z-abcdef"
    folder.mkdir(parents=True)
    (folder / "log").write_text("began")
    run = evaluations.run(folder, evaluations.dataset(tmp_path / "project #1/datasets/cells"))
    write(folder, run)
    moved = (tmp_path / "project #1").rename(tmp_path / "elsewhere")
    page.goto((moved / "runs" / folder.name / "report.html").as_uri())
    links = page.locator("#files a[target=_blank]").evaluate_all("all => all.map(each => [each.innerText, each.href])")
    places = {said: Path(url2pathname(urlsplit(address).path)) for said, address in links}
    assert all(place.exists() for place in places.values())
    assert {Path(said).name for said in places} == {
        "0123456789ab", "conversion.json", "findings.json", "results.csv", "challenger", "onnx", "log",
    }  # fmt: skip
    assert all(place.name == Path(said).name for said, place in places.items())
    [onnx] = page.locator("#engines a").evaluate_all("all => all.map(each => each.href)")
    assert Path(url2pathname(urlsplit(onnx).path)) == moved / "runs" / folder.name / "onnx"


def test_what_is_new_in_the_source_is_said(tmp_path, page):
    dataset, convert = converted(tmp_path, [task(1, annotation(box(10, 10, 20, 20)))])
    pulled = Result(tmp_path, "p", "1 task", changes={"changed": 4, "new": 1, "gone": 0})
    said = {
        "Since the last pull: 4 changed, 1 new.": Done("pull", pulled, False, 0.5),
        "Nothing has changed in the source since the last pull.": Done("pull", pulled, True, 0.0),
        None: Done("pull", Result(tmp_path, "p", "1 task"), False, 0.5),
    }
    for text, pull in said.items():
        run = evaluations.Run("tests", tmp_path, [pull, Done("convert", convert, False, 0.5)], dataset, "")
        page.goto(write(tmp_path, run).file.as_uri())
        assert page.locator("#data .new").all_inner_texts() == ([text] if text else [])
