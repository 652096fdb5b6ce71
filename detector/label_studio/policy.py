"""How `pull.annotations` says which annotation counts when a task has several."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Annotator(BaseModel):
    """Take the annotations of one person."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    annotator: str = Field(description="the email address of the person")


Policy = Literal["latest", "first", "ground_truth", "consensus", "fail"] | Annotator
