"""promote leaves what it compared, for whoever wants to see it."""

import json
from dataclasses import replace

import pytest

from detector.data import comparison
from detector.data.dataset import Dataset
from detector.measure.paired import pair
from detector.measure.seeds import between_seeds
from detector.record import mlflow as record
from detector.stages.promote import better
from detector.stages.promote._compared import Bout
from detector.stages.promote._compared import comparison as compare
from detector.stages.promote._contest import Ring
from detector.stages.services import ModelVersion
from tests.support import evaluations, tiny
from tests.support.evaluations import CLASSES, RULES
from tests.support.jobs import Pipeline, job


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A version, and what the champion and the challenger are on it."""
    folder = tmp_path_factory.mktemp("both")
    data = evaluations.dataset(folder)
    sides = (evaluations.champion, evaluations.challenger)
    return data, *(evaluations.measured(data, said, folder / said.__name__) for said in sides)


def told(both, again, kept):
    data, before, after = both
    rival = ModelVersion("3", lambda: data.folder, {}, data.test_set, lambda: kept)
    bout = Bout(rival, before, again, pair(before, after))
    return compare(bout, Ring(data.on("test"), after, "detect"), RULES)


def test_it_has_every_paired_figure(both):
    _, before, after = both
    each = told(both, False, None)
    assert each.figures == pair(before, after).figures
    assert each.figures["mAP50-95"].before == pytest.approx(before.measured.metrics["mAP50-95"], abs=1e-6)
    assert each.figures["recall"].after == pytest.approx(after.measured.metrics["recall"])
    assert {f"mAP50-95/{name}" for name in CLASSES} < each.figures.keys()
    assert (each.images, each.split, each.champion, each.scores) == (12, "test", "3", (0.7, 0.7))


@pytest.mark.parametrize("kept", ["gone", "none", "broken"])
def test_what_the_champion_was_trained_on_is_what_its_own_run_says(both, tmp_path, kept):
    before = both[1]
    assert told(both, again=False, kept=None).dataset == before.measured.dataset
    (tmp_path / "evaluation.json").write_text("{")
    folder = {"gone": tmp_path / "gone", "none": None, "broken": tmp_path}[kept]
    assert told(both, again=True, kept=folder).dataset is None
    measured = json.loads(before.file.read_text()) | {"dataset": "ba9876543210"}
    (tmp_path / "evaluation.json").write_text(json.dumps(measured))
    assert told(both, again=True, kept=tmp_path).dataset == "ba9876543210"


def test_a_model_of_the_same_mistakes_has_won_and_lost_nothing(both):
    data, before, _ = both
    same = told((data, before, before), False, None)
    assert (same.won, same.lost) == ([], [])


def promoted(folder, data, evaluation, registry):
    """Promote the weights of an evaluation, in a folder of their own."""
    weights = folder / "weights" / "best.pt"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(folder.name.encode())
    inputs = {"train": folder, "convert": data.folder, "evaluate": evaluation.folder}
    return better.run(job(folder, better.Options(minimum=0), Pipeline(classes=CLASSES), registry, **inputs))


def test_it_is_left_in_the_folder_of_the_step_and_in_the_record(both, tmp_path, monkeypatch):
    data, before, after = both
    monkeypatch.chdir(tmp_path)
    for name, evaluation in (("first", before), ("second", after)):
        run = tmp_path / f"run-{name}"
        run.mkdir()
        (run / "pipeline.yaml").write_text("name: blood\n")
        with record.open(record.Options(uri="sqlite:///mlflow.db"), "blood", run, {}) as recorder:
            result = promoted(tmp_path / name, data, evaluation, recorder.registry)
            recorder.stage_done(
                "evaluate", replace(result, path=evaluation.folder, artifacts={"evaluate": evaluation.files}), False, {}
            )
        if name == "first":
            assert (result.artifacts, comparison.read(result.path)) == ({"promote": []}, None)
    read = comparison.read(result.path)
    figures = pair(before, after, seeds=between_seeds(data.on("train").images)).figures
    assert (read.champion, read.dataset, read.figures) == ("1", data.version, figures)
    assert [file.name for file in result.artifacts["promote"]] == ["comparison.json"]
    assert [len(read.won), len(read.lost)] == [5, 3]


def test_a_champion_that_is_measured_again_is_compared_too(tmp_path, monkeypatch):
    """It was trained, as far as anybody knows, on nothing: its run kept no evaluation."""
    data = tiny.dataset(tmp_path)
    old = tiny.weights(tmp_path / "old")
    old = old.rename(old.with_name("old.pt"))  # in one run, two of a name would have the same place
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/pipeline.yaml").write_text("name: blood\n")
    (tmp_path / "new").mkdir()
    seen = [(each, each.class_id, 0.9) for each in evaluations.objects(data)]
    after = evaluations.measured(data, lambda at: [seen[evaluations.tested(data)[at]]], tmp_path / "evaluate")
    with record.open(record.Options(uri="sqlite:///mlflow.db"), "blood", tmp_path / "run", {}) as recorder:
        recorder.registry.name(recorder.registry.register(old, {"mAP50-95": 0.99}, "another"), "champion")
        weights = tmp_path / "new/weights/best.pt"
        weights.parent.mkdir()
        weights.write_bytes(b"new")
        inputs = {"train": tmp_path / "new", "convert": data.folder, "evaluate": after.folder}
        result = better.run(job(tmp_path / "new", better.Options(), Pipeline(), recorder.registry, **inputs))
    read = comparison.read(result.path)
    assert (read.dataset, read.images, read.champion) == (None, 3, "1")
    assert read.figures["mAP50-95"].after == pytest.approx(1.0)
    assert {image.file for image in read.won} <= set(Dataset(data.folder).images["file"].to_pylist())
