"""A run is recorded, then read back through MLflow's own client."""

import base64
import json
import logging
import shutil
import sqlite3
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from detector.data import champion as champions
from detector.errors import DetectorError, GateRefused, Interrupted, TryAgain, UsageError
from detector.record import _template
from detector.record import mlflow as record
from detector.record._client import connect
from detector.secrets import protect
from detector.stages import Result
from tests.support import tiny

YAML = "name: blood\nclasses: [größe]\n"


@pytest.fixture
def options(tmp_path, monkeypatch, migrated):
    """The default store, in a project folder whose name needs quoting in a URI."""
    project = tmp_path / "my projéct"
    (project / "runs").mkdir(parents=True)
    (project / "runs/mlflow.db").write_bytes(migrated)
    monkeypatch.chdir(project)
    return record.Options()


def open_(options, folder="runs/one"):
    Path(folder).mkdir(parents=True, exist_ok=True)
    Path(folder, "pipeline.yaml").write_text(YAML)
    return record.open(options, "blood", Path(folder), {"detector.version": "1"})


def read(options, run):
    client = connect(options.uri)
    return client, client.get_run(run.run_id)


def result(folder, **more):
    (folder / "plot é.png").write_bytes(b"png")
    (folder / "weights").mkdir(exist_ok=True)
    (folder / "weights/best.pt").write_bytes(b"weights")
    (folder / "weights/last.pt").write_bytes(b"last")
    files = {"plots": [folder / "plot é.png"], "train": [folder / "weights"]}
    return Result(folder, "abc", "trained: mAP50 0.9", {"mAP50": 0.9, "mAP50/红细胞": 0.8}, files, ["a note"], **more)


def test_a_run_is_read_back_whole(options, tmp_path):
    with open_(options) as run:
        run.parameters({"lr0": 0.01, "train.augment": "x" * 7000, "größe (cm)": True})
        for epoch in range(1, 4):
            run.metrics({"val/mAP50": epoch / 10, "loss": float("nan")}, step=epoch)
        run.stage_done("train", result(tmp_path), skipped=False, costs={"seconds": 1.5})
        run.dataset(tiny.dataset(tmp_path))
        run.artifact(tmp_path / "plot é.png", "report")
        run.verify()
    client, read_back = read(options, run)
    assert read_back.info.status == "FINISHED"
    assert read_back.data.params == {"lr0": "0.01", "train.augment": "x" * 6000, "größe _cm_": "True"}
    assert [(m.step, m.value) for m in client.get_metric_history(run.run_id, "val/mAP50")] == [
        (1, 0.1),
        (2, 0.2),
        (3, 0.3),
    ]
    expected = {"train/mAP50": 0.9, "train/mAP50/红细胞": 0.8, "cost/train/seconds": 1.5}
    assert expected.items() <= read_back.data.metrics.items()
    assert read_back.data.tags["train.summary"] == "trained: mAP50 0.9"
    assert read_back.data.tags["train.skipped"] == "false"
    assert text(client, run, "parameters/train.augment.txt") == "x" * 7000
    assert text(client, run, "pipeline.yaml") == YAML
    assert text(client, run, "notes/train.txt") == "a note\n"
    assert [file.path for file in client.list_artifacts(run.run_id, "train/weights")] == [
        "train/weights/best.pt",
        "train/weights/last.pt",
    ]
    assert [file.path for file in client.list_artifacts(run.run_id, "report")] == ["report/plot é.png"]


def test_the_dataset_version_is_an_input(options, tmp_path):
    with open_(options) as run:
        run.dataset(tiny.dataset(tmp_path))
        run.verify()
    (entry,) = read(options, run)[1].inputs.dataset_inputs
    assert (entry.dataset.name, entry.dataset.digest) == ("blood", "0123456789ab")
    assert [(tag.key, tag.value) for tag in entry.tags] == [("mlflow.data.context", "train, val, test")]
    assert json.loads(entry.dataset.profile)["train"] == {"images": 4, "objects": {"größe (cm)": 2, "红细胞": 2}}
    assert "class_id" in entry.dataset.schema


