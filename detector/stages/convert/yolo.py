"""The annotation tables → YOLO: a txt for each image, the two tables of a dataset version, and an account of it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from detector.stages import Job, Result, Section

LIBRARIES = ("numpy", "opencv-python-headless", "pyarrow")


class Split(BaseModel):
    """How images are divided. The shares are of all images; with `field`, of those that the field leaves to train."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    val: float | None = Field(None, ge=0, lt=1, description="share of validation images; 0.15 without `field`")
    test: float | None = Field(None, ge=0, lt=1, description="share of test images; 0.15 without `field`")
    field: str | None = Field(None, description="take a task's own data field, which says train, val or test")
    group_by: str | None = Field(None, description="a data field; images with the same value stay together")

    @model_validator(mode="after")
    def _leaves_some_to_train(self) -> "Split":
        if self.share("val") + self.share("test") >= 1:
            raise ValueError("val and test together leave nothing to train on")
        return self

    def share(self, name: str) -> float:
        """The share of `val` or `test`."""
        given: float | None = getattr(self, name)
        return given if given is not None else 0.0 if self.field else 0.15


class Options(Section):
    """YOLO txt-per-image, as Ultralytics reads it."""

    using: Literal["yolo"] = "yolo"
    boxes: Literal["polygon", "fail"] = Field(
        "polygon", description="segment only: a rectangle becomes its four corners, or is refused"
    )
    several_labels: Literal["fail", "each"] = Field(
        "fail", description="a region with several labels is refused, or becomes an object of each"
    )
    split: Split = Field(default_factory=Split, description="how images are divided into train, val and test")


def run(job: Job[Options]) -> Result:
    """Convert the pulled annotations into datasets/<name>/<version>, and point `latest` at it."""
    from detector.stages.convert._convert import to_version

    return to_version(job)
