"""`detector tune` around the trainings: what it refuses, what it writes, and what other commands say of it."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from detector.config.load import load
from detector.data import studies
from detector.data.studies import Best, Candidate, Study, Verdict
from detector.orchestrator import results
from detector.orchestrator.plan import results_of
from detector.orchestrator.studied import key_of
from detector.system.lock import shared
from tests.end_to_end.conftest import detector
from tests.support.tuning import project
from tests.test_json import matches

WINNER = {"lr0": 0.00002, "mosaic": 0.4}
WHY = "trial 1 is better: mAP50-95 0.6500 against 0.6000 over 2 seeds"
DECIDED = Verdict(1, WINNER, [1, 2], [Candidate(1, WINNER, 0.6, 0.65, 0.02, 0.08, 0.99)], WHY)


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """A project that has a dataset version."""
    folder = project(tmp_path_factory.mktemp("tune"))
    done = detector(folder, "run", "--until", "check")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(converted, tmp_path):
    """A copy of it for one test, which works there."""
    copy = shutil.copytree(converted, tmp_path / "project", symlinks=True)
    os.chdir(copy)
    return copy


def study(verdict=None, finished=3, **settings):
    """What a search on the project has come to, as `detector tune` leaves it."""
    overrides = [f"{name}={value}" for name, value in settings.items()]
    config = load(Path("pipeline.yaml"), overrides)
    converted = results.newest(results_of(config), "convert")
    found = Study(
        study=key_of(config, converted), dataset=converted.path.name, metric="mAP50-95", asked=3, finished=finished,
        pruned=0, failed=0, running=0, space={"lr0": "0.001 to 0.05, log"}, own=0.6, best=Best(1, 0.65, WINNER),
        verdict=verdict, updated="2026-01-01T00:00:00Z",
    )  # fmt: skip
    studies.write("parts", found)
    return found


def said(folder, *arguments):
    done = detector(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_a_search_in_the_file_it_says_how_to_ask_for_one(folder):
    done = detector(folder, "tune", "--set", "train.tune=null")
    assert done.returncode == 2
    assert "train.tune is missing, which says what to search for: write `tune: {trials: 20}` below train" in done.stderr
    assert not Path("runs/tune").exists()


def test_a_val_that_can_not_tell_is_refused_before_anything_trains(folder):
    done = detector(folder, "tune", "--set", "promote.metric=mAP50/Screw", "--set", "classes=[Screw, Nut, Washer]")
    assert done.returncode == 2
    assert (
        "trials are judged by mAP50/Screw (promote.metric) on val, which has no Screw; label some there" in done.stderr
    )


def test_a_winner_is_written_into_the_file_and_nothing_else_is(folder):
    study(DECIDED)
    before = Path("pipeline.yaml").read_text()
    Path("pipeline.yaml").chmod(0o640)
    printed = matches("tune", said(folder, "tune", "--apply", "--json"))
    after = Path("pipeline.yaml").read_text()
    assert (printed["applied"], printed["study"]["verdict"]["winner"]) == (True, 1)
    assert printed["set"] == "--set train.options.lr0=2.0e-05 --set train.options.mosaic=0.4"
    assert after == before.replace("lr0: 0.005, mosaic: 0,", "lr0: 2.0e-05, mosaic: 0.4,")
    assert Path("pipeline.yaml").stat().st_mode & 0o777 == 0o640
    assert yaml.safe_load(after)["train"]["options"] | WINNER == yaml.safe_load(after)["train"]["options"]
    assert [each.name for each in folder.glob(".*")] == []


def test_the_line_to_set_gives_a_run_the_same(folder):
    study(DECIDED)
    printed = json.loads(said(folder, "tune", "--apply", "--json"))
    config = load(Path("pipeline.yaml"), [])
    shutil.copy(folder.parent / "project/pipeline.yaml", "applied.yaml")
    overridden = load(Path("applied.yaml"), printed["set"].replace("--set ", "").split())
    assert config.steps == overridden.steps


def test_a_linked_file_is_written_where_it_lies(folder):
    study(DECIDED)
    Path("pipeline.yaml").rename(folder.parent / "shared.yaml")
    Path("pipeline.yaml").symlink_to(folder.parent / "shared.yaml")
    said(folder, "tune", "--apply")
    assert Path("pipeline.yaml").is_symlink()
    assert "lr0: 2.0e-05" in (folder.parent / "shared.yaml").read_text()


def test_a_file_that_can_not_be_edited_stays_as_it_is(folder):
    text = Path("pipeline.yaml").read_text().replace("lr0: 0.005", "lr0: &rate 0.005").replace("0.05]", "*rate]")
    Path("pipeline.yaml").write_text(text)
    study(DECIDED)
    done = detector(folder, "tune", "--apply")
    assert done.returncode == 2
    assert done.stderr == (
        "train.options is written in a form that can't be edited here; write the values by hand, or give runs "
        "--set train.options.lr0=2.0e-05 --set train.options.mosaic=0.4\n"
    )
    assert Path("pipeline.yaml").read_text() == text


def test_the_defaults_that_stay_are_not_written(folder):
    study(replace(DECIDED, winner=None, values={}, why="the defaults stay: trial 1 has …"))
    before = Path("pipeline.yaml").read_bytes()
    printed = json.loads(said(folder, "tune", "--apply", "--json"))
    assert (printed["applied"], printed["set"]) == (False, None)
    assert Path("pipeline.yaml").read_bytes() == before


def test_plan_status_and_run_know_of_it(folder):
    assert (
        said(folder, "plan").splitlines()[-1]
        == "tune                 no trial yet; `detector tune` does them, and a run never"
    )
    begun = study(finished=2)
    lines = said(folder, "plan").splitlines()
    assert lines[-1] == "tune                 2 of 3 trials are finished; `detector tune` does them, and a run never"
    assert matches("status", said(folder, "status", "--json"))["studies"]["parts"]["finished"] == 2
    assert matches("plan", said(folder, "plan", "--json"))["tune"] == {
        "study": begun.study, "trials": 3, "finished": 2, "verdict": None,
    }  # fmt: skip
    assert (
        "parts                tune: 2 of 3 trials are finished, the best, trial 1, has mAP50-95 0.6500 on val, "
        "the defaults 0.6000"
    ) in said(folder, "status").splitlines()
    study(DECIDED)
    assert f"tune                 decided: {WHY}" in said(folder, "plan")
    assert WHY in said(folder, "status")
    assert f"tune                 {WHY}: `detector tune --apply` writes it into the file" in said(
        folder, "run", "--until", "check"
    )


def test_other_data_or_arguments_are_another_study_and_more_trials_are_not(folder):
    known = study(DECIDED).study
    assert study(DECIDED, **{"train.tune.trials": 30}).study == known
    for name, value in {"train.epochs": 2, "train.options.lr0": 0.1, "train.tune.space.lr0": "{range: [0.1, 0.2]}",
                        "promote.metric": "mAP50", "train.seed": 3}.items():  # fmt: skip
        assert study(**{name: value}).study != known
    assert f"decided: {WHY}" in said(folder, "plan")
    assert "no trial yet" in said(folder, "plan", "--set", "train.epochs=3")


def test_prune_keeps_the_last_study_and_what_a_worker_is_at(folder):
    years = (2036, 2026)  # the clock was ahead once
    old, new = (replace(study(DECIDED), updated=f"{year}-01-01T00:00:00Z", study=f"{year:012}") for year in years)
    shutil.rmtree(studies.STUDIES / "parts")
    for each in (old, new):
        studies.write("parts", replace(each, dataset="0123456789ab"))
    shutil.copytree(Path("datasets/parts/latest").resolve(), "datasets/parts/0123456789ab")
    with shared(studies.workers_of("parts")):
        at_work = matches("prune", said(folder, "prune", "--keep", "1", "--dry-run", "--json"))
    assert (at_work["studies"], at_work["versions"]) == ([], [])
    removed = matches("prune", said(folder, "prune", "--keep", "1", "--json"))
    assert (removed["studies"], removed["versions"]) == ([old.study], ["0123456789ab"])
    assert [each.study for each in studies.of("parts")] == [new.study]


def test_a_search_is_no_reason_to_train_again():
    from detector.stages.train.ultralytics import Options
    from tests.orchestrator.test_fingerprint import key

    assert key("train", Options()) == key("train", Options(tune={"trials": 5})) != key("train", Options(epochs=3))
