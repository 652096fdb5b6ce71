"""`train.device`: what is refused, and one network that several processes train, stopped, killed and gone on with."""

import json
import signal
import time
from pathlib import Path

import psutil
import pytest

from detector.engine.shards import shared
from detector.engine.slurm import Options as Slurm
from detector.errors import UsageError
from detector.stages.train._defaults import settle
from detector.stages.train._devices import devices
from detector.stages.train._facts import Facts
from detector.stages.train.ultralytics import Options, faults
from tests.support import cut_short, training
from tests.support.jobs import Pipeline

TWO = ["cpu", "cpu"]
SHARED = ("--set", "train.device=[cpu, cpu]")
FEW = Facts(10, 640, 0.1, 0.1, 0.3)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"device": ["cpu", 0]}, "names the processor and GPUs, which can't share a training"),
        ({"device": [1, 0, 1]}, "names a GPU twice"),
        ({"device": [0, 1], "batch": 9}, "has 2 devices to share batches of 9 among; set train.batch to a multiple"),
    ],
)
def test_what_can_be_on_no_machine_is_a_fault(options, fault):
    [(place, message)] = faults(Options(model="yolo11n.yaml", **options), Pipeline())
    assert place == ("device",)
    assert message.startswith(fault)


def machine(monkeypatch, gpus, usable=True):
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    monkeypatch.setattr("torch.cuda.is_available", lambda: usable)


def test_gpus_are_those_that_can_be_used(monkeypatch):
    machine(monkeypatch, 2, usable=False)  # an old driver
    assert (devices(None), devices("all")) == (["cpu"], ["cpu"])
    with pytest.raises(UsageError, match=r"^train\.device names GPU 0, and this machine has none that is usable$"):
        devices([0])
    machine(monkeypatch, 3)
    assert (devices(None), devices("all"), devices([2, 0])) == (["0"], ["0", "1", "2"], ["2", "0"])
    with pytest.raises(UsageError, match=r"names GPU 3, and this machine has GPUs 0 to 2$"):
        devices([0, 3])


def test_what_is_derived_leaves_as_many_epochs_whatever_shares_the_batches():
    alone, shared = settle(Options(), FEW, 1), settle(Options(), FEW, 3)
    assert (alone.batch, shared.batch) == (4, 6)
    assert (alone.epochs, alone.patience) == (shared.epochs, shared.patience)


def test_batches_that_all_gpus_of_this_machine_cannot_share_are_refused(tmp_path, monkeypatch):
    machine(monkeypatch, 3)
    converted = training.version(tmp_path, "detect")
    with pytest.raises(UsageError, match=r"^train\.batch is 4, and 3 GPUs can't share that; set a multiple$"):
        training.train(tmp_path, "detect", converted, device="all", batch=4)


@pytest.mark.parametrize("task", ["detect", pytest.param("segment", marks=pytest.mark.torture)])
def test_two_processes_train_one_network(tmp_path, task):
    report, converted = training.Recorded(), training.version(tmp_path, task)
    size = [64, 96] if task == "detect" else 64  # two sides have a trainer of their own
    machines = shared(Slurm(), tmp_path / "workers", lambda *_: None)  # a run's, which is no matter to them
    result = training.train(tmp_path, task, converted, report=report, device=TWO, image_size=size, shards=machines)
    assert [number for number, _ in report.steps] == [1, 2]
    assert report.advanced == {"train": 2}
    assert (report.used["train/device"], report.used["train/batch"]) == ("cpu,cpu", 4)
    assert result.summary.endswith("on the CPU, in 2 processes")
    assert {file.name for file in (result.path / "weights").iterdir()} == {"best.pt", "last.pt"}
    assert len((result.path / "results.csv").read_text().splitlines()) == 1 + 2
    assert "Starting training for 2 epochs" in (result.path / "ultralytics.log").read_text()
    assert "Traceback" not in (result.path / "1.ultralytics.log").read_text()
    assert processes_of(result.path) == []


def test_what_one_of_them_refuses_is_told_as_if_it_were_alone(tmp_path):
    converted = training.version(tmp_path, "detect")
    with pytest.raises(UsageError, match=r"^Ultralytics refuses to train with these settings: 'freeze=999' froze the"):
        training.train(tmp_path, "detect", converted, device=TWO, options={"freeze": 999})
    assert processes_of(tmp_path) == []


class Ending(training.Recorded):
    """A report that ends the training after its first epoch, as that of a pruned trial does."""

    def metrics(self, values, step=0):
        raise KeyError(step, *values)


def test_what_ends_it_from_outside_ends_all_of_them(tmp_path):
    converted = training.version(tmp_path, "detect")
    with pytest.raises(KeyError, match="1"):
        training.train(tmp_path, "detect", converted, device=TWO, report=Ending())
    assert processes_of(tmp_path) == []


def processes_of(folder: Path) -> list[psutil.Process]:
    """The processes that share a training below `folder`."""
    shared = [each for each in psutil.process_iter() if "multiprocessing.spawn" in " ".join(command(each))]
    return [each for each in shared if any(str(folder) in file.path for file in files(each))]


def command(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def files(process):
    try:
        return process.open_files()
    except psutil.Error:
        return []


def in_its_second_epoch(folder, process):
    """Wait until then; the processes that share the training."""
    while 2 not in cut_short.epochs_of(folder):
        assert process.poll() is None, "".join(process.communicate())
        time.sleep(0.02)
    shared = processes_of(folder)
    assert len(shared) == 2
    return sorted(shared, key=lambda each: any(file.path.endswith("/1.ultralytics.log") for file in files(each)))


@pytest.mark.torture
@pytest.mark.parametrize("whom", ["run", "part"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_one_that_is_stopped_or_killed_ends_all_and_the_next_run_goes_on(tmp_path, whom, how):
    """The whole run, or one of the two processes that share the training."""
    folder = cut_short.project(tmp_path)
    with cut_short.start(folder, *SHARED, cold=True) as process:
        shared = in_its_second_epoch(folder, process)
        (process if whom == "run" else shared[1]).send_signal(how)
        out, err = process.communicate(timeout=60)
    expected = {"run": 75 if how == signal.SIGTERM else -9, "part": 1}
    assert process.returncode == expected[whom], err
    if whom == "part":
        said = f"the training on the processor, part 2 was killed by {how.name}; "
        said += "train/1.ultralytics.log in the run's folder tells more"
        assert json.loads(out)["error"] == said
    assert psutil.wait_procs(shared, timeout=15)[1] == []
    outcome = cut_short.run(folder, *SHARED)
    assert "goes on after epoch" in outcome["said"]
    assert cut_short.epochs_of(folder) == list(range(1, cut_short.EPOCHS + 1))
    assert cut_short.run(folder)["status"] == "unchanged", "where it trains is no reason to train"
