"""What a TensorRT for RTX engine is built for: kinds of GPU, and sizes of batch."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from detector.engines.batch import Batch

CAPABILITIES = (7.5, 8.0, 8.6, 8.9, 12.0, 12.1)  # all that the library builds for when asked
PORTABLE = "8.0, 8.6, 8.9, 12.0 and later"  # what it builds for when not asked. Source: "CPU-Only AOT and
# TensorRT-RTX Engines" in NVIDIA's documentation of TensorRT for RTX 1.x


def _known(capability: float) -> float:
    if capability not in CAPABILITIES:
        raise ValueError(f"{capability:g} is no compute capability to build for; there is {_listed(CAPABILITIES)}")
    return capability


def _in_order(capabilities: tuple[float, ...]) -> tuple[float, ...]:
    if not capabilities:
        raise ValueError(f"names no compute capability; leave it out for {PORTABLE}")
    return tuple(sorted(set(capabilities)))


ComputeCapability = Annotated[
    float, AfterValidator(_known), WithJsonSchema({"type": "number", "enum": list(CAPABILITIES)})
]
ComputeCapabilities = Annotated[tuple[ComputeCapability, ...], AfterValidator(_in_order)]


_COUNT = {"type": "integer", "minimum": 1}
_RANGE = {"properties": dict.fromkeys(("min", "optimum", "max"), _COUNT), "required": ["min", "max"]}
Batches = Annotated[
    Batch,
    WithJsonSchema(
        {
            "anyOf": [
                _COUNT,
                {"type": "array", "items": _COUNT, "minItems": 2, "maxItems": 2},
                {"type": "object", "additionalProperties": False, **_RANGE},
            ]
        }
    ),
]


def in_words(capabilities: Sequence[float] | None) -> str:
    """The compute capabilities that an engine runs on; None is the library's own choice."""
    return PORTABLE if capabilities is None else _listed(capabilities)


def _listed(capabilities: Sequence[float]) -> str:
    return ", ".join(f"{capability:.1f}" for capability in capabilities)
