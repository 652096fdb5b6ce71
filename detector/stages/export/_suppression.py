"""ONNX's own NonMaxSuppression behind a raw head: a file from which the objects come out."""

from typing import Any

from detector.engines.decode import MOST, OVERLAP
from detector.measure.engine import LEAST

GRAPH = """
<ir_version: 8, opset_import: ["": {opset}]>
suppression (float[1, {values}, {candidates}] raw) => (float[1, objects, {columns}] detections)
<int64[1] zero = {{0}}, int64[1] one = {{1}}, int64[1] two = {{2}}, int64[1] four = {{4}}, int64[1] end = {{{end}}},
 int64[1] all = {{{values}}}, int64[1] three = {{3}}, int64[1] most = {{{most}}}, float overlap = {{{overlap}}},
 float least = {{{score}}}, float half = {{0.5}}>
{{
    turned = Transpose <perm = [0, 2, 1]> (raw)
    boxes = Slice (turned, zero, four, two)
    scores = Slice (raw, four, end, one)
    kept = NonMaxSuppression <center_point_box = 1> (boxes, scores, most, overlap, least)
    place = Slice (kept, one, three, one)
    of_one = Squeeze (scores, zero)
    known = GatherND (of_one, place)
    count = Shape (known)
    fewer = Min (count, most)
    best, order = TopK (known, fewer)
    ordered = Gather <axis = 0> (place, order)
    label = Slice (ordered, zero, one, one)
    number = Cast <to = 1> (label)
    at = Slice (ordered, one, two, one)
    line = Squeeze (at, one)
    table = Squeeze (turned, zero)
    rows = Gather <axis = 0> (table, line)
    centre = Slice (rows, zero, two, one)
    size = Slice (rows, two, four, one)
    reach = Mul (size, half)
    start = Sub (centre, reach)
    stop = Add (centre, reach)
    score = Unsqueeze (best, one)
    more = Slice (rows, end, all, one)
    columns = Concat <axis = 1> (start, stop, score, number, more)
    detections = Unsqueeze (columns, zero)
}}
"""


def suppressed(model: Any, classes: int) -> Any:
    """The model with its first output, of a raw head, put through: (1, objects, 6 + mask coefficients), best first."""
    import onnx
    from onnx import compose, parser

    output = model.graph.output[0]
    _, values, candidates = (length.dim_value for length in output.type.tensor_type.shape.dim)
    opset = next(each.version for each in model.opset_import if not each.domain)
    text = GRAPH.format(
        opset=opset, values=values, candidates=candidates, columns=values - classes + 2, end=4 + classes, most=MOST,
        overlap=OVERLAP, score=LEAST,
    )  # fmt: skip
    behind = compose.add_prefix(parser.parse_model(text), "suppression/")
    behind.ir_version = model.ir_version
    objects, *others = behind.graph.output[0].name, *(each.name for each in model.graph.output[1:])
    ends = [(output.name, behind.graph.input[0].name)]
    merged = compose.merge_models(model, behind, ends, outputs=[objects, *others])
    in_order = sorted(merged.graph.output, key=lambda each: [objects, *others].index(each.name))  # merging loses it
    del merged.graph.output[:]
    merged.graph.output.extend(in_order)
    del merged.metadata_props[:]
    merged.metadata_props.extend(model.metadata_props)
    onnx.checker.check_model(merged)
    return merged