def test_files_lie_beside_the_database(options):
    with open_(options) as run:
        pass
    _, read_back = read(options, run)
    assert read_back.info.artifact_uri.endswith(f"my%20proj%C3%A9ct/runs/artifacts/{run.run_id}/artifacts")
    assert str(run.shown) == (
        "mlflow ui --backend-store-uri sqlite:///runs/mlflow.db\n"
        "http://127.0.0.1:5000/#/experiments/1/runs?workflowType=machine_learning&viewStateShareKey=detector"
    )


@pytest.mark.parametrize(
    ("error", "status"), [(DetectorError, "FAILED"), (ValueError, "FAILED"), (SystemExit, "KILLED")]
)
def test_a_run_that_fails_says_why_without_secrets(options, error, status):
    said = "GET http://me:pw@host/x.jpg?X-Amz-Signature=beef failed, Authorization: Token 0123456789, using s3cr3t"
    protect("s3cr3t")
    run = open_(options)
    run.metrics({"loss": 1.0}, step=1)
    with pytest.raises(error), run:
        raise error(said)
    client, read_back = read(options, run)
    assert read_back.info.status == status
    assert read_back.data.metrics == {"loss": 1.0}
    expected = "GET http://***@host/x.jpg?signature=*** failed, Authorization: Token ***, using ***"
    assert expected in read_back.data.tags["error"]
    whole = text(client, run, "error.txt")
    assert f"{error.__name__}: {expected}" in whole
    assert "s3cr3t" not in whole


def test_a_run_that_was_killed_is_ended_by_the_next(options):
    killed = open_(options)
    with open_(options, "runs/another"):
        ended = read(options, killed)[1]
        assert (ended.info.status, ended.info.run_name) == ("KILLED", "killed · one")
        assert ended.data.tags["verdict"] == "killed"


def steps(tmp_path):
    """What a run gives, and where it was measured, with a class whose name is Markdown and HTML."""
    measured = {
        "split": "test", "dataset": "0123456789ab", "test_set": "t", "weights": "w", "task": "detect",
        "classes": ["<b>a|b*"], "metrics": {"mAP50-95": 0.7251, "mAP50-95/<b>a|b*": 0.5, "recall": 0.9},
        "intervals": {"mAP50-95": [0.697, 0.756], "mAP50-95/<b>a|b*": [0.4, 0.6]},
        "operating_point": {"score": 0.42, "precision": 0.8, "recall": 0.9, "asked": None},
        "mistakes": {}, "slices": [],
    }  # fmt: skip
    (tmp_path / "evaluate").mkdir(exist_ok=True)
    (tmp_path / "evaluate/evaluation.json").write_text(json.dumps({"schema": 2, **measured}))
    return {
        "convert": Result(tmp_path, "0123456789ab", "version 0123456789ab"),
        "train": Result(tmp_path, "w", "epoch 3 of 4", parameters={"network/model": "yolo11n.yaml", "train/lr0": 0.01}),
        "evaluate": Result(tmp_path / "evaluate", "e", "35 test images", {"mAP50-95": 0.7251}),
        "promote": Result(tmp_path, "1-champion", "champion: version 1, mAP50-95 0.7251, the first"),
    }


