"""What `triton: true` writes, read by Triton's own schema, which comes with its client in an environment of its own."""

import json
import subprocess
import venv
from pathlib import Path

import onnxruntime
import pytest

from detector.stages import load
from tests.stages.export.test_exporters import made, untrained
from tests.support import tiny

CLIENT = "tritonclient[grpc]==2.73.0"
READ = """
import json, sys
from google.protobuf import json_format, text_format
from tritonclient.grpc import model_config_pb2
config = text_format.Parse(open(sys.argv[1], encoding="utf-8").read(), model_config_pb2.ModelConfig())
print(json.dumps(json_format.MessageToDict(config, preserving_proto_field_name=True)))
"""


@pytest.fixture(scope="module")
def python():
    """An interpreter that has Triton's client."""
    folder = Path(__file__).parents[3] / ".cache" / "triton"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run([folder / "bin/pip", "install", "-q", CLIENT], capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"{CLIENT} can't be installed here")
        (folder / "ready").touch()
    return folder / "bin" / "python"


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"dynamic": True}, {"half": True}, {"head": "nms"}], ids=str)
@pytest.mark.parametrize("architecture", ["yolo11n", "yolo11n-seg"])
def test_a_repository_is_what_triton_reads_and_what_the_file_takes(options, architecture, python, tmp_path):
    work = made(untrained(tmp_path, architecture), "onnx", triton=True, **options)
    result = load("export", "onnx").run(work)
    [file] = work.folder.glob("*.onnx")
    folder = work.folder / "triton" / file.stem
    printed = subprocess.run([python, "-c", READ, folder / "config.pbtxt"], capture_output=True, text=True, check=True)
    config = json.loads(printed.stdout)
    assert (config["name"], config["backend"]) == (file.stem, "onnxruntime")
    session = onnxruntime.InferenceSession(folder / "1/model.onnx", providers=["CPUExecutionProvider"])
    batched = "dynamic" in options
    assert config.get("max_batch_size", 0) == (8 if batched else 0)
    assert ("dynamic_batching" in config) is batched
    for side, tensors in (("input", session.get_inputs()), ("output", session.get_outputs())):
        assert [each["name"] for each in config[side]] == [tensor.name for tensor in tensors]
        for each, tensor in zip(config[side], tensors, strict=True):
            shape = [size if isinstance(size, int) else -1 for size in tensor.shape]
            assert [int(size) for size in each["dims"]] == shape[batched:]
            assert each["data_type"] == {"tensor(float)": "TYPE_FP32", "tensor(float16)": "TYPE_FP16"}[tensor.type]
    assert (folder / "labels.txt").read_text(encoding="utf-8").split("\n")[:-1] == tiny.CLASSES
    places = {f"{place}/{each.name}" for place, files in result.artifacts.items() for each in files}
    below = f"export/{work.options.variant}/triton/{file.stem}"
    assert {f"{below}/config.pbtxt", f"{below}/labels.txt", f"{below}/1/model.onnx"} <= places
