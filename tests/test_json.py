"""`--json`: one object on stdout, whatever happens, as docs/output.schema.json has it. Real commands, real outputs."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from mlflow import MlflowClient

from detector.cli.main import commands
from detector.reporting.outcome import Done, Outcome
from detector.stages import Result
from tests.end_to_end.conftest import detector
from tests.support.exports import export

DOCS = Path(__file__).parent.parent / "docs"
SCHEMA = json.loads((DOCS / "output.schema.json").read_text())
PIPELINE = """
name: cells
task: detect
classes: [car]
pull: {using: label_studio_export, path: export.json}
convert: {split: {field: split}}
train: {model: yolo11n.yaml}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project that has been converted, and what that run printed."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    export(folder)
    matches("run", detector(folder, "run", "--until", "convert", "--json").stdout, status="done")
    return folder


NO_COMMAND = {"agreed", "agreement", "failure", "step"}  # parts that commands share, and what each of them may print


def matches(name, printed, **expected):
    """The object that was printed; it is one, and as documented."""
    found = json.loads(printed)
    validator = Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})
    assert [error.message for error in validator.iter_errors(found)] == []
    assert {key: found[key] for key in expected} == expected
    return found


@pytest.mark.parametrize("name", sorted(commands.commands))
def test_every_command_takes_json_and_is_documented(name):
    assert "--json" in [option for each in commands.commands[name].params for option in each.opts]
    assert f"| `{name}` |" in (DOCS / "json.md").read_text()
    Draft202012Validator.check_schema(SCHEMA["$defs"][name])


def test_what_is_documented_is_there():
    rows = re.findall(r"^\| `(\w+)` \|", (DOCS / "json.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(commands.commands) == sorted(SCHEMA["$defs"].keys() - NO_COMMAND)


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--until", "convert"), ("validate",), ("plan",), ("schema",), ("status",), ("doctor",), ("verify",),
        ("diff", "latest"), ("prune", "--keep", "1", "--dry-run"), ("init", "new"),
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_each_prints_what_is_documented(project, arguments):
    done = detector(project, *arguments, "--json")
    assert done.returncode == 0
    assert matches(arguments[0], done.stdout)


def test_a_rollback_prints_from_what_to_what(project):
    client = MlflowClient(f"sqlite:///{project}/runs/mlflow.db")
    [run] = client.search_runs([client.get_experiment_by_name("cells").experiment_id])
    client.create_registered_model("cells", tags={"champions": "1 2"})
    for _ in range(2):
        client.create_model_version("cells", f"runs:/{run.info.run_id}/weights", run.info.run_id)
    client.set_registered_model_alias("cells", "champion", "2")
    found = matches("rollback", detector(project, "rollback", "--json").stdout)
    assert (found["from"], found["to"]) == ("2", "1")
    client.delete_registered_model("cells")


def test_the_app_prints_where_it_is_and_ends_when_it_is_told(project):
    arguments = [sys.executable, "-m", "detector", "app", "--json"]
    with subprocess.Popen(arguments, cwd=project, stdout=subprocess.PIPE, text=True) as process:
        matches("app", process.stdout.readline(), status="serving")
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == ""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("rollback",), 2, "cells has no champion to roll back"),
        (("tune",), 2, "train.tune is missing"),
        (("compare",), 2, "cells has no champion yet"),
        (("app", "nothing"), 2, "no dataset version or run is called nothing"),
        (("run", "--unknown"), 2, "No such option '--unknown'"),
        (("run", "--until", "lunch"), 2, "'lunch' is not one of"),
        (("prune",), 2, "Missing option '--keep'"),
        (("lunch",), 2, "No such command 'lunch'"),
        (("validate", "gone.yaml"), 2, "gone.yaml can't be read"),
        (("validate", "--set", "train.epoch=1"), 2, "train.epoch: unknown; did you mean epochs?"),
    ],
)
def test_a_failure_is_one_object_too(project, arguments, code, said):
    done = detector(project, *arguments, "--json")
    assert done.returncode == code
    assert said in matches("failure", done.stdout, exit_code=code)["error"]
    assert said in done.stderr


def test_a_figure_that_is_no_number_is_null(tmp_path):
    outcome = Outcome("cells", "done", [Done("train", Result(tmp_path, "id", "", {"loss": float("nan")}), False, 1.0)])
    printed = json.dumps(outcome.plain(), allow_nan=False)
    assert matches("run", printed)["steps"][0]["figures"] == {"loss": None}
