"""`check.fail_on`: for each rule, whether it counts, and how much it may find."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _off(value: Any) -> Any:
    """YAML reads a bare `off` as false."""
    if value is True:
        raise ValueError("is off, warn, or a number that it may not pass")
    return "off" if value is False else value


Limit = Annotated[Literal["off", "warn"] | Annotated[float, Field(ge=0)], BeforeValidator(_off)]


class Limits(BaseModel):
    """For each rule: off, warn, or the number that it may not pass. A rule that is not listed keeps its default."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    leaked_images: Limit = Field(0.0, description="pictures, by content, that are in more than one split")
    broken_images: Limit = Field(0.0, description="images that can't be decoded, were not found or have another size")
    dark_images: Limit = Field("warn", description="16-bit images that use 14 bits or fewer: YOLO sees them dark")
    classes_without_examples: Limit = Field(0.0, description="classes with no object in train")
    classes_not_evaluated: Limit = Field("warn", description="classes with no object in val, or in test")
    out_of_range: Limit = Field("warn", description="objects whose class id or coordinates YOLO does not allow")
    degenerate: Limit = Field("warn", description="objects with a side, or an outlined area, under one pixel")
    duplicates: Limit = Field("warn", description="objects with exactly the box of another one on the same image")
    tiny_objects: Limit = Field("warn", description="objects with a side of one to three pixels of their own image")
    class_imbalance: Limit = Field(
        "warn", description="objects of the commonest class for each one of the rarest; from 10 on it is a warning"
    )


class LimitsWithLookalikes(Limits):
    """The same, with the rules that look at the pictures themselves."""

    near_duplicate_images: Limit = Field(
        "warn",
        description="images that are nearly the same as another, or it flipped, turned, cropped or coloured anew",
    )
    leaky_splits: Limit = Field("warn", description="the same, where the other is in another split")
