"""How far an exported model may be from the checkpoint that it was made from."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Precision = Literal["fp32", "fp16", "int8"]
MaxDrop = Annotated[
    float, Field(ge=0, le=1, description="by how much its mAP50-95 may be below the checkpoint's on the same images")
]
DROP = 0.01


class Tolerance(BaseModel):
    """The largest differences that pass. What is left out is what the precision explains."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    box: float | None = Field(None, gt=0, description="of a box edge or centre, in pixels of the network's input")
    score: float | None = Field(None, gt=0, description="of a class score, which is 0 … 1")
    mask: float | None = Field(None, gt=0, description="of masks: the mean share of pixels that change sides")


_EXPLAINED: dict[str, dict[str, float]] = {
    "fp32": {"box": 1.0, "score": 0.01, "mask": 0.01},
    "fp16": {"box": 2.0, "score": 0.03, "mask": 0.02},
    "int8": {"box": 10.0, "score": 0.25, "mask": 0.1},
}


def limits(tolerance: Tolerance, precision: Precision) -> dict[str, float]:
    """The limit of each difference, by its name."""
    return _EXPLAINED[precision] | tolerance.model_dump(exclude_none=True)
