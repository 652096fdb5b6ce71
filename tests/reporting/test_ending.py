"""Runs that nobody watches: what Prometheus and a webhook are told of every end, through the real entry point."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from detector.reporting.outcome import Done
from detector.reporting.prometheus import Ended, exposition
from detector.stages import Result
from detector.system.lock import locked
from tests.support.exports import export

LABELS = ("pipeline", "step", "name", "version")
PIPELINE = """
name: cells
task: detect
classes: [car]
pull: {using: label_studio_export, path: export.json}
convert: {split: {field: split}}
train: {model: yolo11n.yaml}
notify: {url: "${HOOK:-}", on: [done, failed, unchanged]}
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A project whose pull and convert have run, without a webhook."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    export(folder)
    assert run(folder).returncode == 0
    return folder


@pytest.fixture
def project(done, tmp_path):
    shutil.copytree(done, tmp_path / "copy", symlinks=True, copy_function=shutil.copy2)
    return tmp_path / "copy"


def run(folder, *arguments, hook=""):
    command = [sys.executable, "-m", "detector", "run", "--until", "convert", "--metrics-file", "run.prom", *arguments]
    environment = os.environ | {"HOOK": hook}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def metrics(folder):
    """Every sample by its name and the values of its labels; read by Prometheus' own parser."""
    samples = {}
    for family in text_string_to_metric_families((folder / "run.prom").read_text()):
        assert family.documentation
        assert family.type == "gauge"
        for sample in family.samples:
            labels = [
                sample.labels[label] for label in ("pipeline", "step", "name", "version") if label in sample.labels
            ]
            samples[sample.name, *labels] = sample.value
    return samples


def test_a_run_that_does_something_is_measured(done):
    found = metrics(done)
    assert found["detector_run_success", "cells"] == 1
    assert found["detector_run_exit_code", "cells"] == 0
    assert abs(found["detector_run_timestamp_seconds", "cells"] - (done / "run.prom").stat().st_mtime) < 5
    steps = [found["detector_step_duration_seconds", "cells", step] for step in ("pull", "convert")]
    assert 0 < sum(steps) < found["detector_run_duration_seconds", "cells"]
    assert found["detector_step_skipped", "cells", "convert"] == 0
    assert found["detector_figure", "cells", "convert", "objects/car"] == 3
    version = (done / "datasets/cells/latest").resolve()
    size = sum(file.stat().st_size for file in version.rglob("*") if file.is_file())
    assert found["detector_step_disk_bytes", "cells", "convert"] == size
    assert found["detector_step_images_per_second", "cells", "pull"] > 0


def test_a_run_with_nothing_new_is_a_success(project):
    assert run(project, "--exit-code-if-unchanged", "99").returncode == 99
    found = metrics(project)
    assert (found["detector_run_success", "cells"], found["detector_run_exit_code", "cells"]) == (1, 99)
    assert found["detector_step_skipped", "cells", "pull"] == 1
    assert ("detector_step_duration_seconds", "cells", "pull") not in found


def test_a_failed_a_locked_and_a_misspelt_run_are_told(project):
    (project / "export.json").unlink()
    with locked(project / "runs/.lock"):
        assert run(project).returncode == metrics(project)["detector_run_exit_code", "cells"] == 11
    assert run(project).returncode == metrics(project)["detector_run_exit_code", "cells"] == 2
    (project / "pipeline.yaml").write_text("name: cells\n")
    assert run(project).returncode == 2
    assert metrics(project)["detector_run_success", "cells"] == 0  # the name is there, the rest is not


def test_a_missing_variable_hides_no_name(project):
    text = (project / "pipeline.yaml").read_text()
    (project / "pipeline.yaml").write_text(text + 'promote: {minimum: "${NOWHERE_SET}"}\n')
    ended = run(project)
    assert ended.returncode == 2
    assert "NOWHERE_SET" in ended.stderr
    assert metrics(project)["detector_run_exit_code", "cells"] == 2
    (project / "pipeline.yaml").write_text("name: [\n")
    assert run(project).returncode == 2
    assert metrics(project)["detector_run_exit_code", "pipeline"] == 2


def opened(process, name):
    """Whether a process has a file of that name open; one that it closes between the listing and the look is not."""
    for link in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if link.readlink().name == name:
                return True
    return False


def children(process):
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def test_a_run_that_is_stopped_is_told(project, webhook):
    with locked(project / "runs/.lock"):
        command = [sys.executable, "-m", "detector", "run", "--metrics-file", "run.prom", "--wait-lock", "60"]
        (project / "run.prom").unlink()
        with subprocess.Popen(command, cwd=project, env=os.environ | {"HOOK": webhook.url}) as process:
            while not opened(process.pid, ".lock"):
                time.sleep(0.05)
            process.terminate()
    assert process.returncode == metrics(project)["detector_run_exit_code", "cells"] == 75
    assert [(told["status"], told["exit_code"]) for told in webhook.told] == [("failed", 75)]


def test_a_run_whose_terminal_is_closed_is_told(project, webhook):
    """Its own terminal, and nobody at the other end of it any more."""
    (project / "run.prom").unlink()
    with locked(project / "runs/.lock"):
        command = [sys.executable, "-m", "detector", "run", "--metrics-file", "run.prom", "--wait-lock", "60"]
        own_terminal = ["setsid", "--ctty", "--wait", "env", "--default-signal=HUP"]  # these tests may be under nohup
        window, terminal = os.openpty()
        with subprocess.Popen(
            [*own_terminal, *command], cwd=project, env=os.environ | {"HOOK": webhook.url},
            stdin=terminal, stdout=terminal, stderr=terminal,
        ) as process:  # fmt: skip
            os.close(terminal)
            while not any(opened(child, ".lock") for child in (process.pid, *children(process.pid))):
                time.sleep(0.05)
            os.close(window)
    assert process.returncode == metrics(project)["detector_run_exit_code", "cells"] == 75
    told = "stopped, as its terminal was closed; the next run goes on from what is done"
    assert [(each["status"], each["error"]) for each in webhook.told] == [("failed", told)]


