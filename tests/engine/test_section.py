"""The section `engine` of pipeline.yaml: its faults, and that it shapes nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from detector.config.load import load
from detector.config.sections import options_of
from detector.engine import names
from detector.errors import ConfigError
from detector.orchestrator.fingerprint import ingredients
from detector.orchestrator.studied import key_of
from detector.stages import Result
from detector.terms import STAGES
from tests.end_to_end.conftest import detector
from tests.support.tuning import PIPELINE


@pytest.fixture
def pipeline(tmp_path):
    file = tmp_path / "pipeline.yaml"
    file.write_text(PIPELINE)
    return file


@pytest.mark.parametrize("using", names())
def test_what_an_engine_says_is_in_no_key(pipeline, using):
    here = load(pipeline)
    elsewhere = replace(here, engine=options_of("engine", using)(workers=7))
    results = {stage: Result(Path(stage), "1", "") for stage in STAGES}
    assert key_of(here, results["convert"]) == key_of(elsewhere, results["convert"])
    for step in here.steps:
        assert ingredients(step, here, results, None) == ingredients(step, elsewhere, results, None)
    assert f"using: {using}" in elsewhere.resolved()
    assert "engine:" not in here.resolved()


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("{using: rey}", "engine.using: no backend 'rey'; there is ray | slurm; did you mean ray?"),
        ("{workers: 3}", "engine.using: is missing; there is ray | slurm"),
        ("{using: ray, address: head}", "engine.address: is HOST:PORT, or auto"),
        ("{using: slurm, gpu: 1}", "engine.gpu: unknown; did you mean gpus?"),
    ],
)
def test_a_fault_is_said_with_its_place(pipeline, said, fault):
    with pytest.raises(ConfigError) as raised:
        load(pipeline, [f"engine={said}"])
    assert str(raised.value) == f"{pipeline}: {fault}"


@pytest.mark.parametrize(("using", "title"), [("ray", "Ray"), ("slurm", "submitit")])
def test_what_is_not_installed_is_said_by_validate_and_refused_by_tune_alone(pipeline, using, title):
    """The environment of the tests has neither."""
    (pipeline.parent / "sample").mkdir()
    asked = ("--set", f"engine={{using: {using}}}")
    said = f"{title} is not installed: pip install -c constraints.txt -e '.[{using}]'"
    valid = detector(pipeline.parent, "validate", *asked)
    assert (valid.returncode, valid.stdout.splitlines()[-1]) == (0, f"{'engine':<19}  {said}")
    refused = detector(pipeline.parent, "tune", *asked)
    assert (refused.returncode, refused.stderr) == (2, f"engine.using: {said}\n")


def test_null_is_this_machine(pipeline):
    pipeline.write_text(f"{PIPELINE}engine: {{using: ray}}\n")
    assert load(pipeline, ["engine=null"]).engine is None
