"""Weights against a champion, in a real registry."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from detector.data import champion as champions
from detector.data.evaluation import PER_IMAGE, PREDICTIONS, Evaluation, Measured
from detector.errors import UsageError
from detector.record import mlflow as record
from detector.record._client import connect
from detector.stages import Result
from detector.stages.promote import better
from tests.support import tiny
from tests.support.jobs import Pipeline, job


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    connect(f"sqlite:///{file}")
    return file.read_bytes()


@pytest.fixture
def registry(tmp_path, monkeypatch, store):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlflow.db").write_bytes(store)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/pipeline.yaml").write_text("name: blood\n")
    with record.open(record.Options(uri="sqlite:///mlflow.db"), "blood", tmp_path / "run", {}) as run:
        yield run.registry


@pytest.fixture
def dataset(tmp_path):
    return tiny.dataset(tmp_path)


def contest(folder, registry, dataset, content, figures, *, split="test", forced=False, **options):
    """Promote weights that hold `content`, as `evaluate` measured them."""
    weights = folder / f"{len(list(folder.iterdir()))}/weights/best.pt"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(content)
    evaluation = Evaluation(weights.parent.parent)
    measured = Measured(split, dataset.version, dataset.content_of(split), "", figures)
    evaluation.write(measured, PREDICTIONS.empty_table(), PER_IMAGE.empty_table())
    inputs = {"train": weights.parent.parent, "convert": dataset.folder, "evaluate": evaluation.folder}
    given = job(weights.parent.parent, better.Options(**options), registry=registry, **inputs)
    return better.run(replace(given, forced=forced))


def earlier(folder):
    """Weights of another run: in one run, all would have the same place."""
    weights = tiny.weights(folder / "old")
    return weights.rename(weights.with_name("old.pt"))


def aliases():
    client = connect("sqlite:///mlflow.db")
    versions = client.search_model_versions("name = 'blood'")
    return {str(each.version): list(client.get_model_version("blood", str(each.version)).aliases) for each in versions}


def test_the_first_is_champion_a_better_one_replaces_it_and_a_worse_one_does_not(tmp_path, registry, dataset):
    first = contest(tmp_path, registry, dataset, b"1", {"mAP50-95": 0.79, "mAP50": 0.9})
    assert first.summary == "champion: version 1, mAP50-95 0.7900, the first"
    second = contest(tmp_path, registry, dataset, b"2", {"mAP50-95": 0.81, "mAP50": 0.9})
    assert second.summary == "champion: version 2, mAP50-95 0.8100 > 0.7900 of version 1"
    assert second.figures == {"mAP50-95": 0.81, "mAP50-95 of the champion before": 0.79, "champion": 1}
    third = contest(tmp_path, registry, dataset, b"3", {"mAP50-95": 0.81, "mAP50": 0.99})
    assert third.summary == "challenger: version 3, mAP50-95 0.8100, not above 0.8100 of version 2"
    assert aliases() == {"1": [], "2": ["champion"], "3": ["challenger"]}


def test_the_metric_and_the_minimum_are_those_of_the_file(tmp_path, registry, dataset):
    contest(tmp_path, registry, dataset, b"1", {"mAP50-95": 0.79, "recall": 0.5}, metric="recall")
    low = contest(tmp_path, registry, dataset, b"2", {"mAP50-95": 0.7, "recall": 0.6}, metric="recall", minimum=0.8)
    assert low.summary == "challenger: version 2, recall 0.6000, below the minimum of 0.8; version 1 stays champion"
    broken = contest(tmp_path, registry, dataset, b"3", {"recall": float("nan")}, metric="recall")
    assert broken.figures["champion"] == 0
    assert aliases() == {"1": ["champion"], "2": [], "3": ["challenger"]}


def test_the_same_weights_are_registered_once(tmp_path, registry, dataset):
    contest(tmp_path, registry, dataset, b"1", {"mAP50-95": 0.79})
    again = contest(tmp_path, registry, dataset, b"1", {"mAP50-95": 0.79})
    assert again.summary == "champion: version 1, mAP50-95 0.7900, as before: the same weights"
    assert aliases() == {"1": ["champion"]}


def test_on_another_test_set_the_champion_is_measured_again(tmp_path, registry, dataset):
    """The champion, untrained, claims 0.99 on an old test set; on this one it finds nothing."""
    weights = earlier(tmp_path)
    registry.name(registry.register(weights, {"mAP50-95": 0.99}, "another"), "champion")
    result = contest(tmp_path, registry, dataset, b"new", {"mAP50-95": 0.5})
    assert result.summary.startswith("champion: version 2, mAP50-95 0.5000 > 0.0")
    assert registry.champion().number == "2"


def test_a_champion_of_other_classes_can_not_be_compared(tmp_path, registry, dataset, monkeypatch):
    monkeypatch.setattr(tiny, "CLASSES", ["cell", "platelet"])
    weights = earlier(tmp_path)
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    registry.name(registry.register(weights, {"mAP50-95": 0.99}, "another"), "champion")
    result = contest(tmp_path, registry, dataset, b"new", {"mAP50-95": 0.5})
    assert result.summary == "champion: version 2, mAP50-95 0.5000; version 1 knows other classes or another task"


def test_what_was_measured_on_val_is_not_compared_with_test(tmp_path, registry, dataset):
    contest(tmp_path, registry, dataset, b"1", {"mAP50-95": 0.7}, split="val")
    champion = registry.champion()
    assert champion.test_set == "0123456789ab-val"
    assert champion.test_set != dataset.test_set


def test_a_metric_that_is_not_there(tmp_path, registry, dataset):
    with pytest.raises(UsageError, match=r"promote\.metric: F1 was not measured; choose one of mAP50-95, mAP50"):
        contest(tmp_path, registry, dataset, b"1", {"mAP50-95": 0.7, "mAP50": 0.9}, metric="F1")
    assert aliases() == {}


def test_an_unknown_metric_is_found_before_anything_runs():
    pipeline = Pipeline(classes=["RBC"])
    names = "mAP50-95, mAP50, precision, recall, mAP50-95/RBC, mAP50/RBC"
    message = f"F1 is not measured; choose one of {names}"
    assert list(better.faults(better.Options(metric="F1"), pipeline)) == [(("metric",), message)]
    assert list(better.faults(better.Options(metric="mAP50/RBC"), pipeline)) == []
    segment = Pipeline(task="segment", classes=["RBC"])
    assert list(better.faults(better.Options(metric="box/mAP50/RBC"), segment)) == []


def test_a_model_that_finds_nothing_is_no_champion(tmp_path, registry, dataset):
    nothing = contest(tmp_path, registry, dataset, b"1", {"mAP50-95": 0.0})
    assert nothing.summary == (
        "challenger: version 1, mAP50-95 0.0000, below the minimum of 0.05; there is no champion"
    )
    assert (registry.champion(), nothing.left) == (None, "")


def test_what_was_rolled_back_is_champion_again_only_if_forced(tmp_path, registry, dataset):
    contest(tmp_path, registry, dataset, b"1", {"mAP50-95": 0.7})
    contest(tmp_path, registry, dataset, b"2", {"mAP50-95": 0.8})
    assert record.rollback(record.Options(uri="sqlite:///mlflow.db"), "blood") == ("2", "1")
    again = contest(tmp_path, registry, dataset, b"2", {"mAP50-95": 0.8})
    assert again.summary == "challenger: version 2, mAP50-95 0.8000, was rolled back; version 1 stays champion"
    assert (aliases(), again.left) == ({"1": ["champion"], "2": ["challenger"]}, "1")
    forced = contest(tmp_path, registry, dataset, b"2", {"mAP50-95": 0.8}, forced=True)
    assert forced.summary == "champion: version 2, mAP50-95 0.8000 > 0.7000 of version 1"
    worse = contest(tmp_path, registry, dataset, b"3", {"mAP50-95": 0.6})
    assert worse.left == "2"


def test_the_same_test_set_needs_no_weights_of_the_champion(tmp_path, registry, dataset):
    contest(tmp_path, registry, dataset, b"1", {"mAP50-95": 0.7})
    second = contest(tmp_path, registry, dataset, b"2", {"mAP50-95": 0.6})
    assert second.summary.endswith("not above 0.7000 of version 1")
    assert registry._fetched is None
    assert registry.champion().fetch().is_file()
    assert registry._fetched is not None


def test_the_verdict_depends_on_who_is_champion(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    datasets = Path("datasets/blood")
    assert better.look(better.Options(), datasets).state == ""
    champions.note("blood", "3", {"mAP50-95": 0.7})
    source = better.look(better.Options(), datasets)
    assert (source.state, source.name) == ("3", "the champion")
    since = champions.read("blood").since
    champions.note("blood", "3", {"mAP50-95": 0.8})
    assert (champions.read("blood").metrics, champions.read("blood").since) == ({"mAP50-95": 0.8}, since)
    champions.note("blood", None, {})
    assert champions.read("blood") is None


@pytest.mark.parametrize("metric", ["mAP50-95/größe (cm)", "box/mAP50/größe (cm)"])
def test_a_metric_of_a_class_that_test_has_none_of_is_told_before_training(dataset, metric):
    told = dataset.folder / "conversion.json"
    account = json.loads(told.read_text())
    account["kept"]["objects_in"]["test"]["größe (cm)"] = 0
    told.write_text(json.dumps(account))
    options, inputs = better.Options(metric=metric), {"convert": Result(dataset.folder, "", "")}
    with pytest.raises(UsageError) as refused:
        better.foresee(options, Pipeline(), inputs)
    assert str(refused.value) == (
        f"promote.metric: {metric} can't be measured, since the test split has no größe (cm); "
        "label some there, or choose another metric, such as mAP50-95"
    )
    for fine in (better.Options(metric="mAP50/红细胞"), better.Options(metric="recall")):
        better.foresee(fine, Pipeline(), inputs)
    better.foresee(options, Pipeline(), {})
    on_val = Pipeline()
    on_val.measured_on = "val"
    better.foresee(options, on_val, inputs)
