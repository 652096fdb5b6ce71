"""Real engines, built by the library itself. Whether they run is tested where there is a GPU for them."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from pydantic import ValidationError

from detector.data.trained import Trained
from detector.errors import DetectorError, GateRefused
from detector.stages.export import tensorrt_rtx
from detector.stages.export._targets import CAPABILITIES, Batch
from tests.support import tiny
from tests.support.jobs import job

pytest.importorskip("tensorrt_rtx", reason="this machine has no TensorRT for RTX")
without_gpu = pytest.mark.skipif(bool(shutil.which("nvidia-smi")), reason="this machine has an NVIDIA GPU")
ANY = {"box": 1e6, "score": 1, "mask": 1}  # random weights have no accuracy that half precision could keep
ONE = Batch.model_validate(1)
PORTABLE = "built for compute capability 8.0, 8.6, 8.9, 12.0 and later"


def untrained(folder, architecture, **options):
    """A job on untrained weights."""
    train = folder / "train"
    if not train.exists():
        tiny.weights(train, architecture)
        tiny.dataset(folder)
    given = tensorrt_rtx.Options(**options)
    return job(folder / given.variant, given, train=train, convert=folder / "0123456789ab")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A detect export in fp32, and the job that gave it."""
    made = untrained(tmp_path_factory.mktemp("exported"), "yolo11n", precision="fp32")
    return tensorrt_rtx.run(made), made


@pytest.fixture
def engine(exported, tmp_path):
    """A copy of that engine and its sidecar, for tests that break them."""
    for file in exported[0].artifacts["export/tensorrt_rtx-fp32"][:2]:
        shutil.copy(file, tmp_path)
    return tmp_path / "blood-fp32.rtx.engine"


def sidecar_of(engine):
    return Path(f"{engine}.json")


def read(engine):
    return json.loads(sidecar_of(engine).read_text())


@without_gpu
def test_the_summary_says_what_is_true(exported):
    result, made = exported
    assert result.summary.startswith("blood-fp32.rtx.engine, ")
    assert result.summary.endswith(f" MB, fp32: {PORTABLE}; not run on this machine")
    [note] = result.notes
    assert note.startswith("its graph, on the processor: boxes within ")
    assert note.endswith(" of the checkpoint's, on 3 pictures")
    assert result.figures["difference/box"] < 0.2
    assert result.figures["megabytes"] == (made.folder / "blood-fp32.rtx.engine").stat().st_size / 1e6


def test_it_leaves_the_engine_and_what_its_users_need(exported):
    result, made = exported
    files = ["blood-fp32.rtx.engine", "blood-fp32.rtx.engine.json", "blood-fp32.rtx.onnx", "tensorrt-rtx.log"]
    files += ["labels.txt", "parity.json"]
    assert [file.name for file in result.artifacts["export/tensorrt_rtx-fp32"]] == files
    assert sorted(file.name for file in made.folder.iterdir()) == sorted([*files, "ultralytics.log"])


def test_the_sidecar_says_what_the_engine_can_not(exported):
    _, made = exported
    told = read(made.folder / "blood-fp32.rtx.engine")
    trained = Trained(made.inputs["train"].path).made_from
    assert told["schema"] == 2
    from_ = told["made_from"]
    assert (from_["weights"], from_["dataset"], from_["classes"]) == (trained.fingerprint, "0123456789ab", tiny.CLASSES)
    assert (from_["task"], from_["precision"], from_["compute_capabilities"]) == ("detect", "fp32", None)
    assert from_["batch"] == {"min": 1, "optimum": 1, "max": 1}
    assert from_["library"] == sys.modules["tensorrt_rtx"].__version__
    assert from_["input"] == {
        "name": "images", "shape": [1, 3, 96, 96], "type": "float32", "layout": "batch, channels, height, width",
    }  # fmt: skip
    assert [(each["name"], each["shape"]) for each in from_["outputs"]] == [("output0", [1, 6, 189])]
    assert from_["preprocessing"] == {"channels": "RGB", "resize": "letterbox", "padding": 114, "divide_by": 255}
    from detector.engines.sidecar import file_of

    assert told["engine"] == file_of(made.folder / "blood-fp32.rtx.engine").model_dump()
    assert from_["onnx"] == file_of(made.folder / "blood-fp32.rtx.onnx").model_dump()


def test_the_builders_own_words_are_in_its_log(exported):
    log = (exported[1].folder / "tensorrt-rtx.log").read_text()
    assert "INFO: Detected 1 inputs and 1 output network tensors." in log
    assert "INFO: Engine generation completed in " in log
    assert "VERBOSE" not in log