def test_a_run_under_nohup_outlives_its_terminal(project):
    with subprocess.Popen(
        ["nohup", sys.executable, "-m", "detector", "run", "--wait-lock", "60"],
        cwd=project, env=os.environ | {"HOOK": ""}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        with locked(project / "runs/.lock"):
            while not opened(process.pid, ".lock"):
                time.sleep(0.05)
            process.send_signal(signal.SIGHUP)
            time.sleep(0.2)
            assert process.poll() is None
        process.terminate()
    assert process.returncode == 75


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("", "that names no file."),
        ("/", "that names no file."),
        ("nowhere/run.prom", "there is no folder nowhere."),
        ("runs", "it is no regular file."),
        ("pipe", "it is no regular file."),
    ],
)
def test_a_metrics_file_is_judged_before_the_run(project, file, why):
    os.mkfifo(project / "pipe")
    ended = run(project, "--metrics-file", file)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"Error: Invalid value for '--metrics-file': {why}" in ended.stderr
    assert (project / "pipe").is_fifo()


def test_a_metrics_file_that_can_not_be_written_in_the_end_is_a_warning(project):
    ended = run(project, "--metrics-file", "/proc/run.prom")
    assert ended.returncode == 0
    assert ended.stderr == "--metrics-file /proc/run.prom could not be written: No such file or directory\n"


@pytest.mark.parametrize("code", ["256", "-1"])
def test_an_exit_code_is_one_that_a_process_can_end_with(project, code):
    ended = run(project, "--exit-code-if-unchanged", code)
    assert ended.returncode == 2
    assert f"{code} is not in the range 0<=x<=255" in ended.stderr


def test_labels_and_numbers_are_written_as_prometheus_reads_them(tmp_path):
    hostile = 'a "quoted"\\ name\nof two lines'
    figures = {hostile: float("nan"), "big": float("inf"), "small": float("-inf"), "tiny": 1e-300}
    step = Done("train", Result(tmp_path, "id", "", figures), False, 1.5, {"peak_gpu_bytes": 2.0**40})
    (tmp_path / "run.prom").write_bytes(exposition(Ended("p", 0, True, 1e9, 2.0, [step])))
    found = metrics(tmp_path)
    assert str(found["detector_figure", "p", "train", hostile]) == "nan"
    assert [found["detector_figure", "p", "train", name] for name in ("big", "small", "tiny")] == [
        float("inf"), float("-inf"), 1e-300,
    ]  # fmt: skip
    assert found["detector_step_peak_gpu_memory_bytes", "p", "train"] == 2.0**40


def test_a_file_whose_name_is_no_text_is_told_too(project):
    name = os.fsdecode(b"caf\xe9.yaml")
    (project / name).write_text("no: name\n")
    assert run(project, name).returncode == 2
    assert metrics(project)["detector_run_exit_code", "caf?"] == 2


def test_only_a_run_that_asks_for_it_waits_for_the_library(project):
    command = [sys.executable, "-X", "importtime", "-m", "detector", "run", "--until", "convert"]
    loaded = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True).stderr
    assert "detector.reporting.prometheus" in loaded
    assert "prometheus_client" not in loaded


def test_the_webhook_gets_what_json_says_and_a_text(project, webhook):
    ended = run(project, "--force", "convert", "--json", hook=webhook.url)
    [told] = webhook.told
    assert told.pop("text") == "cells is done"
    assert told == json.loads(ended.stdout)
    assert told["status"] == "done"
    for file in [*project.glob("runs/*Z-*/**/*"), *project.glob("runs/artifacts/**/*"), project / "runs/mlflow.db"]:
        assert not file.is_file() or b"s3cret-hook" not in file.read_bytes(), file
    assert "s3cret-hook" not in ended.stdout + ended.stderr


def test_the_webhook_is_told_of_failures_and_of_nothing_new_if_it_asks(project, webhook):
    run(project, hook=webhook.url)
    assert webhook.told[0]["text"] == "cells: nothing is new since the last run"
    run(project, "--set", "notify.on=[done]", hook=webhook.url)
    assert len(webhook.told) == 1
    (project / "export.json").unlink()
    run(project, hook=webhook.url)
    assert webhook.told[1]["exit_code"] == 2
    assert webhook.told[1]["text"].startswith("cells failed: pull.path: export.json can't be read")


@pytest.mark.parametrize(("status", "said"), [(500, "HTTP 500"), (302, "HTTP 302"), (None, "ConnectError")])
def test_a_receiver_that_fails_changes_nothing(project, webhook, status, said):
    webhook.status = status
    ended = run(project, hook=webhook.url if status else "http://127.0.0.1:9/s3cret-hook")
    assert (ended.returncode, ended.stderr) == (0, f"the webhook was not told: {said}\n")


def test_a_receiver_that_hangs_is_left_after_ten_seconds(project, webhook):
    webhook.hang = threading.Event()
    started = time.monotonic()
    ended = run(project, hook=webhook.url)
    assert (ended.returncode, ended.stderr) == (0, "the webhook was not told: no answer within 10 s\n")
    assert 10 < time.monotonic() - started < 15
