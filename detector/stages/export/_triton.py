"""A model repository for NVIDIA's Triton server, around an ONNX file.

triton/<name>/
    config.pbtxt     what goes in and out, as the ONNX file itself says; schema: Triton's model_config.proto
    labels.txt       the class names, by class id
    1/model.onnx     version 1
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from detector.errors import DetectorError

MOST = 8  # pictures that Triton puts together, where the file takes any number
VARIES = -1
TYPES = {1: "TYPE_FP32", 10: "TYPE_FP16", 6: "TYPE_INT32", 7: "TYPE_INT64"}  # by onnx.TensorProto.DataType


def repository(file: Path, labels: Path) -> dict[str, list[Path]]:
    """Write it beside the ONNX file, and name it after that. Gives its files by their folder below the file's.

    Raises:
        DetectorError: the file has an input or output of a type that Triton does not take.
    """
    folder = file.parent / "triton" / file.stem
    version = folder / "1"
    version.mkdir(parents=True)
    model, config, names = version / "model.onnx", folder / "config.pbtxt", folder / "labels.txt"
    shutil.copyfile(file, model)
    shutil.copyfile(labels, names)
    config.write_text("\n".join(_config(file)) + "\n", encoding="utf-8")
    return {f"triton/{file.stem}": [config, names], f"triton/{file.stem}/1": [model]}


def _config(file: Path) -> Iterator[str]:
    import onnx

    graph = onnx.load(file).graph
    sides = {"input": graph.input, "output": graph.output}
    batched = all(_shape(each)[0] == VARIES for side in sides.values() for each in side)
    yield f'name: "{file.stem}"'
    yield 'backend: "onnxruntime"'
    yield f"max_batch_size: {MOST if batched else 0}"
    for title, side in sides.items():
        for tensor in side:
            yield from _tensor(title, tensor, batched)
    if batched:
        yield "dynamic_batching {}"


def _tensor(title: str, tensor: Any, batched: bool) -> Iterator[str]:
    """An input or output; where Triton makes the batches, it leaves out their dimension."""
    kind = TYPES.get(tensor.type.tensor_type.elem_type)
    if kind is None:
        raise DetectorError(f"Triton takes no {title} of the type that {tensor.name} has; leave out `triton`")
    shape = _shape(tensor)[1 if batched else 0 :]
    yield f'{title} {{ name: "{tensor.name}" data_type: {kind} dims: {list(shape)} }}'


def _shape(tensor: Any) -> Sequence[int]:
    return [dim.dim_value if dim.HasField("dim_value") else VARIES for dim in tensor.type.tensor_type.shape.dim]
