"""Weights against a champion, in a real registry, by what was really measured of predictions placed by hand."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from detector.data import champion as champions
from detector.data.evaluation import Evaluation
from detector.errors import UsageError
from detector.measure.paired import pair
from detector.measure.seeds import between_seeds
from detector.record import mlflow as record
from detector.record._client import connect
from detector.stages import Result
from detector.stages.promote import better
from tests.support import tiny
from tests.support.jobs import Pipeline, make_job
from tests.support.judged import evaluated, seen
from tests.support.labelled import IMAGES, labelled
from tests.support.versions import Object, Picture, version

STORE = record.Options(uri="sqlite:///mlflow.db")
BOXES = [Object(0, 0.3, 0.5, 0.4, 0.6), Object(1, 0.8, 0.5, 0.2, 0.2)]  # an RBC and a WBC on each test image
COUNT = 40


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    connect(f"sqlite:///{file}")
    return file.read_bytes()


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    return version(tmp_path_factory.mktemp("cells"), [Picture("val", BOXES), *[Picture("test", BOXES)] * COUNT])


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """An untrained network that finds some of what is on a version of its own."""
    folder = tmp_path_factory.mktemp("network")
    weights = tiny.weights(folder / "train")
    return weights, labelled(folder, weights, "detect")


@pytest.fixture
def project(tmp_path, monkeypatch, store):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlflow.db").write_bytes(store)
    return Contests(tmp_path)


class Contests:
    """One run after another: what was measured is recorded, and its weights are promoted."""

    def __init__(self, folder):
        self.folder, self.runs, self.said = folder, 0, []

    def run(self, dataset, rows, weights, *, split="test", forced=False, keep=True, **options) -> Result:
        """Promote `weights`, a file or what one holds, which have predicted `rows`; `keep` what was measured."""
        self.runs += 1
        folder = self.folder / f"run-{self.runs}"
        best = folder / "train/weights/best.pt"
        best.parent.mkdir(parents=True)
        best.write_bytes(weights.read_bytes() if isinstance(weights, Path) else weights)
        (folder / "pipeline.yaml").write_text("name: blood\n")
        learned = hashlib.sha256(best.read_bytes()).hexdigest()
        self.evaluation = evaluated(dataset, folder / "evaluate", rows, learned, split)
        files = {"evaluate": self.evaluation.files} if keep else {}
        with record.open(STORE, "blood", folder, {}) as run:
            run.stage_done("evaluate", Result(self.evaluation.folder, "", "", artifacts=files), False, {})
            inputs = {"train": folder / "train", "convert": dataset.folder, "evaluate": self.evaluation.folder}
            given = make_job(
                better.Options(**{"between_seeds": 0} | options),
                None,
                inputs,
                datasets=folder,
                folder=folder / "promote",
                registry=run.registry,
            )
            result = better.run(replace(given, forced=forced))
            run.verify()
        self.said = given.report.said
        return result

    def aliases(self):
        client = connect(STORE.uri)
        numbers = [str(each.version) for each in client.search_model_versions("name = 'blood'")]
        return {number: list(client.get_model_version("blood", number).aliases) for number in numbers}


def found(*counts):
    """Of each class so many objects, on the first test images."""
    return [seen(1 + at, label, 0.9, *BOXES[label][1:]) for label, count in enumerate(counts) for at in range(count)]


def told(before: Evaluation, after: Evaluation, name="mAP50-95", margin=0.0):
    """(change with its interval, share), as a sentence has them."""
    each = pair(before, after, margin).figures[name]
    change, low, high = (f"{value:+.3f}".replace("-", "−") for value in (each.change, each.low, each.high))
    return f"{change} [{low}, {high}]", f"{100 * min(each.better, 0.999):.1f}".removesuffix(".0") + " %"


def test_the_first_is_champion_and_what_is_better_beyond_chance_replaces_it(project, cells):
    first = project.run(cells, found(20, 20), b"1")
    assert first.summary == "champion: version 1, mAP50-95 0.5050, the first"
    assert first.figures == {"mAP50-95": pytest.approx(0.50495), "champion": 1}
    one = project.evaluation
    second = project.run(cells, found(30, 30), b"2")
    change, share = told(one, project.evaluation)
    assert share == "99.9 %"
    assert second.summary == (
        f"champion: version 2, mAP50-95 0.7525 against 0.5050 of version 1: {change}; better with 99.9 %"
    )
    assert second.figures["mAP50-95 of the champion before"] == pytest.approx(0.50495)
    assert (second.figures["better_share"], second.figures["champion"]) == (1, 1)
    assert 0 < second.figures["difference/low"] < second.figures["difference"] < second.figures["difference/high"]
    third = project.run(cells, found(30, 30), b"3")
    assert third.summary == (
        "challenger: version 3, mAP50-95 0.7525 against 0.7525 of version 2: +0.000 [+0.000, +0.000]; "
        "better with 0 %, 95 % is asked: version 2 stays champion"
    )
    assert (third.figures["champion"], third.left) == (0, "2")
    assert project.aliases() == {"1": [], "2": ["champion"], "3": ["challenger"]}
    assert project.said == []  # its predictions were kept, and what it holds is no network at all


def test_what_may_be_chance_stays_challenger_and_less_can_be_asked(project, cells):
    """Two more images of forty: no draw of 1 − (38/40)⁴⁰ = 87 % is without one of them."""
    project.run(cells, found(20, 20), b"1")
    one = project.evaluation
    second = project.run(cells, found(22, 22), b"2")
    change, share = told(one, project.evaluation)
    assert 85 < float(share.removesuffix(" %")) < 90
    assert second.summary == (
        f"challenger: version 2, mAP50-95 0.5545 against 0.5050 of version 1: {change}; "
        f"better with {share}, 95 % is asked: version 1 stays champion"
    )
    again = project.run(cells, found(22, 22), b"3", confidence=0.8)
    assert again.summary.startswith("champion: version 3, ")


def test_a_class_that_falls_keeps_the_champion_unless_that_is_allowed(project, cells):
    project.run(cells, found(10, 40), b"1")
    one = project.evaluation
    second = project.run(cells, found(40, 30), b"2")
    change, share = told(one, project.evaluation)
    fallen, _ = told(one, project.evaluation, "mAP50-95/WBC")
    assert second.summary == (
        f"challenger: version 2, mAP50-95 0.8762 against 0.6287 of version 1: {change}; better with {share}, "
        f"but WBC falls {fallen}: version 1 stays champion"
    )
    assert fallen.startswith("−0.248 [−")
    allowed = project.run(cells, found(40, 30), b"3", per_class=False)
    assert allowed.summary == (
        f"champion: version 3, mAP50-95 0.8762 against 0.6287 of version 1: {change}; better with {share}"
    )


def test_a_class_that_falls_within_its_interval_is_no_matter(project, cells):
    project.run(cells, found(10, 40), b"1")
    assert project.run(cells, found(40, 39), b"2").summary.startswith("champion: version 2, ")


def test_what_another_seed_may_come_to_is_no_better_model(project, cells):
    """Ten more images of forty are sure by the images alone; between seeds that differ by 0.2 they may be luck."""
    project.run(cells, found(20, 20), b"1")
    one = project.evaluation
    second = project.run(cells, found(30, 30), b"2", between_seeds=0.2)
    each = pair(one, project.evaluation, seeds=0.2).figures["mAP50-95"]
    alone = pair(one, project.evaluation).figures["mAP50-95"]
    assert (alone.better, 0.7 < each.better < 0.85) == (1, True)
    assert second.summary.startswith("challenger: version 2, mAP50-95 0.7525 against 0.5050 of version 1: +0.248 [−0.")
    assert second.figures["difference/low"] == each.low < alone.low
    assert project.run(cells, found(30, 30), b"3").summary.startswith("champion: version 3, ")


def test_the_noise_between_seeds_is_taken_from_the_images_in_train(tmp_path):
    dataset = tiny.dataset(tmp_path)
    told = better.derived(better.Options(), {"convert": Result(dataset.folder, "", "")})
    images = dataset.on("train").images
    assert told == {"between_seeds": {"value": 0.04, "why": f"{images} images in train"}}
    assert [round(between_seeds(count), 4) for count in (0, 120, 960, 120_000)] == [0.04, 0.028, 0.014, 0.0028]
    assert better.derived(better.Options(between_seeds=0.01), {}) == {}


def test_a_margin_is_asked_beyond_chance(project, cells):
    project.run(cells, found(20, 20), b"1")
    one = project.evaluation
    second = project.run(cells, found(30, 30), b"2", margin=0.2)
    change, share = told(one, project.evaluation, margin=0.2)
    assert second.summary == (
        f"challenger: version 2, mAP50-95 0.7525 against 0.5050 of version 1: {change}; "
        f"better by more than 0.2 with {share}, 95 % is asked: version 1 stays champion"
    )
    assert project.run(cells, found(30, 30), b"3", margin=0.1).summary.startswith("champion: version 3, ")


def test_the_metric_and_the_minimum_are_those_of_the_file(project, cells):
    first = project.run(cells, found(20, 20), b"1", metric="recall")
    assert first.summary == "champion: version 1, recall 0.5000, the first"
    low = project.run(cells, found(30, 30), b"2", metric="recall", minimum=0.8)
    assert low.summary == "challenger: version 2, recall 0.7500, below the minimum of 0.8; version 1 stays champion"
    one_class = project.run(cells, found(40, 20), b"3", metric="mAP50/RBC")
    assert one_class.summary.startswith("champion: version 3, mAP50/RBC 1.0000 against 0.5050 of version 1: +0.495 [")
    assert project.aliases() == {"1": [], "2": ["challenger"], "3": ["champion"]}


def test_a_model_that_finds_nothing_is_no_champion(project, cells):
    nothing = project.run(cells, [], b"1")
    assert nothing.summary == (
        "challenger: version 1, mAP50-95 0.0000, below the minimum of 0.05; there is no champion"
    )
    assert (project.aliases(), nothing.left) == ({"1": ["challenger"]}, "")


def test_the_same_weights_are_registered_once(project, cells):
    project.run(cells, found(20, 20), b"1")
    again = project.run(cells, found(20, 20), b"1")
    assert again.summary == "champion: version 1, mAP50-95 0.5050, as before: the same weights"
    assert project.aliases() == {"1": ["champion"]}


def test_what_was_rolled_back_is_champion_again_only_if_forced(project, cells):
    project.run(cells, found(10, 10), b"1")
    project.run(cells, found(30, 30), b"2")
    assert record.rollback(STORE, "blood") == ("2", "1")
    again = project.run(cells, found(30, 30), b"2")
    assert again.summary == "challenger: version 2, mAP50-95 0.7525, was rolled back; version 1 stays champion"
    assert (project.aliases(), again.left) == ({"1": ["champion"], "2": ["challenger"]}, "1")
    forced = project.run(cells, found(30, 30), b"2", forced=True)
    assert forced.summary.startswith("champion: version 2, mAP50-95 0.7525 against 0.2574 of version 1: ")
    assert project.run(cells, found(20, 20), b"3").left == "2"


AGAIN = "measuring the champion, version 1, on it"


def test_on_another_test_set_the_champion_is_measured_again(project, cells, network):
    """It claims everything on an old test set; on this one it is what it is."""
    weights, dataset = network
    project.run(cells, found(40, 40), weights)
    result = project.run(dataset, [], b"2", minimum=0)
    assert project.said == [f"the test set has changed: {AGAIN}"]
    assert result.summary.startswith("challenger: version 2, mAP50-95 0.0000 against 0.")
    assert 0.1 < result.figures["mAP50-95 of the champion before"] < 0.9


@pytest.mark.parametrize("lost", ["never kept", "of schema 1", "cut short", "a table is gone", "a table is torn"])
def test_predictions_that_can_not_be_read_any_more_are_made_again(project, network, lost):
    weights, dataset = network
    project.run(dataset, [], weights, minimum=0, keep=lost != "never kept")
    assert project.aliases() == {"1": ["champion"]}
    for file in project.folder.glob("**/artifacts/evaluate/*"):
        if file.name == "evaluation.json" and lost == "of schema 1":
            file.write_text(file.read_text().replace('"schema": 2', '"schema": 1'))
        elif file.name == "evaluation.json" and lost == "cut short":
            file.write_text(file.read_text()[:99])
        elif file.name == "predictions.parquet" and lost == "a table is gone":
            file.unlink()
        elif file.name == "objects.parquet" and lost == "a table is torn":
            file.write_bytes(file.read_bytes()[:-9])
    result = project.run(dataset, [], b"2", minimum=0)
    assert project.said == [f"its predictions were not kept: {AGAIN}"]
    assert result.figures["mAP50-95 of the champion before"] > 0.1


def test_a_champion_of_other_classes_can_not_be_compared(project, network, monkeypatch, tmp_path):
    monkeypatch.setattr(tiny, "CLASSES", ["cell", "platelet"])
    others = tiny.weights(tmp_path / "others")
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    _, dataset = network
    project.run(dataset, [], others, minimum=0, keep=False)
    result = project.run(dataset, [], b"2", minimum=0)
    assert result.summary == "champion: version 2, mAP50-95 0.0000; version 1 knows other classes or another task"
    assert project.said == []


def test_a_champion_of_another_task_can_not_be_compared(project, network, tmp_path):
    outlines = tiny.weights(tmp_path / "others", "yolo11n-seg")
    _, dataset = network
    project.run(dataset, [], outlines, minimum=0, keep=False)
    result = project.run(dataset, [], b"2", minimum=0)
    assert result.summary == "champion: version 2, mAP50-95 0.0000; version 1 knows other classes or another task"


def test_what_was_measured_on_val_is_not_compared_with_test(project, network):
    weights, dataset = network
    project.run(dataset, [seen(IMAGES["train"], 0)], weights, split="val", metric="precision", minimum=0)
    project.run(dataset, [], b"2", minimum=0)
    assert project.said == [f"the test set has changed: {AGAIN}"]


def test_a_metric_that_is_not_there(project, cells):
    message = r"promote\.metric: mAP50/Platelets was not measured; choose one of mAP50-95, mAP50, mAP75, AR1"
    with pytest.raises(UsageError, match=message):
        project.run(cells, found(20, 20), b"1", metric="mAP50/Platelets")
    assert project.aliases() == {}


def test_an_unknown_metric_is_found_before_anything_runs():
    pipeline = Pipeline(classes=["RBC"])
    names = "mAP50-95, mAP50, mAP75, precision, recall, F1, mAP50-95/RBC, mAP50/RBC"
    message = f"accuracy is not measured; choose one of {names}"
    assert list(better.faults(better.Options(metric="accuracy"), pipeline)) == [(("metric",), message)]
    assert list(better.faults(better.Options(metric="mAP50/RBC"), pipeline)) == []


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


@pytest.mark.parametrize("metric", ["mAP50-95/größe (cm)", "mAP50/größe (cm)"])
def test_a_metric_of_a_class_that_test_has_none_of_is_told_before_training(tmp_path, metric):
    dataset = tiny.dataset(tmp_path)
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