def test_the_table_of_runs_tells_what_a_run_came_to(options, tmp_path):
    with open_(options) as run:
        for name, result in steps(tmp_path).items():
            run.stage_begun(name)
            run.stage_done(name, result, skipped=name == "train", costs={})
        run.registry.register(tmp_path / "evaluate/evaluation.json", {"mAP50-95": 0.7251}, "t")
        run.stage_done("promote", steps(tmp_path)["promote"], skipped=False, costs={})
        run.verify()
    client, read_back = read(options, run)
    assert read_back.info.run_name == "0.725 champion, version 1 · 0123456789ab · one"
    assert read_back.data.tags["verdict"] == "champion, version 1"
    assert read_back.data.params == {"network/model": "yolo11n.yaml", "train/lr0": "0.01"}  # also of what was reused
    page = f"#/experiments/1/runs/{run.run_id}/artifacts/report/report.html?workflowType=machine_learning"
    assert read_back.data.tags["mlflow.note.content"].splitlines() == [
        "**champion: version 1, mAP50-95 0.7251, the first**",
        "",
        f"mAP50-95 0.725 [0.697, 0.756] on test; [the page of the run]({page}); folder `runs/one`",
        "",
        "- `convert` version 0123456789ab",
        "- `train` epoch 3 of 4",
        "- `evaluate` 35 test images",
        "- `promote` champion: version 1, mAP50-95 0.7251, the first",
        "",
        "| | value | 95 % interval |",
        "|---|---:|---|",
        "| mAP50-95 | &ensp;0.725 | &ensp;0.697 to 0.756 |",
        "| recall | &ensp;0.900 | &ensp; |",
        r"| mAP50-95 of &lt;b&gt;a\|b\* | &ensp;0.500 | &ensp;0.400 to 0.600 |",
        "",
        "Measured on test of data version `0123456789ab`; precision, recall and F1 from a score of 0.42.",
    ]
    version = client.get_model_version("blood", "1").description
    assert version.startswith("mAP50-95 0.725 [0.697, 0.756] on test\n")
    assert version.endswith(f"epoch 3 of 4\n\n[the page of the run]({page}) `one`")
    assert "**champion**" in client.get_registered_model("blood").description


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (DetectorError("broken *here*\nmore"), "failed in train"),
        (GateRefused("5 leaked images"), "refused by train"),
        (Interrupted(), "stopped in train"),
    ],
)
def test_a_run_that_did_not_end_well_is_told_apart_at_a_glance(options, tmp_path, error, verdict):
    run = open_(options)
    run.stage_done("convert", steps(tmp_path)["convert"], skipped=True, costs={})
    run.stage_begun("train")
    with pytest.raises(type(error)), run:
        raise error
    _, read_back = read(options, run)
    assert read_back.info.run_name == f"{verdict} · 0123456789ab · one"
    assert read_back.data.tags["verdict"] == verdict
    told = read_back.data.tags["mlflow.note.content"]
    assert told.startswith(f"**{verdict}**: ")
    assert "broken" not in told or r"broken \*here\*" in told
    with open_(options) as again:
        assert again.run_id == run.run_id
        assert "verdict" not in read(options, again)[1].data.tags
        assert read(options, again)[1].info.run_name == "one"


def test_the_experiment_has_a_view_that_mlflow_can_read_and_a_person_may_change(options):
    with open_(options):
        pass
    client = connect(options.uri)
    experiment = client.get_experiment_by_name("blood")
    view = json.loads(experiment.tags["mlflow.sharedViewState.detector"])
    state = json.loads(zlib.decompress(base64.b64decode(view["state"].removeprefix("deflate;"))))
    assert {"tags.`verdict`", "metrics.`evaluate/mAP50-95`", "params.`network/model`"} <= {*state["selectedColumns"]}
    client.set_experiment_tag(experiment.experiment_id, "mlflow.note.content", "ours")
    with open_(options, "runs/two"):
        assert client.get_experiment_by_name("blood").tags["mlflow.note.content"] == "ours"


def test_a_run_is_opened_again_with_all_that_it_was_told(options):
    """Also with what a killed process had not sent yet; a parameter keeps its first value."""
    killed = open_(options)
    killed.parameters({"train/device": "cuda:0"})
    killed.metrics({"loss": 3.0}, step=1)
    killed.parameters({"train/workers": 8})
    killed.metrics({"loss": 2.0, "größe": float("nan")}, step=2)
    with Path("runs/one/journal.jsonl").open("a") as journal:
        journal.write('{"at": 17, "st')
    with open_(options) as run:
        run.parameters({"train/device": "cpu", "train/workers": 2, "train/lr0": 0.1})
        run.metrics({"loss": 2.0}, step=2)
        run.metrics({"loss": 1.0}, step=3)
        run.verify()
    client, read_back = read(options, run)
    assert (run.run_id, read_back.info.status) == (killed.run_id, "FINISHED")
    assert read_back.data.params == {"train/device": "cuda:0", "train/workers": "8", "train/lr0": "0.1"}
    assert {(m.step, m.value) for m in client.get_metric_history(run.run_id, "loss")} == {(1, 3.0), (2, 2.0), (3, 1.0)}


