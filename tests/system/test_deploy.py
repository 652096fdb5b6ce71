"""compose.yaml and deploy/: each file by the schema or the parser of the program that reads it."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from detector.cli.main import commands

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
VARIABLE = re.compile(r"\$\{(\w+)(:\?|:-)?")


def checked(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("schema", "file"), [("compose-spec", "compose.yaml"), ("github-workflows", "deploy/github-actions.yaml")]
)
def test_a_file_is_as_its_schema_says(schema, file):
    checked(BIN / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", file)


def test_kubernetes_would_take_the_manifests():
    checked(BIN / "kubernetes-validate", "--strict", *sorted(DEPLOY.glob("kubernetes/*.yaml")))


def test_no_password_has_a_default_and_each_variable_is_in_the_example():
    text = (ROOT / "compose.yaml").read_text()
    example = dict(re.findall(r"^#?(\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    used = dict(VARIABLE.findall(text))
    assert used.keys() == example.keys()
    secret = {name for name in used if re.search("PASSWORD|TOKEN|SECRET|KEY|USERNAME", name)}
    assert {used[name] for name in secret} == {":?"}
    assert not any(example[name] for name in secret)


def test_ports_are_open_on_this_machine_alone_and_each_service_says_how_it_is():
    for name, service in COMPOSE["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        assert [*service["networks"]] == ["detector"], name
        assert "healthcheck" in service or service.get("restart") in {"no", "on-failure"}, name
    kept = {volume.partition(":")[0] for each in COMPOSE["services"].values() for volume in each.get("volumes", [])}
    assert kept - {"${PROJECT"} == COMPOSE["volumes"].keys()


def test_images_have_a_version_and_mlflow_is_the_one_that_is_tried_here():
    for name, service in COMPOSE["services"].items():
        assert "build" in service or re.search(r":\d", service["image"]), name
    pinned = {line for file in ("constraints.txt", "constraints-label-studio.txt") for line in _pins(ROOT / file)}
    [mlflow] = re.findall(r"mlflow==[\d.]+", COMPOSE["services"]["mlflow"]["build"]["dockerfile_inline"])
    assert mlflow in pinned
    assert f"label-studio=={COMPOSE['services']['label-studio']['image'].partition(':')[2]}" in pinned


def _pins(file):
    return file.read_text().split()


def _commands_of_detector():
    """Every line of arguments that detector is started with in these files."""
    for service in COMPOSE["services"].values():
        if service["image"] == "detector" and "command" in service:
            yield service["command"]
    for file in DEPLOY.glob("kubernetes/*.yaml"):
        yield from (each["args"] for each in _containers(yaml.safe_load_all(file.read_text())))
    for file in [*DEPLOY.glob("systemd/*.service"), DEPLOY / "crontab", DEPLOY / "github-actions.yaml"]:
        for line in re.findall(r"detector (run .*|status.*)", file.read_text()):
            yield re.split(r" >+ ", line)[0].split()


def _containers(node):
    if isinstance(node, dict):
        yield from node.get("containers", [])
        node = list(node.values())
    if isinstance(node, list) or hasattr(node, "__next__"):
        for each in node:
            yield from _containers(each)


@pytest.mark.parametrize("arguments", list(_commands_of_detector()), ids=" ".join)
def test_detector_knows_what_it_is_started_with(arguments, tmp_path):
    name, *rest = (each.replace("/var/lib/prometheus/node-exporter", str(tmp_path)) for each in arguments)
    command = commands.commands[name]
    options = {option for each in command.params for option in each.opts}
    assert {each for each in rest if each.startswith("--")} <= options
    command.make_context(name, list(rest))


def test_label_studio_would_take_the_address_of_each_listener():
    """And call it, and the model: they have no public address."""
    asked = [arguments for arguments in _commands_of_detector() if "--register" in arguments]
    hosts = [urlsplit(arguments[arguments.index("--register") + 1]).hostname for arguments in asked]
    assert len(hosts) == 2
    assert all("." in host for host in hosts)
    assert hosts[0] in COMPOSE["services"]["listen"]["networks"]["detector"]["aliases"]
    environment = COMPOSE["services"]["label-studio"]["environment"]
    wanted = ("LABEL_STUDIO_SSRF_PROTECTION_ENABLED", "LABEL_STUDIO_ML_BLOCK_LOCAL_IP")
    assert [environment[name] for name in wanted] == ["false", "false"]


def test_systemd_reads_the_units(tmp_path):
    """But for the program, which is not at that place here."""
    for unit in DEPLOY.glob("systemd/*"):
        text = re.sub(r"/opt/detector/bin/detector", "/bin/true", unit.read_text())
        (tmp_path / unit.name).write_text(text)
    try:
        done = subprocess.run(
            ["systemd-analyze", "verify", *sorted(tmp_path.iterdir())], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("this machine has no systemd")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_crontab_goes_to_the_folder_and_reads_the_variables():
    [line] = [line for line in (DEPLOY / "crontab").read_text().splitlines() if re.match(r"[\d*]", line)]
    assert len(line.split()[:5]) == 5
    assert "cd /srv/detector && " in line
    assert ". /etc/detector.env && " in line
    checked("sh", "-n", "-c", line.split(maxsplit=5)[5])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_airflow_loads_the_dag(tmp_path):
    """By Airflow itself, in an environment of its own, which uv makes and keeps in its cache."""
    program = (
        "from airflow.dag_processing.dagbag import DagBag\n"
        f"bag = DagBag({str(DEPLOY / 'airflow.py')!r})\n"
        "assert not bag.import_errors, bag.import_errors\n"
        "print({name: [task.task_id for task in dag.tasks] for name, dag in bag.dags.items()})\n"
    )
    command = [
        BIN / "uv",
        "run",
        "--quiet",
        "--no-project",
        "--python",
        sys.executable,
        "--with",
        "apache-airflow==3.3.2",
    ]
    done = subprocess.run(
        [*command, "python", "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path,
        env=os.environ | {"AIRFLOW_HOME": str(tmp_path)},
    )  # fmt: skip
    assert "{'detector': ['run']}" in done.stdout, done.stdout + done.stderr
