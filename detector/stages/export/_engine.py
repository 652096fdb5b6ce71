"""TensorRT engines: the plan without Ultralytics' header."""

from pathlib import Path

BITS = {"fp32": 32, "fp16": 16, "int8": 8}
LONGEST_HEADER = 1 << 20


def write_plan(engine: Path) -> Path:
    """<name>.plan beside <name>.engine: the same without Ultralytics' header, as trtexec, Triton and C++ take it."""
    plan = engine.with_suffix(".plan")
    plan.write_bytes(without_header(engine.read_bytes()))
    return plan


def without_header(engine: bytes) -> bytes:
    """The TensorRT plan in an Ultralytics engine: a 4-byte little-endian length, so much JSON, then the plan.

    An engine without that header is a plan already. Source: `onnx2engine` in ultralytics/utils/export/engine.py.
    """
    length = int.from_bytes(engine[:4], "little")
    has_header = length <= LONGEST_HEADER and engine[4:5] == b"{" and engine[3 + length : 4 + length] == b"}"
    return engine[4 + length :] if has_header else engine