def test_what_vanished_is_listed(options, tmp_path):
    with open_(options) as run:
        run.stage_done("train", result(tmp_path), skipped=False, costs={"seconds": 1.5})
        run.parameters({"lr0": 0.01})
        run.metrics({"loss": 1.0}, step=7)
        run.dataset(tiny.dataset(tmp_path))
        run.verify()
        database = sqlite3.connect("runs/mlflow.db")
        database.execute("delete from metrics where key = 'loss'")
        database.execute("delete from params where key = 'lr0'")
        database.execute("delete from tags where key = 'train.summary'")
        database.execute("delete from inputs")
        database.commit()
        (artifacts,) = tmp_path.glob(f"**/{run.run_id}/artifacts")
        (artifacts / "train/weights/last.pt").unlink()
        (artifacts / "plots/plot é.png").write_bytes(b"")
        with pytest.raises(DetectorError) as refused:
            run.verify()
    for line in (
        "lacks 6 of",
        "dataset blood 0123456789ab",
        "parameter lr0",
        "tag train.summary",
        "metric loss at step 7",
        "artifact train/weights/last.pt",
        "artifact plots/plot é.png (0 of 3 bytes)",
    ):
        assert line in str(refused.value)


def test_metrics_from_many_threads_all_arrive(options):
    with open_(options) as run:

        def log(thread):
            for step in range(1, 201):
                run.metrics({f"loss/{thread}": step * 0.5, "shared": step}, step)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(log, range(8)))
        run.verify()
    client, _ = read(options, run)
    for thread in range(8):
        history = client.get_metric_history(run.run_id, f"loss/{thread}")
        assert sorted((m.step, m.value) for m in history) == [(step, step * 0.5) for step in range(1, 201)]


def test_a_run_opened_in_a_thread_is_used_in_another(options):
    opened = []
    thread = threading.Thread(target=lambda: opened.append(open_(options)))
    thread.start()
    thread.join()
    with opened[0] as run:
        run.metrics({"loss": 1.0}, 1)
        run.verify()


def test_a_parameter_keeps_its_value(options):
    with open_(options) as run:
        run.parameters({"lr0": 0.01})
        run.parameters({"lr0": 0.01})
        with pytest.raises(DetectorError, match=r"lr0 is 0\.02, but this run recorded 0\.01"):
            run.parameters({"lr0": 0.02})


def test_an_experiment_that_was_deleted_says_the_way_out(options):
    with open_(options):
        pass
    client = connect(options.uri)
    client.delete_experiment(client.get_experiment_by_name("blood").experiment_id)
    with pytest.raises(DetectorError, match="mlflow experiments restore"):
        open_(options)


def test_an_interrupted_first_start_leaves_no_database(tmp_path, monkeypatch):
    """A database is made beside its place, and there only once it is whole."""
    import mlflow.store.db.utils as database

    monkeypatch.chdir(tmp_path)

    def stopped(_engine):
        raise KeyboardInterrupt

    monkeypatch.setattr(database, "_upgrade_db", stopped)
    monkeypatch.setattr(_template, "CACHE", tmp_path / "cache")
    with pytest.raises(KeyboardInterrupt):
        connect("sqlite:///runs/mlflow.db")
    assert not (tmp_path / "runs/mlflow.db").exists()


@pytest.mark.parametrize("kept", [b"", b"not a store", None], ids=["none kept", "a broken one kept", "one kept"])
def test_a_new_store_is_made_in_silence(tmp_path, monkeypatch, capfd, caplog, kept):
    """The first takes MLflow ten seconds; others are copies of it, and know of no other folder."""
    monkeypatch.chdir(tmp_path)
    if kept is not None:
        monkeypatch.setattr(_template, "CACHE", tmp_path / "cache")
        (tmp_path / "cache").mkdir()
        _template._place().write_bytes(kept)
    caplog.set_level(logging.INFO)
    with open_(record.Options()) as run:
        run.verify()
    places = {each.artifact_location for each in connect("sqlite:///runs/mlflow.db").search_experiments()}
    assert places == {str(tmp_path / "mlruns/0"), f"file://{tmp_path}/runs/artifacts"}
    assert capfd.readouterr() == ("", "")
    assert list((tmp_path / "runs").glob(".*")) == []
    assert not (tmp_path / "mlruns").exists()


def test_nobody_answers():
    with pytest.raises(TryAgain, match=r"no MLflow server answers at http://\*\*\*@127\.0\.0\.1:9: start it"):
        open_(record.Options(uri="http://me:pw@127.0.0.1:9"))


