"""What is in production, and a table of what ran."""

import json
from pathlib import Path

import pytest

from detector.commands.status import lines, status
from detector.data import champion


def step(name, seconds, path="x", skipped=False, **more):
    told = {"summary": "", "figures": {}} | more
    return {"step": name, "seconds": seconds, "path": path, "skipped": skipped, **told}


def run(name, number, state, *steps, error=None, at=None, **more):
    folder = Path("runs") / name
    folder.mkdir(parents=True)
    content = {"name": "cells", "number": number, "status": state, "steps": steps, "error": error} | more
    content["working"] = {"step": at} if at else None
    (folder / "run.json").write_text(json.dumps(content))


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    converted = step("convert", 1, "datasets/cells/57ff0bd28d31", skipped=True)
    measured = step("evaluate", 4, figures={"mAP50-95": 0.6614})
    verdict = (
        "challenger: version 4, mAP50-95 0.6614 against 0.6790 of version 3: −0.018 [−0.046, +0.010]; "
        "better with 9.5 %, 95 % is asked: version 3 stays champion"
    )
    run("20261124T020000Z-0a0a0a", 1, "done", step("pull", 2.4), converted)
    promoted = step("promote", 0.5, summary=verdict)
    run("20261125T020000Z-0b0b0b", 2, "done", converted, step("train", 190), measured, promoted)
    run("20261126T020000Z-0c0c0c", 3, "failed", error="no MLflow server answers at http://ml:5000: start it\nmore")
    run("20261127T020000Z-0d0d0d", 4, "failed", converted, error="2 leaked; see\n", at="check", exit_code=3)
    run("20261128T020000Z-0e0e0e", 5, "stopped", converted, error="interrupted; the next", at="train", exit_code=130)
    for name in ("20261125T020000Z-0b0b0b", "20261127T020000Z-0d0d0d"):
        Path("runs", name, "report.html").touch()
    Path("datasets/cells/57ff0bd28d31").mkdir(parents=True)
    Path("datasets/cells/latest").symlink_to("57ff0bd28d31")


@pytest.mark.usefixtures("project")
def test_what_a_lead_asks_in_the_morning():
    champion.note("cells", "3", {"mAP50-95": 0.679})
    Path("models/cells/3-0a1b2c3d").mkdir(parents=True)
    Path("models/cells/champion").symlink_to("3-0a1b2c3d")
    files = dict.fromkeys(("cells.pt", "onnx/cells.onnx", "tensorrt_rtx/cells.engine", "evaluation.json"), "0")
    deployed = {"schema": 1, "model": "cells", "version": "3", "run": "r", "files": files}
    Path("models/cells/champion/champion.json").write_text(json.dumps(deployed))
    since = champion.read("cells").since
    assert list(lines(status())) == [
        "cells                data version 57ff0bd28d31",
        f"cells                champion: version 3, mAP50-95 0.6790, since {since[:10]} {since[11:16]} UTC, weights, "
        "onnx and tensorrt_rtx in models/cells/champion",
        "",
        "RUN (UTC)                DATA          mAP50-95  TOOK        CAME TO",
        "20261128T020000Z-0e0e0e  57ff0bd28d31                        stopped in train",
        "20261127T020000Z-0d0d0d  57ff0bd28d31                        refused by check: 2 leaked",
        "20261126T020000Z-0c0c0c                                      failed: no MLflow server answers at "
        "http://ml:5000: start it",
        "20261125T020000Z-0b0b0b  57ff0bd28d31  0.661     3 min 14 s  challenger, version 4; better with 9.5 %, "
        "95 % is asked: version 3 stays champion",
        "20261124T020000Z-0a0a0a  57ff0bd28d31            2.4 s       done until convert",
        "",
        "report               runs/20261127T020000Z-0d0d0d/report.html",
    ]


def test_where_nothing_ran_is_said_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert list(lines(status())) == ["nothing has run here yet; `detector run` does what pipeline.yaml says"]
