"""The cases of exports that came in from outside, run as their expect.md says; skipped where they are not at hand."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.conftest import detector

CASES = Path(__file__).parents[2] / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not at hand")
HALF, QUARTER = "0 0.500000 0.500000 0.500000 0.500000\n", "0 0.250000 0.250000 0.300000 0.300000\n"


@dataclass(frozen=True)
class Case:
    """A copy of a case's folder, and what the command said there."""

    folder: Path
    done: subprocess.CompletedProcess

    @property
    def rows(self) -> dict[str, str]:
        """Split and task id → the label file."""
        [latest] = self.folder.glob("datasets/*/latest")
        files = (latest / "labels").glob("*/*.txt")
        return {f"{file.parent.name} {int(file.name.partition('-')[0])}": file.read_text() for file in files}

    @property
    def account(self) -> dict:
        [latest] = self.folder.glob("datasets/*/latest")
        return json.loads((latest / "conversion.json").read_text())


@pytest.fixture
def run(tmp_path):
    """Copy a case, edit its pipeline.yaml, and run it as a person does."""

    def run(name, code=0, edit=None):
        folder = tmp_path / name
        shutil.copytree(CASES / name, folder, copy_function=shutil.copyfile)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        file = folder / "pipeline.yaml"
        file.write_text(file.read_text().replace(*edit) if edit else file.read_text())
        case = Case(folder, detector(folder, "run", "pipeline.yaml", "--until", "convert"))
        assert case.done.returncode == code, case.done.stderr
        assert "unexpected" not in case.done.stderr
        return case

    return run


def test_counted_once(run):
    case = run("counted-once")
    assert case.rows == {"train 1": QUARTER, "val 31": HALF, "test 32": HALF}
    assert case.account["changed"] == {}
    assert "1 dropped: lies wholly outside the image (task 1)" in case.done.stdout + case.done.stderr


def test_dragged_corner(run):
    case = run("dragged-corner")
    assert case.rows["train 1"] == "0 0.500000 0.450000 0.200000 0.500000\n"
    assert sorted(case.rows) == ["test 32", "train 1", "train 2", "val 31"]
    assert case.account["dropped"] == case.account["excluded"] == {}


def test_flat_pictures(run):
    said = run("flat-pictures", 2).done.stderr
    assert "s3://shop/a/001.jpg and s3://shop/b/001.jpg both lead to 001.jpg" in said


def test_leave_out_a_label(run):
    said = run("leave-out-a-label", 2).done.stderr
    assert "convert: {leave_out: ['Shadow']}" in said


def test_leave_out_a_label_with_the_key(run):
    case = run("leave-out-a-label", edit=("split: {", "leave_out: [Shadow], split: {"))
    assert case.rows == {"train 1": QUARTER, "val 2": QUARTER, "test 3": QUARTER}
    assert len(case.account["dropped"]["left_out"]) == 3


def test_null_result(run):
    case = run("null-result")
    assert sorted(case.rows) == ["test 32", "train 1", "val 31"]
    assert "1 excluded: was skipped by the annotator (task 2)" in case.done.stdout + case.done.stderr


def test_side_by_side(run):
    case = run("side-by-side")
    assert case.rows == {"train 1": HALF, "val 2": HALF, "test 3": HALF}
    assert case.account["kept"]["backgrounds"] == 0
    assert {reason: len(entries) for reason, entries in case.account["excluded"].items()} == {"not_drawable": 3}


def test_twice(run):
    case = run("twice")
    assert sorted(case.rows) == ["test 32", "train 1", "val 31"]
    assert {reason: len(entries) for reason, entries in case.account["excluded"].items()} == {"repeated_task": 1}


def test_two_labels(run):
    said = run("two-labels", 2).done.stderr
    assert "1 region has several labels (task 1)" in said


def test_two_labels_of_each(run):
    case = run("two-labels", edit=("convert: {", "convert: {several_labels: each, "))
    assert case.rows["train 1"] == "0 0.400000 0.400000 0.400000 0.400000\n1 0.400000 0.400000 0.400000 0.400000\n"


def test_value_template(run):
    assert run("value-template").rows == {"train 1": QUARTER, "val 2": QUARTER, "test 3": QUARTER}


def test_windows_reference(run):
    assert run("windows-reference").rows == {"train 1": QUARTER, "val 2": QUARTER, "test 3": QUARTER}


def test_nothing_found(run):
    said = run("nothing-found", 2).done.stderr
    assert "3 of 3 pictures were not found: /data/upload/7/train.jpg, " in said
    assert "elsewhere" in said
    assert "pull.images" in said
    assert "share" not in said
