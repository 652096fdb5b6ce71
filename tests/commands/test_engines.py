"""`detector engines` through the real command, on runs that were written by hand."""

import json
import subprocess
import sys

import pytest

FIGURES = {"mAP50-95": 0.7251, "interval/mAP50-95/low": 0.69, "interval/mAP50-95/high": 0.756}
JUDGED = {
    "megabytes": 2.64, "drop": -0.0004, "drop/low": -0.002, "drop/high": 0.001, "milliseconds/p50": 3.111,
    "milliseconds/p95": 4.5, "best/images_per_second": 512.3, "best/batch": 8,
}  # fmt: skip


def step(name, summary="", **figures):
    return {"step": name, "path": f"runs/x/{name}", "summary": summary, "figures": figures, "skipped": False}


@pytest.fixture
def project(tmp_path):
    steps = [
        step("evaluate", **FIGURES), step("export.onnx", **FIGURES, **JUDGED),
        step("export.tensorrt", "skipped: no CUDA GPU on this machine", skipped=1),
    ]  # fmt: skip
    for number, (name, made) in enumerate({"20260101T000000Z-aaaaaa": steps, "20260102T000000Z-bbbbbb": []}.items()):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps({"number": number, "status": "done", "steps": made}))
    return tmp_path


def engines(project, *arguments):
    line = [sys.executable, "-m", "detector", "engines", *arguments]
    return subprocess.run(line, cwd=project, capture_output=True, text=True, check=False)


def test_a_row_for_each_of_the_newest_run_that_exported(project):
    assert engines(project).stdout.splitlines() == [
        "runs/20260101T000000Z-aaaaaa: on the test images, by this machine's processor",
        "engine      MB   mAP50-95              below the checkpoint   ms p50  p95   images/s  in batches of",
        "checkpoint       0.725 [0.690, 0.756]",
        "onnx        2.6  0.725 [0.690, 0.756]  0.000 [-0.002, 0.001]  3.11    4.50  512       8",
        "tensorrt",
        "tensorrt: skipped: no CUDA GPU on this machine",
    ]


def test_as_json(project):
    told = json.loads(engines(project, "20260101T000000Z-aaaaaa", "--json").stdout)
    assert told["run"] == "runs/20260101T000000Z-aaaaaa"
    assert told["checkpoint"] == FIGURES
    assert [each["engine"] for each in told["engines"]] == ["onnx", "tensorrt"]
    assert told["engines"][0]["figures"] == FIGURES | JUDGED


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("20260102T000000Z-bbbbbb", "20260102T000000Z-bbbbbb has exported nothing; `detector run` does"),
        ("nothing", "no run is called nothing; `detector status` lists them"),
    ],
)
def test_what_there_is_none_of(project, name, said):
    done = engines(project, name)
    assert done.returncode == 2
    assert said in done.stderr


def test_where_nothing_has_run(tmp_path):
    assert "no run here has exported nothing" not in engines(tmp_path).stderr
    assert "nothing was exported here yet; `detector run` does it" in engines(tmp_path).stderr