@pytest.mark.parametrize(
    ("architecture", "options", "shapes"),
    [
        ("yolo26n", {"batch": [1, 4], "tolerance": ANY}, [[-1, 6, 189]]),
        ("yolo26n-seg", {"precision": "fp32", "batch": 2}, [[2, 38, 189], [2, 32, 24, 24]]),
        (
            "yolo11n-seg",
            {"precision": "fp32", "batch": {"min": 1, "optimum": 2, "max": 4}, "compute_capabilities": [12.0, 8.6]},
            [[-1, 38, 189], [-1, 32, 24, 24]],
        ),
    ],
    ids=["detect-ranged-fp16", "segment-fixed", "segment-ranged"],
)
def test_every_kind_of_engine_is_built(tmp_path, architecture, options, shapes):
    made = untrained(tmp_path, architecture, **options)
    result = tensorrt_rtx.run(made)
    engine = result.artifacts[f"export/{made.options.variant}"][0]
    assert engine.read_bytes()[:8] == b"vtrt\0\0\0\0"
    from_ = read(engine)["made_from"]
    assert sorted(each["shape"] for each in from_["outputs"]) == sorted(shapes)
    assert {each["type"] for each in [from_["input"], *from_["outputs"]]} == {"float32"}
    for_which = "8.6, 12.0" if "compute_capabilities" in options else "8.0, 8.6, 8.9, 12.0 and later"
    assert f"built for compute capability {for_which}; " in f"{result.summary}; "
    graph = engine.with_suffix(".onnx")
    halves = {weights.data_type for weights in onnx.load(graph).graph.initializer if len(weights.dims) == 4}
    assert halves == {onnx.TensorProto.FLOAT if "precision" in options else onnx.TensorProto.FLOAT16}
    several_pictures_are_as_good_as_one(graph, from_["batch"])


def several_pictures_are_as_good_as_one(graph, batch):
    """Each size of batch gives each picture the same answer."""
    import onnxruntime

    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    pictures = np.random.default_rng(0).random((batch["max"], 3, 96, 96), np.float32)
    together = session.run(None, {"images": pictures})
    turned = session.run(None, {"images": pictures[::-1].copy()})
    for mine, theirs in zip(together, turned, strict=True):
        np.testing.assert_allclose(mine, theirs[::-1], rtol=0.02, atol=0.1)
    if batch["min"] == 1 < batch["max"]:
        np.testing.assert_allclose(session.run(None, {"images": pictures[:1]})[0], together[0][:1], rtol=0.02, atol=0.1)


def test_half_precision_is_held_to_its_limits(trained, tmp_path):
    """Weights that have learned something: a network to detect, and one to segment."""
    given = {"train": trained.result, "convert": trained.converted}
    result = tensorrt_rtx.run(job(tmp_path, tensorrt_rtx.Options(), **given))
    told = json.loads((tmp_path / "step/parity.json").read_text())
    assert 0 < told["differences"]["box"] <= told["limits"]["box"] == 2
    assert ("mask" in told["differences"]) is (trained.task == "segment")
    assert result.summary.startswith("blood.rtx.engine, ")
    assert read(tmp_path / "step/blood.rtx.engine")["made_from"]["precision"] == "fp16"


def test_a_graph_that_lost_accuracy_is_refused_before_an_engine_is_built(exported):
    first = exported[1]
    given = tensorrt_rtx.Options(tolerance={"box": 1e-6})
    made = job(first.folder / "strict", given, train=first.inputs["train"], convert=first.inputs["convert"])
    with pytest.raises(GateRefused, match=r"tensorrt_rtx lost accuracy: box differs by .* \(the limit is 1e-06\)"):
        tensorrt_rtx.run(made)
    assert sorted(file.name for file in made.folder.iterdir()) == ["blood.rtx.onnx", "parity.json", "ultralytics.log"]


def test_the_same_weights_give_the_same_recipe_and_the_same_graph(exported):
    """The bytes of the engine may differ: the library numbers its tensors as chance has it."""
    first = exported[1]
    made = job(first.folder / "again", first.options, train=first.inputs["train"], convert=first.inputs["convert"])
    tensorrt_rtx.run(made)
    graphs = [(folder / "blood-fp32.rtx.onnx").read_bytes() for folder in (first.folder, made.folder)]
    assert graphs[0] == graphs[1]
    mine, theirs = (read(folder / "blood-fp32.rtx.engine") for folder in (first.folder, made.folder))
    assert mine["recipe"] == theirs["recipe"]
    assert mine["engine"]["bytes"] == theirs["engine"]["bytes"]


def unknown_operator(model):
    model.graph.node[3].op_type = "Frobnicate"


def no_weights(model):
    del model.graph.initializer[2]


def no_output(model):
    del model.graph.output[:]


def any_batch(model):
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"


