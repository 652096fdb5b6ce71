"""Label Studio's task JSON, as far as a detector needs it, for msgspec to decode straight into.

Format: https://labelstud.io/guide/task_format and the `result` shapes of https://labelstud.io/tags. Whatever is not
named here is skipped while parsing. Coordinates are percent of the upright image.
"""

from typing import Annotated, Any

import msgspec

Number = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]  # whole numbers that every JSON reader agrees on
Pixels = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]

SHAPES = {
    "rectanglelabels": "rectangle",
    "rectangle": "rectangle",
    "polygonlabels": "polygon",
    "polygon": "polygon",
    "brushlabels": "brush",
    "brush": "brush",
    "ellipselabels": "ellipse",
    "ellipse": "ellipse",
}
LABELS = "labels"  # the type of the entry that names a shape, where <Labels> stands beside <Rectangle>


class Value(msgspec.Struct, gc=False):
    """A region's geometry and labels; which fields are set depends on the region's type."""

    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None
    radiusX: float | None = None  # noqa: N815 - Label Studio's name
    radiusY: float | None = None  # noqa: N815
    rotation: float | None = None
    points: list[tuple[float, float]] | None = None
    rle: list[int] | None = None
    rectanglelabels: list[str] | None = None
    polygonlabels: list[str] | None = None
    brushlabels: list[str] | None = None
    ellipselabels: list[str] | None = None
    labels: list[str] | None = None


class Region(msgspec.Struct, gc=False):
    """One entry of an annotation's `result`: a shape, or something that is none (choices, text, a relation)."""

    type: str = ""
    id: str = ""
    to_name: str = ""
    item_index: Number | None = 0  # of an image in a list
    original_width: Pixels | None = None
    original_height: Pixels | None = None
    value: Value = msgspec.field(default_factory=Value)

    def labels(self) -> list[str] | None:
        """Its labels, whichever control gave them; <Labels> beside a shape is an entry of its own."""
        value = self.value
        return value.rectanglelabels or value.polygonlabels or value.brushlabels or value.ellipselabels or value.labels


class Unreadable(Region, gc=False):
    """A region that can't be read, and why; its type is none that is drawn."""

    why: str = ""


class Annotation(msgspec.Struct):
    """What one person submitted, or skipped, for a task."""

    result: list[Region]
    id: Number = 0
    completed_by: Number | dict[str, Any] | None = None
    was_cancelled: bool = False
    ground_truth: bool = False
    created_at: str | None = None
    updated_at: str | None = None

    @property
    def annotator(self) -> str | None:
        """E-mail where the export has it, else the numeric id as text."""
        who = self.completed_by
        if isinstance(who, dict):
            who = who.get("email") or who.get("id")
        return None if who is None else str(who)


class Task(msgspec.Struct):
    """One task; `data` stays undecoded until somebody asks."""

    id: Number
    data: msgspec.Raw
    annotations: list[Annotation]
    drafts: list[msgspec.Raw] | None = None
    predictions: list[msgspec.Raw] | None = None
    total_predictions: int = 0

    @property
    def drafted(self) -> bool:
        """Somebody began, and did not submit."""
        return bool(self.drafts)

    @property
    def predicted(self) -> bool:
        """A model has said something about it."""
        return bool(self.predictions) or self.total_predictions > 0
