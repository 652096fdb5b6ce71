"""kill -9 at random moments of every step, and again: then the same data set, a model, and one run in MLflow."""

import json
import random
import shutil
import sys
import time
from collections import Counter

import pytest

from detector.models.weights import fingerprint
from tests.support import cut_short

STEPS = ("pull", "convert", "check", "train", "evaluate", "export.onnx", "promote")
MOMENTS = ("start", *STEPS, "end")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A project that nobody disturbed, and what its run said."""
    folder = cut_short.project(tmp_path_factory.mktemp("whole"))
    return folder, cut_short.run(folder)


def test_a_dozen_kills(whole, tmp_path):
    """One run, killed at each of its steps, in training most."""
    moments = ["start", "pull", "pull", "convert", "check", *["train"] * 4, *MOMENTS[5:]]
    killed = disturbed(whole, tmp_path, moments, random.Random(4))
    assert killed.total() >= 12


@pytest.mark.torture
@pytest.mark.timeout(7200)
def test_hundreds_of_kills(whole, tmp_path):
    killed, seed = Counter(), 0
    while killed.total() < 200 or len(killed) < len(MOMENTS):
        chance = random.Random(seed)
        moments = sorted(chance.choices(MOMENTS, k=12), key=MOMENTS.index)
        killed += disturbed(whole, tmp_path / str(seed), moments, chance)
        shutil.rmtree(tmp_path / str(seed))
        seed += 1
    sys.stdout.write(f"{dict(killed)} in {seed} runs\n")


def disturbed(whole, folder, moments, chance):
    """How often a run was killed at each of the moments; each time it is run again, and in the end left alone."""
    reference, outcome = whole
    took = {step["step"]: step["seconds"] for step in outcome["steps"]} | {"start": 3.0, "end": 0.5}
    cut_short.project(folder)
    killed = Counter(moment for moment in moments if kill_at(folder, moment, chance.random() * took[moment]))
    again = cut_short.run(folder)
    assert again["status"] in {"done", "unchanged"}
    assert_same(reference, folder)
    return killed


def kill_at(folder, moment, seconds):
    """Kill a run so many seconds after it came to a moment, or as it is past it; False when it ended before.

    Runs that make the version start cold: their sets have another order than those of the run that nobody disturbed.
    """
    with cut_short.start(folder, cold=MOMENTS.index(moment) <= MOMENTS.index("check")) as process:
        while now(folder) < MOMENTS.index(moment):
            if process.poll() is not None:
                assert process.returncode == 0, "".join(process.communicate())
                return False
            time.sleep(0.003)
        latest = time.monotonic() + seconds
        while time.monotonic() < latest and now(folder) == MOMENTS.index(moment):
            time.sleep(0.003)
        process.kill()
    return process.returncode == -9


def now(folder):
    """Which of the moments the unfinished run is at."""
    pointer = folder / "runs/results/parts/unfinished"
    file = folder / "runs" / (pointer.read_text() if pointer.exists() else "") / "run.json"
    state = json.loads(file.read_text()) if file.exists() else {}
    if "promote" in [step["step"] for step in state.get("steps", [])]:
        return MOMENTS.index("end")
    return MOMENTS.index((state.get("working") or {"step": "start"})["step"])


def assert_same(reference, folder):
    """The same version, byte for byte, nothing beside it; a model that loads; one run in MLflow, and it is finished."""
    assert data_sets(folder) == data_sets(reference)
    [run] = cut_short.runs_of(folder)
    assert run.info.status == "FINISHED"
    [state] = [json.loads(file.read_text()) for file in folder.glob("runs/*/run.json")]
    assert state["status"] == "done"
    [weights] = folder.glob("runs/*/train/weights/best.pt")
    assert sorted(file.name for file in weights.parent.iterdir()) == ["best.pt", "last.pt"]
    assert len(fingerprint(weights)) == 64
    assert cut_short.epochs_of(folder) == list(range(1, cut_short.EPOCHS + 1))
    assert cut_short.run(folder)["status"] == "unchanged"


def data_sets(folder):
    """Every file below datasets/, but for the indexes that hold the paths and times of this folder's sources."""
    files = cut_short.tree(folder / "datasets")
    indexes = (".files.json", ".digest", "ingested.msgpack")
    return {name: content for name, content in files.items() if not name.endswith(indexes)}
