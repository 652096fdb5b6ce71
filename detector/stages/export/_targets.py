"""What a TensorRT for RTX engine is built for: kinds of GPU, and sizes of batch."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, PositiveInt, WithJsonSchema, model_validator

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


class Batch(BaseModel):
    """How many pictures the engine takes at once, and the number that it is optimised for: `max` when left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    min: PositiveInt
    optimum: PositiveInt | None = None
    max: PositiveInt

    @model_validator(mode="after")
    def _rises(self) -> "Batch":
        if not self.min <= self.best <= self.max:
            raise ValueError("a range of batches goes from few to many: {min: 1, optimum: 8, max: 16}, or [1, 16]")
        return self

    @property
    def best(self) -> int:
        """The number of pictures that the engine is optimised for."""
        return self.max if self.optimum is None else self.optimum

    @property
    def varies(self) -> bool:
        """Whether more than one number of pictures is possible."""
        return self.min < self.max


def as_batch(given: int | tuple[int, int] | Batch) -> Batch:
    """8, [1, 16] or {min: 1, max: 16}, as a Batch."""
    if isinstance(given, Batch):
        return given
    few, many = (given, given) if isinstance(given, int) else given
    return Batch(min=few, max=many)


def in_words(capabilities: Sequence[float] | None) -> str:
    """The compute capabilities that an engine runs on; None is the library's own choice."""
    return PORTABLE if capabilities is None else _listed(capabilities)


def _listed(capabilities: Sequence[float]) -> str:
    return ", ".join(f"{capability:.1f}" for capability in capabilities)