def changed(change):
    def broken(content):
        model = onnx.load_model_from_string(content)
        change(model)
        return model.SerializeToString()

    return broken


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda content: content[: len(content) // 2], "can't read broken.onnx: .*Failed to parse the ONNX model"),
        (lambda _: b"no protobuf at all", "broken.onnx: "),
        (lambda _: b"", "can't build an engine from broken.onnx: .*Network must have at least one output"),
        (changed(unknown_operator), r"can't read broken.onnx: .*\(node /model\..*, Frobnicate\)"),
        (changed(no_weights), r"can't read broken.onnx: .*Node input was not registered.*, Conv\)"),
        (changed(no_output), "can't build an engine from broken.onnx: .*Network must have at least one output"),
        (changed(any_batch), "can't build an engine from broken.onnx: .*no optimization profile has been defined"),
    ],
    ids=["cut", "text", "empty", "operator", "weights", "output", "dynamic"],
)
def test_a_broken_graph_is_one_sentence(exported, tmp_path, broken, said):
    from detector.stages.export._rtx import build

    graph = tmp_path / "broken.onnx"
    graph.write_bytes(broken((exported[1].folder / "blood-fp32.rtx.onnx").read_bytes()))
    with pytest.raises(DetectorError, match=said) as caught:
        build(graph, ONE, None, tmp_path / "log")
    assert "\n" not in str(caught.value)
    assert "/_src/" not in str(caught.value)
    assert str(tmp_path / "log") in str(caught.value)


def test_a_kind_of_gpu_that_this_network_does_not_fit(exported, tmp_path):
    from detector.stages.export._rtx import build

    said = r"for Turing \(SM75\): FP32 GEMM is not supported\)\. Turing takes most networks in `precision: fp16` only"
    with pytest.raises(DetectorError, match=said):
        build(exported[1].folder / "blood-fp32.rtx.onnx", ONE, [7.5, 8.6], tmp_path / "log")


def flip(engine):
    content = bytearray(engine.read_bytes())
    content[len(content) // 2] ^= 1
    engine.write_bytes(content)


def edit(change):
    def edited(engine):
        told = read(engine)
        change(told)
        sidecar_of(engine).write_text(json.dumps(told))

    return edited


def of_another_version(engine):
    """A whole sidecar, as an earlier version of the library would have left it."""
    from detector.engines import sidecar

    made_from = sidecar.Sidecar.model_validate(read(engine)).made_from
    sidecar.write(engine, made_from.model_copy(update={"library": "1.4.0.76"}), None)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (flip, "is not the engine that its sidecar describes: its SHA-256 begins with "),
        (lambda engine: engine.write_bytes(engine.read_bytes()[:-1]), "is not the engine that its sidecar describes"),
        (lambda engine: engine.write_bytes(b""), "is not the engine that its sidecar describes"),
        (Path.unlink, "engine is missing"),
        (lambda engine: sidecar_of(engine).unlink(), "json is missing, and without it nothing is known of the engine"),
        (
            lambda engine: sidecar_of(engine).write_bytes(b"\xff\0"),
            "is no sidecar of an engine: the file: Invalid JSON",
        ),
        (lambda engine: sidecar_of(engine).write_text("[]"), "is no sidecar of an engine: the file: "),
        (edit(lambda told: told.update(schema=1)), "is no sidecar of an engine: schema: "),
        (edit(lambda told: told["made_from"].pop("weights")), "is no sidecar of an engine: made_from.weights: "),
        (edit(lambda told: told["engine"].update(sha256="0" * 64)), "was changed after it was written"),
        (edit(lambda told: told["engine"].update(bytes=7)), "was changed after it was written"),
        (edit(lambda told: told["made_from"]["classes"].reverse()), "was changed after it was written"),
        (edit(lambda told: told["made_from"].update(library="1.8.0.1")), "was changed after it was written"),
        (
            edit(lambda told: told["made_from"]["input"].update(shape=[1, 3, 64, 64])),
            "was changed after it was written",
        ),
        (edit(lambda told: told.update(recipe="")), "was changed after it was written"),
        (
            of_another_version,
            r"was built by TensorRT for RTX 1\.4\.0\.76 and runs in no other version; this machine has",
        ),
    ],
)
def test_what_does_not_match_is_not_loaded(engine, broken, said):
    from detector.engines.tensorrt_rtx import Engine

    broken(engine)
    with pytest.raises(DetectorError, match=said) as caught:
        Engine(engine, engine.with_name("log"))
    assert "\n" not in str(caught.value)
    assert "detector run --force export" in str(caught.value)


@without_gpu
def test_an_engine_that_matches_is_given_to_the_library_which_wants_a_gpu(engine):
    from detector.engines.tensorrt_rtx import Engine

    with pytest.raises(DetectorError, match=r"can't be loaded on this machine: .*CUDA driver version is insufficient"):
        Engine(engine, engine.with_name("log"))


