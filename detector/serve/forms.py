"""What requests and answers of a server look like, for OpenAPI."""

from typing import Any

from pydantic import BaseModel, Field

from detector.web.guard import Refusal


class ObjectTold(BaseModel):
    """One object."""

    class_: str = Field(alias="class")
    class_id: int
    score: float = Field(description="0 to 1")
    box: list[float] = Field(description="left, top, width and height in pixels")
    polygon: list[float] | None = Field(None, description="x0, y0, x1, … in pixels; of a segmentation model alone")


class Answer(BaseModel):
    """What is seen on a picture, best score first."""

    model: str = Field(description="who saw it")
    width: int
    height: int
    objects: list[ObjectTold]


class ModelTold(BaseModel):
    """The model that is in use."""

    name: str
    file: str
    task: str
    score: float = Field(description="objects count from it on")
    classes: list[str]


class Tasks(BaseModel):
    """Tasks of Label Studio's, with the labelling configuration of their project."""

    tasks: list[dict[str, Any]] = Field(description="each with its id and its data")
    label_config: str


class Predictions(BaseModel):
    """For each task in its order: `result`, `score` and `model_version`; an empty list where a picture can't be had."""

    results: list[dict[str, Any] | list[dict[str, Any]]]


ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": Answer | Predictions, "description": "of a picture: its objects; of tasks: their predictions"},
    400: {"model": Refusal, "description": "the tasks or their labelling configuration can't be understood"},
    401: {"model": Refusal, "description": "the secret is not the one that is asked for"},
    424: {"model": Refusal, "description": "not one of the tasks' pictures can be had"},
    413: {"model": Refusal, "description": "the picture is too large"},
    422: {"model": Refusal, "description": "it is no picture"},
    503: {"model": Refusal, "description": "too many wait; try again in a second"},
}
