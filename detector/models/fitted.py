"""Pictures fitted into two sides that differ: Ultralytics' own training and validation know squares alone.

It reduces `imgsz: [384, 640]` to 640, and its `rect` makes shapes from the pictures of each batch, without mosaic. Here
every picture of a training and of a validation has the sides that the network will be run with. A checkpoint says them
as `imgsz`, which Ultralytics' prediction and export take as they are.
"""

from copy import copy
from typing import Any

from ultralytics.data.augment import RandomPerspective
from ultralytics.data.build import get_split_fraction
from ultralytics.data.dataset import YOLODataset
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.models.yolo.segment import SegmentationTrainer

from detector.terms import Task

Sides = tuple[int, int]  # height, width


class Fitted(YOLODataset):  # type: ignore[misc]
    """A split whose pictures all become `sides`."""

    def __init__(self, sides: Sides, **options: Any) -> None:
        self.sides = sides
        super().__init__(imgsz=max(sides), rect=False, **options)

    def load_image(self, i: int, rect_mode: bool = True, resize_short: bool = False) -> Any:
        """The picture as large as it fits; the package only knows a longest side."""
        height, width = self.labels[i]["shape"]
        one = copy(self)  # shares what is cached
        one.imgsz = max(1, int(min(self.sides[0] / height, self.sides[1] / width) * max(height, width) + 1e-6))
        return YOLODataset.load_image(one, i, rect_mode, resize_short)

    def build_transforms(self, hyp: Any) -> Any:
        """Those of a square, which end with these sides; the pictures of a mosaic meet within them."""
        built, (height, width), longest = super().build_transforms(hyp), self.sides, max(self.sides)
        if not self.augment:
            built.transforms[0].new_shape = self.sides  # a LetterBox
            return built
        mosaic, *others = built.transforms[0].transforms
        mosaic.border = (height // 2 - longest, width // 2 - longest)
        [affine] = [each for each in others if isinstance(each, RandomPerspective)]  # mixing transforms share it
        affine.size = (width, height)
        return built


def fitted(arguments: Any, sides: Sides, split: str, data: Any, training: bool) -> Fitted:
    """The pictures in the folder `split`, by the package's `arguments`; `data` is what it read from data.yaml."""
    return Fitted(
        sides,
        img_path=split,
        batch_size=arguments.batch,
        augment=training,
        hyp=arguments,
        cache=arguments.cache or None,
        single_cls=arguments.single_cls or False,
        classes=arguments.classes,
        fraction=get_split_fraction(arguments.fraction, "train" if training else arguments.split),
        task=arguments.task,
        data=data,
    )


def fitting_trainer(task: Task, sides: Sides) -> type[Any]:
    """Ultralytics' trainer of the task, with pictures of these sides."""
    base: Any = SegmentationTrainer if task == "segment" else DetectionTrainer

    class Fitting(base):  # type: ignore[misc]
        def build_dataset(self, img_path: str, mode: str = "train", batch: int | None = None) -> Fitted:  # noqa: ARG002
            return fitted(self.args, sides, img_path, self.data, training=mode == "train")

    return Fitting
