"""What `train: {using: ultralytics}` takes."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from detector.stages import Section
from detector.stages.train._devices import Device
from detector.stages.train._size import Size
from detector.stages.train._tune import Tune

DERIVED = "left out, derived from the data"


class Options(Section):
    """What to train, and for how long. Anything else that Ultralytics takes goes under `options`."""

    SHAPE_NOTHING: ClassVar[frozenset[str]] = frozenset({"tune", "device"})
    using: Literal["ultralytics"] = "ultralytics"
    model: str | None = Field(
        None,
        description="weights to fine-tune (.pt: a path, or a published name), or an architecture (.yaml); "
        "left out, the smallest current weights of the task",
        examples=["yolo26n.pt", "yolo26n.yaml"],
    )
    scale: tuple[float, float, int] | None = Field(
        None, description="an architecture's depth and width multiples and most channels, in place of its own"
    )
    device: Device = Field(
        None,
        description="the GPUs to share each batch among, by number, or all of them; left out, the first one, and the "
        "processor where there is none",
        examples=[[0, 1], "all"],
    )
    warm_start: bool = Field(False, description="begin with what the champion has learned, once there is one")
    epochs: int | None = Field(
        None, ge=1, le=1_000_000, description=f"times that every training image is seen; {DERIVED}", examples=[100]
    )
    image_size: Size | None = Field(
        None,
        description="pixels of the square that images are fitted to, or [height, width], which takes fewer operations "
        f"where most images are wide; {DERIVED}",
        examples=[640, [384, 640]],
    )
    batch: int | None = Field(None, ge=1, description=f"images in a step; {DERIVED}", examples=[16])
    patience: int | None = Field(
        None, ge=0, description="stop after so many epochs without a gain on val, or never: 0; left out, half of them",
        examples=[50],
    )  # fmt: skip
    seed: int = Field(0, ge=0, lt=2**32, description="the same seed gives the same weights on the same machine")
    augment: list[dict[str, dict[str, Any] | None]] = Field(
        [], description="Albumentations transforms by name, with their arguments"
    )
    options: dict[str, Any] = Field(
        {}, description="any other Ultralytics training argument; some that are left out are derived from the data"
    )
    tune: Tune | None = Field(None, description="what `detector tune` searches for; `detector run` never does")