def test_versions_aliases_and_rollback(options, tmp_path):
    first, second = tmp_path / "a.pt", tmp_path / "b.pt"
    first.write_bytes(b"first")
    second.write_bytes(b"second")
    with open_(options) as run:
        registry = run.registry
        assert registry.champion() is None
        assert registry.register(first, {"mAP50-95": 0.7, "mAP50/红": 0.5}, "t1") == "1"
        registry.name("1", "champion")
        champion = registry.champion()
        assert (champion.number, champion.metrics, champion.test_set) == ("1", {"mAP50-95": 0.7, "mAP50/红": 0.5}, "t1")
        weights = champion.fetch()
        assert weights.read_bytes() == b"first"
        assert weights.name == "a.pt"
        assert registry.register(second, {"mAP50-95": 0.8}, "t1") == "2"
        registry.name("2", "challenger")
        registry.name("2", "champion")
        assert registry.register(first, {"mAP50-95": 0.6}, "t2") == "1"  # the same weights, measured again
        third = tmp_path / "c.pt"
        third.write_bytes(b"another date, and nothing else")
        assert registry.register(second, {"mAP50-95": 0.8}, "t1", "learned") == "2"
        assert (
            registry.register(third, {"mAP50-95": 0.8}, "t1", "learned") == "3"
        )  # the second did not say so when made
        assert registry.register(second, {"mAP50-95": 0.8}, "t1", "something else") == "2"
        third.write_bytes(b"and another")
        assert registry.register(third, {"mAP50-95": 0.8}, "t1", "learned") == "3"
        run.verify()
    assert not weights.exists()  # fetched for the run only
    client = connect(options.uri)
    assert client.get_model_version("blood", "2").aliases == ["champion"]
    assert client.get_model_version("blood", "1").source == f"runs:/{run.run_id}/weights"
    assert client.get_model_version("blood", "1").tags["test_set"] == "t2"
    assert record.rollback(options, "blood") == ("2", "1")
    assert client.get_model_version("blood", "1").aliases == ["champion"]
    with pytest.raises(UsageError, match="first champion of blood"):
        record.rollback(options, "blood")
    client.delete_model_version("blood", "1")
    with pytest.raises(UsageError, match="no champion to roll back"):
        record.rollback(options, "blood")


def test_who_is_champion_is_known_without_asking(options, tmp_path):
    """Every record that opens looks; a rollback tells; what a person did in MLflow is seen by the next record."""
    weights = tmp_path / "best.pt"
    for number in ("1", "2"):
        weights.write_bytes(number.encode())
        with open_(options, f"runs/run-{number}") as run:
            run.registry.name(run.registry.register(weights, {"mAP50": 0.5, "loss": float("nan")}, "t"), "champion")
            run.note_champion()
        assert (champions.read("blood").version, champions.read("blood").metrics) == (number, {"mAP50": 0.5})
    record.rollback(options, "blood")
    assert champions.read("blood").version == "1"
    assert run.registry.rolled_back("2")
    client = connect(options.uri)
    client.set_registered_model_alias("blood", "champion", "2")
    with open_(options, "runs/run-3") as run:
        run.note_champion()
        assert champions.read("blood").version == "2"
        run.registry.name("2", "champion")
        assert not run.registry.rolled_back("2")
        client.delete_registered_model_alias("blood", "champion")
        run.note_champion()
    assert champions.read("blood") is None


def test_a_champion_that_a_person_named_is_told_with_the_way_out(options, tmp_path):
    client = connect(options.uri)
    with open_(options) as run:
        client.create_registered_model("blood")
        client.create_model_version("blood", "/elsewhere/model", None)
        client.set_registered_model_alias("blood", "champion", "1")
        with pytest.raises(UsageError) as refused:
            run.note_champion()
        assert str(refused.value) == (
            "version 1, the champion of blood in MLflow, was not registered by `detector run`, which can't tell how "
            "good it is: delete the alias champion in MLflow, and the next run names one"
        )
        (tmp_path / "best.pt").write_bytes(b"2")
        run.registry.name(run.registry.register(tmp_path / "best.pt", {"mAP50": 0.5}, "t"), "champion")
        client.set_registered_model_alias("blood", "champion", "1")
        with pytest.raises(
            UsageError, match=r": `detector rollback` makes version 2 champion again; or delete the alias"
        ):
            run.registry.champion()
    assert record.rollback(options, "blood") == ("1", "2")


