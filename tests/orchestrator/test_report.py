"""The page of a run that failed: what goes wrong with it never hides what went wrong with the run."""

import io
import logging

import pytest

from detector.config.load import load
from detector.errors import DetectorError, GateRefused
from detector.orchestrator import report
from detector.orchestrator.state import State
from detector.reporting.outcome import Outcome
from detector.reporting.terminal import Terminal

PIPELINE = """
name: cells
task: detect
classes: [car]
pull: {using: label_studio, url: "http://ls.example", token: "${SECRET}", project: 1}
train: {model: yolo11n.yaml}
"""


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "s3cr3t-0123456789")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    outcome = Outcome("cells", folder=tmp_path, working={"step": "pull"})
    return State(load(tmp_path / "pipeline.yaml", ()), Terminal(io.StringIO()), outcome, [])


def test_it_says_where_it_failed_and_no_secret(state, tmp_path):
    report.write_failed(state, DetectorError("the token s3cr3t-0123456789 was refused"), None)
    html = (tmp_path / "report.html").read_text()
    assert '<h1 class="bad">Failed in pull</h1>' in html
    assert "the token *** was refused" in html
    assert "s3cr3t" not in html
    assert state.terminal.out.getvalue().split() == ["report", str(tmp_path / "report.html")]


def test_a_refusal_is_no_failure(state, tmp_path):
    report.write_failed(state, GateRefused("too bad"), None)
    assert '<h1 class="bad">Refused by pull</h1>' in (tmp_path / "report.html").read_text()


def test_a_page_that_can_not_be_written_is_in_the_log(state, tmp_path, caplog):
    (tmp_path / "report.html").mkdir()
    with caplog.at_level(logging.ERROR):
        report.write_failed(state, DetectorError("the run's own error"), None)
    assert "the page of the run could not be written" in caplog.text
    assert state.terminal.out.getvalue() == ""