@without_gpu
def test_predict_takes_an_engine_and_says_that_it_wants_a_gpu(engine):
    from detector.inference.predictors import predictor

    with pytest.raises(DetectorError) as refused:
        predictor(engine, 0.5, engine.with_name("log"))
    assert str(refused.value) == (
        f"{engine} runs on an NVIDIA GPU (compute capability 8.0, 8.6, 8.9, 12.0 and later), and this machine has "
        "none; the ONNX file of the same run runs on any: --using onnx"
    )


def test_why_an_engine_does_not_fit_is_said_by_the_librarys_own_code(tmp_path):
    from detector.stages.export._rtx_run import misfit, reasons_in_words

    (tmp_path / "none.engine").write_bytes(b"no engine")
    assert misfit(tmp_path / "none.engine", tmp_path / "log") == "MALFORMED_ENGINE"
    assert reasons_in_words(2 | 4) == "UNSUPPORTED_CC, OLD_CUDA_DRIVER"


def test_the_compute_capabilities_are_those_of_the_library():
    import tensorrt_rtx as library

    known = [int(each.value) / 10 for name, each in library.ComputeCapability.__members__.items() if name[:2] == "SM"]
    assert tuple(known) == CAPABILITIES


@pytest.mark.parametrize(
    ("options", "variant"),
    [
        ({}, "tensorrt_rtx"),
        ({"precision": "fp32"}, "tensorrt_rtx-fp32"),
        ({"batch": 8}, "tensorrt_rtx-batch-8"),
        ({"batch": [1, 16]}, "tensorrt_rtx-batch-1-16"),
        ({"batch": {"min": 1, "max": 16}}, "tensorrt_rtx-batch-1-16"),
        ({"batch": {"min": 1, "optimum": 8, "max": 16}}, "tensorrt_rtx-batch-1-8-16"),
        ({"compute_capabilities": [8.6, 7.5, 8.6]}, "tensorrt_rtx-compute-capabilities-7.5-8.6"),
        ({"without_library": "skip", "tolerance": {"box": 1}}, "tensorrt_rtx"),
    ],
)
def test_exports_side_by_side_are_told_apart_by_what_they_make(options, variant):
    assert tensorrt_rtx.Options(**options).variant == variant


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"batch": [16, 1]}, "a range goes from few to many"),
        ({"batch": {"min": 4, "optimum": 2, "max": 8}}, "a range goes from few to many"),
        ({"batch": 0}, "greater than 0"),
        ({"batch": "many"}, "is a number of pictures, or a range"),
        ({"batch": [1, 2, 3]}, "is a number of pictures, or a range"),
        ({"compute_capabilities": [9.0]}, "9 is no compute capability to build for; there is 7.5, 8.0, 8.6"),
        ({"compute_capabilities": []}, "names no compute capability; leave it out"),
    ],
)
def test_options_that_no_engine_could_be_built_with(options, said):
    with pytest.raises(ValidationError, match=said):
        tensorrt_rtx.Options(**options)


class TestWithoutTheLibrary:
    """On a machine that its wheels are not for."""

    @pytest.fixture(autouse=True)
    def _missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "tensorrt_rtx", None)

    def test_it_is_skipped_with_the_reason(self, exported):
        made = job(exported[1].folder, tensorrt_rtx.Options(without_library="skip"))
        result = tensorrt_rtx.run(made)
        assert result.figures == {"skipped": 1}
        assert result.summary.startswith("skipped: TensorRT for RTX is not installed: on x86-64 Linux or Windows, pip ")
        assert result.artifacts == {}

    def test_it_fails_where_it_was_asked_for(self, exported):
        with pytest.raises(DetectorError, match="To go on without an engine, set `without_library: skip`"):
            tensorrt_rtx.run(job(exported[1].folder, tensorrt_rtx.Options()))


@pytest.mark.gpu
@pytest.mark.skipif(not shutil.which("nvidia-smi"), reason="this machine has no NVIDIA GPU")
def test_on_a_gpu_it_is_run_and_held_to_the_same_limits(tmp_path):
    from detector.stages.export._rtx_run import gpu, misfit

    made = untrained(tmp_path, "yolo26n-seg", precision="fp32")
    result = tensorrt_rtx.run(made)
    why = misfit(made.folder / "blood-fp32.rtx.engine", tmp_path / "log")
    if why is not None:
        assert result.summary.endswith(f"; does not fit the {gpu()} of this machine: {why}")
        return
    told = json.loads((made.folder / "parity-engine.json").read_text())
    assert told["pictures"] == 3
    assert result.figures["engine/difference/box"] == told["differences"]["box"]
    assert result.figures["milliseconds"] > 0
