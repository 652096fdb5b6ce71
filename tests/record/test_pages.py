"""MLflow's own pages in a real browser: the runs, one run, two networks compared, the versions of the model."""

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from detector.errors import GateRefused
from detector.record import mlflow as record
from detector.record._page import LOCAL
from tests.record.test_mlflow import YAML, steps
from tests.support.services.mlflow import served


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, migrated):
    """The address of a server, and three runs: a champion, another network, and one that a gate refused."""
    project = tmp_path_factory.mktemp("project")
    (project / "runs").mkdir()
    (project / "runs/mlflow.db").write_bytes(migrated)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        runs = [_run(project, "one", "yolo11n.yaml"), _run(project, "two", "yolo26s.yaml"), _refused()]
        store = f"sqlite:///{project}/runs/mlflow.db"
        with served(project, store=store, destination=str(project / "runs/artifacts")) as server:
            yield server.uri, runs


def _run(project, name, network):
    with _open(name) as run:
        for step, result in steps(project).items():
            told = replace(result, parameters={"network/model": network}) if step == "train" else result
            run.stage_begun(step)
            if step == "promote":
                (project / name).write_text(network)
                version = run.registry.register(project / name, {"mAP50-95": 0.7251}, "t")
                run.registry.name(version, "champion" if name == "one" else "challenger")
            run.stage_done(step, told, skipped=False, costs={})
        run.verify()
    return run


def _refused():
    run, refused = _open("three"), GateRefused("5 leaked images")
    run.stage_begun("check")
    with pytest.raises(GateRefused), run:
        raise refused
    return run


def _open(name):
    folder = Path("runs") / name
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(YAML)
    return record.open(record.Options(), "blood", folder, {})


def text(page, address, wanted):
    """What the page at the address says, once it says what is wanted."""
    page.goto("about:blank")
    page.goto(address)
    page.get_by_text(wanted).first.wait_for()
    return page.locator("body").inner_text()


def test_the_printed_address_opens_the_table_with_the_columns_that_tell_runs_apart(recorded, page):
    uri, runs = recorded
    page.set_viewport_size({"width": 2400, "height": 900})  # MLflow draws only the columns that fit
    said = text(page, runs[0].shown.runs.replace(LOCAL, uri), "refused by check · three")
    lines = said.split("\n")
    for title in ("verdict", "evaluate/mAP50-95", "network/model", "Dataset"):
        assert title in lines
    for verdict in ("champion, version 1", "refused by check"):
        assert verdict in lines
    assert {"yolo11n.yaml", "yolo26s.yaml"} <= {*lines}
    assert "Every run of the pipeline blood" in said


def test_a_run_says_its_verdict_its_figures_and_where_its_page_is(recorded, page):
    uri, runs = recorded
    said = text(page, f"{uri}/#/experiments/1/runs/{runs[0].run_id}?workflowType=machine_learning", "Description")
    assert "0.725 champion, version 1 · 0123456789ab · one" in said
    assert "champion: version 1, mAP50-95 0.7251, the first" in said
    link = page.get_by_role("link", name="the page of the run")
    assert link.get_attribute("href").endswith(
        f"runs/{runs[0].run_id}/artifacts/report/report.html?workflowType=machine_learning"
    )
    refused = text(page, f"{uri}/#/experiments/1/runs/{runs[2].run_id}?workflowType=machine_learning", "Description")
    assert "refused by check: 5 leaked images" in refused


def test_two_networks_are_compared_by_their_parameters(recorded, page):
    uri, runs = recorded
    chosen = quote(json.dumps([run.run_id for run in runs[:2]]))
    page.set_viewport_size({"width": 1600, "height": 3000})
    said = text(page, f"{uri}/#/compare-runs?runs={chosen}&experiments={quote(json.dumps(['1']))}", "network/model")
    assert {"yolo11n.yaml", "yolo26s.yaml"} <= {*said.replace("\t", "\n").split("\n")}


def test_the_champion_is_told_from_the_other_versions(recorded, page):
    uri, _ = recorded
    text(page, f"{uri}/#/models/blood", "Version 2")
    rows = page.get_by_role("row").all_inner_texts()
    [champion] = [row for row in rows if "champion" in row and "Version" in row]
    [challenger] = [row for row in rows if "challenger" in row]
    assert ("Version 1" in champion, "Version 2" in challenger) == (True, True)
    said = text(page, f"{uri}/#/models/blood/versions/1", "the page of the run")
    assert "mAP50-95 0.725 [0.697, 0.756] on test" in said
