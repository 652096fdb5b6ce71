"""An engine and its sidecar, broken in fifty ways and more: each is one sentence, or changes nothing."""

import json
import random

import pytest

from detector.engines import sidecar
from detector.engines.artifact import open_artifact
from detector.engines.runtimes import LIBRARIES
from detector.errors import DetectorError
from detector.stages.export import onnx
from tests.support import tiny
from tests.support.jobs import job


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An engine and its sidecar, as bytes."""
    folder = tmp_path_factory.mktemp("whole")
    weights = tiny.weights(folder / "train")
    work = job(folder, onnx.Options(), train=weights.parent.parent, convert=tiny.dataset(folder).folder)
    onnx.run(work)
    engine = work.folder / "blood.onnx"
    return engine.read_bytes(), sidecar.place(engine).read_bytes()


@pytest.fixture
def engine(whole, tmp_path):
    file = tmp_path / "blood.onnx"
    file.write_bytes(whole[0])
    sidecar.place(file).write_bytes(whole[1])
    return file


def refused(engine):
    with pytest.raises(DetectorError) as caught:
        open_artifact(engine)
    said = str(caught.value)
    assert "\n" not in said
    assert engine.name in said
    assert "detector run --force export" in said
    return said


def test_what_is_whole_is_loaded(engine):
    opened = open_artifact(engine)
    assert opened.sidecar.made_from.classes == tiny.CLASSES
    assert opened.detector.size == (96, 96)
    moved = engine.rename(engine.with_name("other.onnx"))
    sidecar.place(engine).rename(sidecar.place(moved))
    assert open_artifact(moved).sidecar == opened.sidecar


@pytest.mark.parametrize("seed", range(60))
def test_a_byte_that_was_changed_is_said(engine, seed):
    chance = random.Random(seed)
    file = engine if seed % 3 == 0 else sidecar.place(engine)
    content = bytearray(file.read_bytes())
    at = chance.randrange(len(content))
    match seed % 4:
        case 0:
            content[at] ^= 1 << chance.randrange(8)
        case 1:
            content[at:at] = bytes([chance.randrange(256)])
        case 2:
            del content[at : at + chance.randrange(1, 9)]
        case _:
            del content[at:]
    file.write_bytes(content)
    refused(engine)


VALUES = [None, True, -1, 0, 10**400, 1e308, "", "\ud800", "x" * 100_000, [], {}, [[[]]], {"a": {"b": []}}]


@pytest.mark.parametrize("seed", range(60))
def test_a_value_that_is_another_is_said(engine, seed):
    chance = random.Random(seed)
    told = json.loads(sidecar.place(engine).read_bytes())
    inside = told
    while isinstance(inside, dict | list) and inside:
        key = chance.choice(list(inside) if isinstance(inside, dict) else range(len(inside)))
        below = inside[key]
        if not isinstance(below, dict | list) or not below or chance.random() < 0.3:
            break
        inside = below
    inside[key] = chance.choice([value for value in VALUES if value != below])
    sidecar.place(engine).write_text(json.dumps(told))
    refused(engine)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no sidecar of an engine"),
        (b"\xff\xfe", "is no sidecar of an engine"),
        (b"[" * 200_000, "is no sidecar of an engine"),
        (b"null", "is no sidecar of an engine"),
        (b"{}", "is no sidecar of an engine: engine: "),
        (b'{"schema": 3}', "is no sidecar of an engine: schema: "),
    ],
)
def test_what_is_no_sidecar(engine, content, said):
    sidecar.place(engine).write_bytes(content)
    assert said in refused(engine)


def test_what_is_not_there(engine):
    sidecar.place(engine).unlink()
    assert "is missing, and without it nothing is known of the engine" in refused(engine)
    sidecar.place(engine).mkdir()
    assert "can't be read" in refused(engine)


def test_an_engine_that_is_gone(engine):
    engine.unlink()
    assert "blood.onnx is missing" in refused(engine)
    engine.mkdir()
    assert "can't be read" in refused(engine)


def rewritten(engine, **changes):
    """A whole sidecar that says something else."""
    made_from = sidecar.checked(engine).made_from
    sidecar.write(engine, made_from.model_copy(update=changes), None)


def test_a_newer_library_built_it(engine):
    rewritten(engine, library="99.1.0")
    assert "was built by ONNX Runtime 99.1.0, and this machine has " in refused(engine)
    rewritten_again = "0.9"
    sidecar.write(engine, sidecar.Sidecar.model_validate_json(sidecar.place(engine).read_bytes()).made_from.model_copy(
        update={"library": rewritten_again}), None)  # fmt: skip
    open_artifact(engine)


def test_its_runtime_is_not_here(engine, monkeypatch):
    from detector.engines import runtimes

    monkeypatch.setattr(runtimes, "version_of", lambda _: None)
    with pytest.raises(DetectorError, match=r"is run by ONNX Runtime, which is not installed: pip install .* -e \.$"):
        open_artifact(engine)


@pytest.mark.parametrize("runtime", sorted({*LIBRARIES} - {"tensorrt_rtx"}))
def test_bytes_that_are_no_network_are_one_sentence(engine, runtime):
    """The sidecar belongs to them: whoever made it made a mistake."""
    pytest.importorskip({"onnx": "onnxruntime", "torchscript": "torch"}.get(runtime, runtime))
    made_from = sidecar.checked(engine).made_from.model_copy(update={"runtime": runtime, "library": "0"})
    engine.write_bytes(b"no network at all")
    sidecar.write(engine, made_from, None)
    assert f"can't be loaded by {runtime}: " in refused(engine)
