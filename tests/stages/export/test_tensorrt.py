"""TensorRT: what can be known without a GPU is tested without one; the rest is marked gpu."""

import json
import shutil
from typing import ClassVar

import pytest

from detector.data.dataset import Dataset
from detector.errors import DetectorError
from detector.models.quiet import quietly
from detector.models.weights import load_model
from detector.stages.export import _calibration, _engine, tensorrt
from detector.stages.export._tolerance import limits
from tests.support import tiny
from tests.support.jobs import job

gpu = [pytest.mark.gpu, pytest.mark.skipif(not shutil.which("nvidia-smi"), reason="this machine has no NVIDIA GPU")]
without_gpu = pytest.mark.skipif(bool(shutil.which("nvidia-smi")), reason="this machine has an NVIDIA GPU")
PLAN = b"ftrt\x00\x00\x01{}" + bytes(range(256))


def trained(folder, **options):
    weights = tiny.weights(folder / "train")
    given = tensorrt.Options(**options)
    return job(folder, given, train=weights.parent.parent, convert=tiny.dataset(folder).folder)


def with_header(metadata, plan=PLAN):
    """As `onnx2engine` of Ultralytics writes it."""
    text = json.dumps(metadata)
    return len(text).to_bytes(4, byteorder="little", signed=True) + text.encode() + plan


@without_gpu
def test_without_a_gpu_it_is_skipped_with_the_reason(tmp_path):
    result = tensorrt.run(trained(tmp_path, without_gpu="skip"))
    assert result.figures == {"skipped": 1}
    assert result.summary == "skipped: no CUDA GPU on this machine"
    assert result.artifacts == {}


@without_gpu
def test_without_a_gpu_it_fails_unless_told_otherwise(tmp_path):
    with pytest.raises(
        DetectorError, match=r"no CUDA GPU on this machine\. To go on without one, set `without_gpu: skip`"
    ):
        tensorrt.run(trained(tmp_path))


@without_gpu
def test_the_state_of_a_machine_without_gpu_is_empty(tmp_path):
    assert tensorrt.look(tensorrt.Options(), tmp_path).state == ""


@pytest.mark.parametrize("metadata", [{}, {"names": {"0": "größe", "1": "}"}, "imgsz": [96, 96]}])
def test_the_header_is_stripped_where_ultralytics_finds_it(tmp_path, metadata):
    from ultralytics.nn.backends.base import BaseBackend

    engine = tmp_path / "blood.engine"
    engine.write_bytes(with_header(metadata))
    offset, read = BaseBackend.engine_header(engine)
    assert (read, engine.read_bytes()[offset:]) == (metadata, PLAN)
    plan = _engine.write_plan(engine)
    assert plan.name == "blood.plan"
    assert plan.read_bytes() == PLAN


@pytest.mark.parametrize("plan", [PLAN, b"", b"\x02\x00\x00\x00{", b"\x04\x00\x00\x00{abc plan", b"\xff\xff\xff\xff{}"])
def test_a_plan_without_header_stays_as_it_is(plan):
    assert _engine.without_header(plan) == plan


def test_int8_is_calibrated_on_training_images_of_this_version(tmp_path):
    """The exporter's own loader, with the arguments that we give it."""
    from ultralytics.engine.exporter import Exporter

    made = trained(tmp_path, precision="int8")
    calibration = _calibration.calibration(Dataset(made.inputs["convert"].path))
    with quietly(tmp_path / "log"):
        exporter = Exporter(overrides={"format": "engine", "batch": 1, "mode": "export", **calibration})
        exporter.model = load_model(made.inputs["train"].path / "weights/best.pt").model
        exporter.imgsz = [96, 96]
        files = [file for batch in exporter.get_int8_calibration_dataloader() for file in batch["im_file"]]
    folder = made.inputs["convert"].path / "images/train"
    assert sorted(files) == sorted(str(file) for file in folder.iterdir())


def test_lower_precision_may_differ_more_and_a_person_may_say_how_much():
    assert limits(tensorrt.Options().tolerance, "fp32")["box"] < limits(tensorrt.Options().tolerance, "int8")["box"]
    given = tensorrt.Options(tolerance={"box": 3}).tolerance
    assert limits(given, "int8") == {"box": 3, "score": 0.25, "mask": 0.1}


class TestOnAGpu:
    """The whole path, at every precision."""

    pytestmark: ClassVar = gpu

    @pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
    def test_an_engine_is_as_good_as_the_checkpoint(self, tmp_path, precision):
        tensorrt_runtime = pytest.importorskip("tensorrt")
        # random weights have no accuracy to lose at int8: only that it runs and is compared
        tolerance = {"box": 1e6, "score": 1.0} if precision == "int8" else {}
        made = trained(tmp_path, precision=precision, tolerance=tolerance)
        result = tensorrt.run(made)
        assert result.figures["difference/box"] >= 0
        assert sorted(file.suffix for file in result.artifacts["export/tensorrt"]) == [
            ".engine",
            ".json",
            ".plan",
            ".txt",
        ]
        runtime = tensorrt_runtime.Runtime(tensorrt_runtime.Logger(tensorrt_runtime.Logger.ERROR))
        assert runtime.deserialize_cuda_engine((made.folder / "blood.plan").read_bytes()) is not None
