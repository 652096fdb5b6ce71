"""pipeline.yaml: what is wrong is said all at once, where it stands, and how to mend it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from detector.commands.schema import schema
from detector.config.load import load
from detector.errors import ConfigError, UsageError, sentence
from detector.secrets import without_secrets
from tests.golden import matches

BROKEN = sorted(Path(__file__).parents[1].glob("golden/config/*.yaml"))
GOOD = """
name: cells
task: ${TASK:-detect}
classes: {RBC: [RBC, "Red cell"], WBC: }
pull: {using: label_studio, url: "http://localhost:8080", token: "${TOKEN}", project: 3}
train: {model: yolo26n.pt, epochs: 5}
"""


def _load(folder, text=GOOD, overrides=(), environment=None):
    (folder / "pipeline.yaml").write_text(text)
    return load(folder / "pipeline.yaml", overrides, environment or {"TOKEN": "s3cret"})


@pytest.mark.parametrize("broken", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_is_explained(broken):
    """Through the real entry point: the text is golden, the code is 2, and no traceback shows."""
    done = subprocess.run(
        [sys.executable, "-m", "detector", "validate", broken.name],
        cwd=broken.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    matches(broken.with_suffix(".txt"), done.stderr)


def test_variables_defaults_and_merged_classes(tmp_path):
    config = _load(tmp_path)
    assert config.task == "detect"
    assert config.classes == {"RBC": ("RBC", "Red cell"), "WBC": ("WBC",)}
    assert [step.name for step in config.steps] == [
        "pull", "convert", "check", "train", "evaluate", "export.onnx", "export.tensorrt_rtx",
        "promote",
    ]  # fmt: skip


def test_set_overrides_and_makes_what_is_missing(tmp_path):
    config = _load(tmp_path, overrides=["train.epochs=7", "convert.split.val=0.3", "classes=[A, B]"])
    options = {step.name: step.options for step in config.steps}
    assert options["train"].epochs == 7
    assert options["convert"].split.share("val") == 0.3
    assert list(config.classes) == ["A", "B"]


def test_a_value_that_is_nested_without_end_is_a_fault(tmp_path):
    with pytest.raises(UsageError) as refused:
        _load(tmp_path, overrides=[f"train.options={'[' * 20_000}{']' * 20_000}"])
    assert str(refused.value) == "--set train.options=…: the value is not YAML"
    with pytest.raises(UsageError) as refused:
        _load(tmp_path, overrides=[f"train.{'.'.join('a' * 20_000)}=1"])
    shown = f"train.{'a.' * 57}"
    assert str(refused.value) == f"--set {shown}…: nested too deeply, or too large, for a pipeline"


def test_a_long_line_is_shown_around_its_fault(tmp_path):
    options = ", ".join(f"lr{number}: 1" for number in range(900))
    with pytest.raises(ConfigError) as refused:
        _load(tmp_path, GOOD.replace("epochs: 5", f"options: {{{options}}}, epoch: 5, seed: 0"))
    [_, shown, mark] = str(refused.value).splitlines()[-3:]
    assert len(shown) <= 124
    assert shown[mark.index("^") :] == "epoch: 5, seed: 0}"


def test_a_file_that_is_too_large_is_no_pipeline(tmp_path):
    with pytest.raises(UsageError) as refused:
        _load(tmp_path, f"name: {'x' * 26_000_000}")
    assert str(refused.value) == (f"{tmp_path}/pipeline.yaml has 26,000,006 bytes; a pipeline has 1,000,000 at most")


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("seed=4294967296", "should be less than 4294967296"),
        ("image_size=99968", "should be less than or equal to 8192, not 99968"),
        ("epochs=1000000000000", "should be less than or equal to 1000000"),
    ],
)
def test_numbers_that_no_training_can_have_are_faults(tmp_path, setting, fault):
    with pytest.raises(ConfigError, match=fault):
        _load(tmp_path, overrides=[f"train.{setting}"])


def test_a_bad_override_is_a_fault_like_any_other(tmp_path):
    with pytest.raises(ConfigError, match=r"train\.epoch: unknown; did you mean epochs\?"):
        _load(tmp_path, overrides=["train.epoch=7"])
    with pytest.raises(UsageError, match=r"write it as --set train\.epochs=3"):
        _load(tmp_path, overrides=["train.epochs"])


def test_the_resolved_pipeline_holds_everything_but_secrets(tmp_path):
    config = _load(tmp_path)
    resolved = config.resolved()
    assert "s3cret" not in resolved
    assert "epochs: 5" in resolved
    assert "several_labels: fail" in resolved
    assert without_secrets("token s3cret-") == "token ***-"


def test_a_password_in_an_address_is_hidden(tmp_path):
    config = _load(tmp_path, GOOD + 'record: {uri: "postgresql://me:hunter2@db/mlflow"}\n')
    assert "hunter2" not in config.resolved()
    assert "postgresql://me:***@db/mlflow" in config.resolved()


@pytest.mark.parametrize(
    ("override", "name"),
    [
        ("pull.token=c4nary-1", "TOKEN"),
        ("pull.token=${TOKEN:-c4nary-1}", "TOKEN"),
        ("pull.token=${NONE:-c4nary-1}", "NONE"),
        ("pull.token=c4nary-1${EMPTY:-}", "EMPTY"),
        ("pull={using: label_studio, url: 'http://h', project: 1, token: c4nary-1}", "TOKEN"),
        ("notify={url: 'https://hooks.example.com/c4nary-1'}", "URL"),
        ("record.uri=postgresql://me:c4nary-1@db/x", "NAME"),
        ("record.uri=postgresql://db/x?password=c4nary-1", "NAME"),
    ],
)
def test_a_secret_in_clear_on_the_command_line_is_refused_with_the_way_out(tmp_path, override, name):
    with pytest.raises(ConfigError) as refused:
        _load(tmp_path, overrides=[override])
    told = sentence(refused.value)
    assert f"write ${{{name}}}" in told
    assert f"export {name}" in told
    assert "c4nary" not in told


@pytest.mark.parametrize("setting", ["pull.token=: c4nary: [", "pull.token.x=c4nary-1", "pull.tokens=${TOKEN"])
def test_what_can_not_be_set_is_not_repeated(tmp_path, setting):
    with pytest.raises(UsageError) as refused:
        _load(tmp_path, overrides=[setting])
    assert "c4nary" not in sentence(refused.value)


def test_a_variable_may_be_set_where_a_secret_goes(tmp_path):
    config = _load(
        tmp_path,
        overrides=["pull.token=${OTHER}", "record.uri=postgresql://me:${PW}@db/x"],
        environment={"TOKEN": "s3cret", "OTHER": "c4nary-o", "PW": "c4nary-p"},
    )
    assert config.steps[0].options.token.get_secret_value() == "c4nary-o"
    assert config.record.uri == "postgresql://me:c4nary-p@db/x"
    assert "c4nary" not in config.resolved()


@pytest.mark.parametrize(
    "uri",
    [
        "https://c4nary-alone@host",
        "http://me:c4nary-p@ss/c4nary-w@host",
        "postgresql://me:c4nary@db/x?password=c4nary-q",
        "https://host?token=c4nary-t",
    ],
)
def test_what_is_secret_in_an_address_is_hidden(tmp_path, uri):
    assert "c4nary" not in _load(tmp_path, GOOD + f'record: {{uri: "{uri}"}}\n').resolved()


@pytest.mark.parametrize("uri", ["me:c4nary-word@host/db", "ftp://me:c4nary-word@host", "sqlite://me:c4nary-word@x"])
def test_an_address_that_is_refused_is_not_repeated(tmp_path, uri):
    with pytest.raises(ConfigError) as refused:
        _load(tmp_path, GOOD + f'record: {{uri: "{uri}"}}\n')
    assert "c4nary" not in sentence(refused.value)


def test_the_schema_accepts_the_starter_and_refuses_a_typo():
    import yaml

    starter = yaml.safe_load((Path(__file__).parents[2] / "pipeline.yaml").read_text())
    validator = Draft202012Validator(schema())
    assert [error.message for error in validator.iter_errors(starter)] == []
    starter["train"]["epoch"] = 3
    assert any("epoch" in error.message for error in validator.iter_errors(starter))


def test_the_shortest_pipeline_is_four_keys(tmp_path):
    import yaml

    shortest = "name: cars\ntask: segment\nclasses: [car]\npull: {using: label_studio_export, path: export.json}\n"
    Draft202012Validator(schema()).validate(yaml.safe_load(shortest))
    (tmp_path / "pipeline.yaml").write_text(shortest)
    stages = [step.stage for step in load(tmp_path / "pipeline.yaml").steps]
    assert stages == ["pull", "convert", "check", "train", "evaluate", "export", "export", "promote"]


def test_the_starter_is_the_repositorys_own_pipeline():
    root = Path(__file__).parents[2]
    assert (root / "pipeline.yaml").read_text() == (root / "detector/sample/pipeline.yaml").read_text()


def test_validate_says_what_will_be_fetched(tmp_path):
    (tmp_path / "pipeline.yaml").write_text(GOOD)
    command = [sys.executable, "-m", "detector", "validate"]
    environment = os.environ | {"TOKEN": "x", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    remark = "yolo26n.pt is not on this machine: it is fetched once, from Ultralytics' releases on GitHub"
    told = f"{'train':<19}  {remark}"

    def lines():
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    assert told in lines()
    (tmp_path / "yolo26n.pt").touch()
    assert told not in lines()


def test_validate_and_help_are_light(tmp_path):
    """No heavy library is imported to judge a file: neither torch, nor what reads images or tables."""
    (tmp_path / "pipeline.yaml").write_text(GOOD)
    probe = (
        "import sys; sys.argv = ['detector', 'validate', '--json']\n"
        "from detector.cli import main\n"
        "try: main()\n"
        "finally: print([name for name in ('torch', 'numpy', 'pyarrow', 'mlflow', 'PIL') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=tmp_path, capture_output=True, text=True, check=False, env={"TOKEN": "x"}
    )
    told, imported = done.stdout.splitlines()
    assert json.loads(told)["status"] == "valid"
    assert imported == "[]"
