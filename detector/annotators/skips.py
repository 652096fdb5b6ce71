"""Why a task got no prediction: nothing is left out in silence."""

from typing import NamedTuple

REASONS = {
    "annotated": "has an annotation, or was skipped by an annotator",
    "meanwhile": "got an annotation meanwhile",
    "current": "has this model's prediction already",
    "no_image": "shows no image that is drawn on",
    "image": "its image can't be had",
    "beyond": "beyond --limit",
    "gone": "was deleted meanwhile",
}


class Skip(NamedTuple):
    """A task that was left alone: a key of REASONS, and what more there is to say."""

    task: int
    reason: str
    detail: str | None = None