def test_a_champion_whose_files_are_gone_is_told_with_the_way_out(options, tmp_path):
    weights = tmp_path / "best.pt"
    for number in ("1", "2"):
        weights.write_bytes(number.encode())
        with open_(options, f"runs/run-{number}") as run:
            run.registry.name(run.registry.register(weights, {"mAP50": 0.5}, "t"), "champion")
    shutil.rmtree(f"runs/artifacts/{run.run_id}")
    with open_(options, "runs/run-3") as later, pytest.raises(UsageError) as refused:
        later.note_champion()
    assert str(refused.value) == (
        f"the weights of version 2 of blood in MLflow (runs:/{run.run_id}/weights) are gone or damaged, and there is "
        "no copy in models/ or runs/: `detector rollback` makes version 1 champion again; or delete the alias champion "
        "in MLflow, and the next run names one"
    )
    assert record.rollback(options, "blood") == ("2", "1")
    with open_(options, "runs/run-4") as later:
        later.note_champion()
    assert champions.read("blood").version == "1"


@pytest.mark.parametrize("how", ["gone", "otherwise"])
@pytest.mark.parametrize("copy", ["models/blood/1-0a1b2c3d/blood.pt", "runs/run-1/train/weights/best.pt"])
def test_weights_that_mlflow_has_lost_are_put_back_from_a_copy(options, tmp_path, how, copy):
    for number in ("1", "2"):
        weights = tmp_path / "best.pt"
        weights.write_bytes(number.encode())
        with open_(options, f"runs/run-{number}") as run:
            run.registry.name(run.registry.register(weights, {"mAP50": 0.5}, "t"), "champion")
        lost = Path(f"runs/artifacts/{run.run_id}/artifacts/weights/best.pt")
        if how == "gone":
            shutil.rmtree(lost.parents[1])
        else:
            lost.write_bytes(b"x")
    with pytest.raises(UsageError, match=r"weights of version 1 of blood .* gone or damaged, and there is no copy"):
        record.rollback(options, "blood")
    assert connect(options.uri).get_model_version_by_alias("blood", "champion").version == 2
    Path(copy).parent.mkdir(parents=True, exist_ok=True)
    Path(copy).write_bytes(b"1")
    assert record.rollback(options, "blood") == ("2", "1")
    assert Path("models/blood/champion/blood.pt").read_bytes() == b"1"
    [first] = [each for each in connect(options.uri).search_model_versions("name='blood'") if int(each.version) == 1]
    assert Path(f"runs/artifacts/{first.run_id}/artifacts/weights/best.pt").read_bytes() == b"1"


def test_a_rollback_passes_over_deleted_versions(options, tmp_path):
    for content in (b"1", b"2", b"3"):
        file = tmp_path / "best.pt"
        file.write_bytes(content)
        with open_(options, f"runs/run-{content.decode()}") as run:
            number = run.registry.register(file, {"mAP50-95": 0.5}, "t")
            run.registry.name(number, "champion")
    connect(options.uri).delete_model_version("blood", "2")
    assert record.rollback(options, "blood") == ("3", "1")


def test_what_the_champions_need_is_named(options, tmp_path):
    """The runs of the champion and of the one before it, not those of older champions and of challengers."""
    assert record.needed(options, "blood") == set()
    for number, alias in (("1", "champion"), ("2", "champion"), ("3", "challenger"), ("4", "champion")):
        file = tmp_path / "best.pt"
        file.write_bytes(number.encode())
        with open_(options, f"runs/run-{number}") as run:
            run.dataset(tiny.dataset(tmp_path, number * 12))
            assert run.registry.register(file, {"mAP50-95": 0.5}, "t") == number
            run.registry.name(number, alias)
    assert record.needed(options, "blood") == {"run-2", "2" * 12, "run-4", "4" * 12}
    assert record.rollback(options, "blood") == ("4", "2")
    assert record.needed(options, "blood") == {"run-1", "1" * 12, "run-2", "2" * 12}


def test_a_version_that_vanished_is_listed(options, tmp_path):
    (tmp_path / "best.pt").write_bytes(b"1")
    with open_(options) as run:
        run.registry.register(tmp_path / "best.pt", {"mAP50-95": 0.5}, "t")
        run.verify()
        connect(options.uri).delete_model_version("blood", "1")
        with pytest.raises(DetectorError, match="registered model blood, version 1"):
            run.verify()


def text(client, run, path):
    from mlflow.artifacts import load_text

    return load_text(f"{client.get_run(run.run_id).info.artifact_uri}/{path}")
