"""An exported ONNX file as an engine is built from it: reproducible, with fixed sides, and in its precision."""

import ast
from pathlib import Path
from typing import Any, Literal

import onnx

CHANCE = ("author", "date", "description", "license", "docs")  # differs from one export to the next, or says nothing


def write_graph(exported: Path, to: Path, precision: Literal["fp32", "fp16"]) -> None:
    """Write the ONNX file `to`: the same weights give the same bytes.

    Height and width are fixed to those of the export; the batch stays as it is. In fp16 the weights and everything in
    between are half precision, the input and the outputs stay float32. Call it within `quietly`.
    """
    model = onnx.load(exported)
    sides = ast.literal_eval(metadata(model)["imgsz"])
    drop_what_chance_wrote(model)
    if any(dimension.dim_param for dimension in _sides(model)):
        model = _with_sides(model, sides)
    onnx.save(halved(model) if precision == "fp16" else model, to)


def metadata(model: Any) -> dict[str, str]:
    """What it says of itself."""
    return {entry.key: entry.value for entry in model.metadata_props}


def drop_what_chance_wrote(model: Any) -> None:
    """Of its metadata, leave out what differs from one export to the next."""
    kept = [entry for entry in model.metadata_props if entry.key not in CHANCE]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)


def _sides(model: Any) -> Any:
    return model.graph.input[0].type.tensor_type.shape.dim[2:]


def _with_sides(model: Any, sides: list[int]) -> Any:
    """Constant sides, and all that follows from them folded."""
    import onnxslim

    for dimension, side in zip(_sides(model), sides, strict=True):
        dimension.dim_value = side
    for output in model.graph.output:
        for dimension in output.type.tensor_type.shape.dim[1:]:
            dimension.ClearField("dim_param")  # its number follows now; a name left here would hide it
    return onnxslim.slim(model)


def halved(model: Any) -> Any:
    """Weights and everything in between in half precision; the input and the outputs stay float32."""
    from onnxconverter_common import float16

    half = float16.convert_float_to_float16(model, keep_io_types=True)
    del half.graph.value_info[:]  # types from before the conversion, which contradict the new ones
    return half
