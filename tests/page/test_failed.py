"""A run that did not end well has a page of what there is, and says at its top what happened."""

from dataclasses import replace

import pytest

from detector.errors import GateRefused
from detector.page import Failure, Run
from detector.stages import load
from tests.page.conftest import write
from tests.support import evaluations, versions
from tests.support.evaluations import HOSTILE
from tests.support.jobs import job
from tests.support.versions import Picture


@pytest.mark.parametrize(
    ("failure", "headline"),
    [
        (Failure("train", False, HOSTILE), "Failed in train"),
        (Failure(None, False, HOSTILE), "Failed"),
        (Failure("export.onnx", True, HOSTILE), "Refused by export.onnx"),
    ],
)
def test_the_headline_says_how_it_ended(tmp_path, written, failure, headline, page):
    failed = replace(written.run, steps=written.run.steps[:3], failure=failure)
    page.goto(write(tmp_path, failed).file.as_uri())
    assert page.locator("h1").inner_text() == headline
    assert page.locator("pre.message").inner_text() == HOSTILE
    parts = page.locator("main > section").evaluate_all("all => all.map(each => each.id)")
    assert parts == ["findings", "data", "training", "costs", "files", "reproduce"]
    done, way, log = page.locator("header .after").all_inner_texts()
    assert done == "Done before it, and kept: convert, check and train."
    at = f"goes on with {failure.step}" if failure.step else "begins again"
    assert way == f"Once that is mended, detector run {at}, and repeats nothing that is done."
    assert log.endswith(str(written.run.folder / "log"))
    assert headline.lower() in page.title()


def test_a_run_that_failed_at_its_very_start_has_a_page(tmp_path, page):
    message = "Label Studio does not answer\n  twice"
    page.goto(write(tmp_path, Run("tests", tmp_path, [], None, "", Failure(None, False, message))).file.as_uri())
    assert page.locator("h1").inner_text() == "Failed"
    assert page.locator("pre.message").inner_text() == message
    assert page.locator("header .after").first.inner_text() == "Nothing was done before it."


def test_a_refused_check_shows_its_findings(tmp_path, page):
    data = versions.version(tmp_path, [*versions.every_class(), Picture("train", look=7), Picture("test", look=7)])
    backend = load("check", "rules")
    with pytest.raises(GateRefused) as refused:
        backend.run(job(tmp_path, backend.Options(), convert=data.folder))
    failure = Failure("check", True, str(refused.value), refused.value.evidence)
    rows = write(tmp_path, Run("tests", tmp_path, [], data, "", failure)).rows(page, "#findings")
    [leaked] = [row for row in rows if row[0].startswith("leaked images")]
    assert leaked[1:] == ["1", "0", "refused"]
    assert "What is counted: pictures in more than one split. Tasks: 7, 8 → Remove the copies" in leaked[0]
    assert page.locator("h1").inner_text() == "Refused by check"
    assert page.locator("#findings a").count() == 2


def test_an_evaluation_of_a_run_that_failed_later_is_shown(tmp_path, written, page):
    failed = replace(written.run, steps=written.run.steps[:4], failure=Failure("export.onnx", True, "lost accuracy"))
    page.goto(write(tmp_path, failed).file.as_uri())
    assert page.locator("#classes td.name").all_inner_texts() == evaluations.CLASSES
    assert page.locator("#changes").count() == 0
