"""What a TensorRT for RTX engine is built for: kinds of GPU, and sizes of batch."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, WithJsonSchema, model_validator

CAPABILITIES = (7.5, 8.0, 8.6, 8.9, 12.0, 12.1)  # all that the library builds for when asked
PORTABLE = "8.0, 8.6, 8.9, 12.0 and later"  # what it builds for when not asked. Source: "CPU-Only AOT and
# TensorRT-RTX Engines" in NVIDIA's documentation of TensorRT for RTX 1.x
RANGES = "[1, 16], or {min: 1, optimum: 8, max: 16}"


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


class Batch(BaseModel):
    """How many pictures the engine takes at once, and the number that it is optimised for: `max` when left out.

    In pipeline.yaml it is 8, [1, 16] or {min: 1, optimum: 8, max: 16}.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    min: PositiveInt = Field(description="fewest pictures at once")
    optimum: PositiveInt = Field(description="the number that it is fastest with")
    max: PositiveInt = Field(description="most pictures at once")

    def __str__(self) -> str:
        """As it is in the names of steps and files: 8, 1-16 or 1-8-16."""
        return "-".join(map(str, dict.fromkeys((self.min, self.optimum, self.max))))

    @model_validator(mode="before")
    @classmethod
    def _in_full(cls, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return {"min": value, "optimum": value, "max": value}
        if isinstance(value, list | tuple) and len(value) == 2:
            return {"min": value[0], "optimum": value[1], "max": value[1]}
        if isinstance(value, dict):
            return {"optimum": value.get("max", 1)} | value
        raise ValueError(f"is a number of pictures, or a range: {RANGES}")

    @model_validator(mode="after")
    def _rises(self) -> "Batch":
        if not self.min <= self.optimum <= self.max:
            raise ValueError(f"a range goes from few to many: {RANGES}")
        return self

    @property
    def varies(self) -> bool:
        """Whether more than one number of pictures is possible."""
        return self.min < self.max


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
