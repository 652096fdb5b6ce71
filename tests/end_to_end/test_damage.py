"""Files of a project are deleted, emptied, cut short, or have a byte changed; the next run makes the same again."""

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from detector.models.weights import fingerprint
from detector.system.files import CACHES, READ_ONLY
from tests.support import cut_short, warm

FILES = {  # what a run stands on, or leaves
    "a label": "datasets/parts/[0-9a-f]*/labels/*/*.txt",
    "what a version says of itself": "datasets/parts/[0-9a-f]*/*.*",
    "a picture": "datasets/parts/store/*/*.jpg",
    "the index of pictures": "datasets/parts/store/*.msgpack",
    "what was pulled": "datasets/parts/pulled/*/*.arrow",
    "the index of references": "datasets/parts/pulled/*.json",
    "a result": "runs/results/parts/*/*.json",
    "a result's stamps": "runs/results/parts/*/*.stamps*",
    "what a run says of itself": "runs/2*/run.json",
    "a step's output": "runs/2*/[cetp]*/**/*.*",
    "a champion's file": "models/parts/[0-9]*/**/*.*",
}
HOW = ("deleted", "emptied", "cut short", "changed")
INDEXES = (".files.json", ".digest", "ingested.msgpack")  # they have the paths and times of this folder's sources


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = cut_short.project(tmp_path_factory.mktemp("whole"))
    return folder, cut_short.run(folder)


def copy_of(whole, folder):
    subprocess.run(["cp", "-a", f"{whole}/.", folder], check=True)
    return folder


def damage(file: Path, how: str) -> None:
    """As a careless program would, into the file itself: its other names are damaged with it."""
    content, middle = file.read_bytes(), file.stat().st_size // 2
    changed = content[:middle] + bytes([content[middle] ^ 0x55]) + content[middle + 1 :]
    file.chmod(0o644)  # a version is read-only
    if how == "deleted":
        file.unlink()
    else:
        file.write_bytes({"emptied": b"", "cut short": content[:middle], "changed": changed}[how])


def one_of_each(folder: Path, chance: random.Random) -> list[Path]:
    """A file of each kind that has something in it."""
    files = [[file for file in sorted(folder.glob(places)) if _is_one(file)] for places in FILES.values()]
    return [chance.choice(each) for each in files]


def _is_one(file: Path) -> bool:
    return file.is_file() and not file.is_symlink() and file.stat().st_size > 0 and file.suffix != ".log"


def made(folder: Path, outcome: dict) -> tuple:
    """What a run came to: every file below datasets/ and models/, what the weights have learned, the figures."""
    steps = {step["step"]: step for step in outcome["steps"]}
    data = cut_short.tree(folder / "datasets")
    return (
        {name: content for name, content in data.items() if not name.endswith(INDEXES)},
        fingerprint(folder / steps["train"]["path"] / "weights/best.pt"),
        steps["evaluate"]["figures"],
        sorted(file.name for file in (folder / steps["export.onnx"]["path"]).iterdir()),
        sorted(str(file.relative_to(folder)) for file in folder.glob("models/parts/champion/**/*")),
    )


def mended(whole, folder, seed, how):
    """One damage of each kind at once, a run, and one with nothing new."""
    reference, outcome = whole
    copy_of(reference, folder)
    damaged = one_of_each(folder, random.Random(seed))
    for file in damaged:
        damage(file, how)
    again = cut_short.run(folder)
    assert made(folder, again) == made(reference, outcome), damaged
    assert cut_short.run(folder)["status"] == "unchanged", damaged
    return len(damaged)


@pytest.mark.parametrize("how", HOW)
def test_a_hundred_damages_are_mended(whole, tmp_path, how):
    assert sum(mended(whole, tmp_path / f"{seed}", seed, how) for seed in range(3)) == 33


@pytest.mark.torture
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("how", HOW)
def test_a_thousand_damages_are_mended(whole, tmp_path, how):
    assert sum(mended(whole, tmp_path / f"{seed}", seed, how) for seed in range(100, 125)) == 275


def test_what_was_edited_in_a_version_is_kept_aside(whole, tmp_path):
    folder = copy_of(whole[0], tmp_path / "copy")
    label = min(folder.glob("datasets/parts/[0-9a-f]*/labels/train/*.txt"))
    before, mode = label.read_text(), label.stat().st_mode & 0o777
    assert mode == READ_ONLY
    label.chmod(0o644)
    label.write_text("0 0.5 0.5 0.1 0.1\n")
    outcome = cut_short.run(folder)
    place = label.relative_to(label.parents[2])
    aside = f"{Path(outcome['run'])}/convert/changed"
    assert f"mended in the version: {place}; what was there is in {aside}" in outcome["said"]
    assert (folder / aside / place).read_text() == "0 0.5 0.5 0.1 0.1\n"
    assert (label.read_text(), label.stat().st_mode & 0o777) == (before, mode)


def test_what_a_version_is_made_of_is_read_only(whole):
    folder = whole[0]
    files = [file for file in folder.glob("datasets/parts/[0-9a-f]*/**/*.*") if file.suffix not in CACHES]
    assert len(files) > 40
    assert {file.stat().st_mode & 0o777 for file in (*files, *folder.glob("datasets/parts/store/*/*.*"))} == {READ_ONLY}


def test_verify_reads_what_a_run_only_looks_at(whole, tmp_path):
    folder = copy_of(whole[0], tmp_path / "copy")
    done = warm.run(folder, "verify")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "everything is as it was left")
    [weights] = folder.glob("runs/*/train/weights/best.pt")
    damage(weights, "changed")
    done = warm.run(folder, "verify", "--json")
    outcome = json.loads(done.stdout)
    assert (done.returncode, outcome["status"]) == (1, "damaged")
    wrong = {step["step"]: step["wrong"] for step in outcome["steps"] if step["wrong"]}
    assert wrong == {"train": [str(weights.relative_to(folder))]}


@pytest.mark.parametrize("how", HOW)
def test_a_champion_is_deployed_as_it_was_measured(whole, tmp_path, how):
    """Where nothing else is new, too; what is not touched costs no look at it."""
    folder = copy_of(whole[0], tmp_path / "copy")
    before = cut_short.tree(folder / "models")
    damage(folder / "models/parts/champion/parts.pt", how)
    told = warm.run(folder, "champion").stdout
    assert ("is gone; `detector run` brings it again" in told) == (how == "deleted")
    outcome = cut_short.run(folder)
    assert (
        "models/parts/champion/parts.pt is not as it was left; the champion's files are made again" in outcome["said"]
    )
    assert cut_short.tree(folder / "models") == before
    assert cut_short.run(folder)["status"] == "unchanged"


def test_a_database_of_fiftyone_that_is_gone_is_filled_again(tmp_path):
    folder = cut_short.project(tmp_path / "copy")
    file = folder / "pipeline.yaml"
    file.write_text(file.read_text().replace("using: rules, ", ""))
    cut_short.run(folder, "--until", "check")
    assert cut_short.run(folder, "--until", "check")["status"] == "unchanged"
    shutil.rmtree(folder / "runs/fiftyone/db")
    [check] = [step for step in cut_short.run(folder, "--until", "check")["steps"] if not step["skipped"]]
    assert (check["step"], check["why"]) == ("check", ["runs/fiftyone/db/detector.id is not as it was left"])
    assert cut_short.run(folder, "--until", "check")["status"] == "unchanged"
