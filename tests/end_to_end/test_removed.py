"""What is removed under a run that is at work: it ends with one sentence that names it, and the next run works."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.support import cut_short

SHORT = ("--set", "train.epochs=1")
LONG = ("--set", "train.epochs=500", "--set", "train.patience=0")


def at_work(folder, process, step):
    """The folder of the run, as soon as it is at this step."""
    while process.poll() is None:
        for file in folder.glob("runs/*/run.json"):
            working = json.loads(file.read_text())["working"]
            begun = step != "train" or 1 in cut_short.epochs_of(folder)
            if working and working["step"] == step and begun:
                return file.parent
        time.sleep(0.005)
    raise AssertionError("".join(process.communicate()))


@pytest.mark.parametrize(
    ("step", "removed"),
    [
        ("pull", "runs"),
        ("convert", "runs"),
        ("train", "runs"),
        ("evaluate", "runs"),
        ("convert", "datasets"),
        ("train", "datasets"),
        ("train", "own"),
    ],
)
def test_a_run_says_what_is_gone_and_the_next_one_works(tmp_path, step, removed):
    folder = cut_short.project(tmp_path)
    with cut_short.start(folder, "--until", step, *(LONG if step == "train" else SHORT)) as process:
        run = at_work(folder, process, step)
        gone = run.relative_to(folder) if removed == "own" else Path(removed)
        subprocess.run(["rm", "-rf", gone], cwd=folder, check=False, capture_output=True)
        out, err = process.communicate(timeout=300)
    told = json.loads(out)
    assert (process.returncode, told["exit_code"]) == (75, 75), out + err
    assert told["error"].startswith(str(gone))
    assert told["error"].endswith("was removed while it was in use; run again, and what was lost with it is made anew")
    assert cut_short.run(folder, *SHORT, "--until", step)["status"] == "done"


def test_a_picture_that_goes_while_a_network_trains_on_it_is_named(tmp_path):
    folder = cut_short.project(tmp_path)
    with cut_short.start(folder, "--until", "train", *LONG, "--set", "train.options.cache=false") as process:
        at_work(folder, process, "train")
        picture = min(folder.glob("datasets/parts/[0-9a-f]*/images/train/*.jpg"))
        picture.unlink()
        out, err = process.communicate(timeout=300)
    name = picture.relative_to(folder)
    told = json.loads(out)["error"]
    assert process.returncode == 75, out + err
    assert told == f"{name} was changed or removed while it was in use; run again, and it is made anew"
    assert cut_short.run(folder, *SHORT, "--until", "train")["status"] == "done"
    assert picture.exists()
