"""What `convert: {using: yolo}` takes."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from detector.stages import Section


class Split(BaseModel):
    """How images are divided. Shares are of all images; with `field` or `lists`, of those that these leave to train."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    val: float | None = Field(
        None, ge=0, lt=1, description="share of validation images; 0.15 without `field` or `lists`"
    )
    test: float | None = Field(None, ge=0, lt=1, description="share of test images; 0.15 without `field` or `lists`")
    field: str | None = Field(None, description="take a task's own data field, which says train, val or test")
    lists: dict[Literal["train", "val", "test"], Path] | None = Field(
        None, description="a file for each split that names its images, a line each, as Darknet's train.txt does"
    )
    group_by: str | None = Field(None, description="a data field; images with the same value stay together")

    @model_validator(mode="after")
    def _has_one_source(self) -> "Split":
        if self.field and self.lists:
            raise ValueError("take the splits from `field` or from `lists`, not from both")
        return self

    @model_validator(mode="after")
    def _leaves_some_to_train(self) -> "Split":
        if self.share("val") + self.share("test") >= 1:
            raise ValueError("val and test together leave nothing to train on")
        return self

    def share(self, name: str) -> float:
        """The share of `val` or `test`."""
        fraction: float | None = getattr(self, name)
        return fraction if fraction is not None else 0.0 if self.field or self.lists else 0.15


class Options(Section):
    """YOLO txt-per-image, as Ultralytics reads it."""

    using: Literal["yolo"] = "yolo"
    boxes: Literal["polygon", "fail"] = Field(
        "polygon", description="segment only: a rectangle becomes its four corners, or is refused"
    )
    several_labels: Literal["fail", "each"] = Field(
        "fail", description="a region with several labels is refused, or becomes an object of each"
    )
    leave_out: tuple[str, ...] = Field(
        (),
        description="labels that no class is made of; a picture with nothing else is a background",
        examples=[["Shadow"]],
    )
    split: Split = Field(
        default_factory=Split,
        description="how images are divided into train, val and test; left out, the source's own splits count where it"
        " has some, as a folder's train, valid and test do",
    )
