"""What weights see on every picture of a split, in one batched pass by Ultralytics' own validator."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from detector.data.dataset import Split
from detector.data.evaluation import SEEN
from detector.models.masks import Window
from detector.models.quiet import LOG, device, quietly
from detector.models.rows import rows
from detector.models.weights import load_model


def seen_on(weights: Path, split: Split, folder: Path, advance: Callable[[int], None], batch: int = 16) -> pa.Table:
    """Every prediction of a score of 0.001 or more, as COCO's metrics ask for; schema SEEN, in the order of images.

    Pictures are fitted to the size that the weights were trained at, whether it has one side or two. The package's log
    goes to `folder`.
    """
    row_of = {file: row for row, file in enumerate(split.dataset.images["file"].to_pylist())}
    parts: dict[int, pa.Table] = {}

    def keep(picture: str, columns: dict[str, Any]) -> None:
        row = row_of[f"{split.name}/{Path(picture).name}"]
        count = len(columns["class_id"])
        parts[row] = pa.table({"image": np.full(count, row, np.int32), **columns}, SEEN)
        advance(1)

    with quietly(folder / LOG):
        model = load_model(weights)
        size = model.overrides["imgsz"]
        sides = None if isinstance(size, int) else tuple(size)
        model.val(
            validator=_keeping(model.task, keep, sides),
            data=str(split.dataset.data_yaml),
            imgsz=size if isinstance(size, int) else max(size),
            split=split.name,
            batch=batch,
            save_dir=str(folder),
            plots=False,
            device=device(),
        )
    return pa.concat_tables([SEEN.empty_table(), *(parts[row] for row in sorted(parts))])


def _keeping(task: str, keep: Callable[[str, dict[str, Any]], None], sides: tuple[int, int] | None) -> type[Any]:
    """A validator that measures nothing, and gives each picture's predictions to `keep`.

    `sides`: height and width that pictures are fitted to; None for a square, in which Ultralytics cuts off what it can.
    """
    from ultralytics.models.yolo.detect import DetectionValidator
    from ultralytics.models.yolo.segment import SegmentationValidator

    from detector.models.fitted import fitted

    base: Any = SegmentationValidator if task == "segment" else DetectionValidator

    class Keeping(base):  # type: ignore[misc]
        def build_dataset(self, img_path: str, mode: str = "val", batch: int | None = None) -> Any:
            if sides is None:
                return super().build_dataset(img_path, mode, batch)
            return fitted(self.args, sides, img_path, self.data, training=False)

        def postprocess(self, preds: Any) -> Any:
            if task != "segment":
                return super().postprocess(preds)
            protos = preds[0][1] if isinstance(preds[0], tuple) else preds[1]
            predictions = DetectionValidator.postprocess(self, preds[0])
            return [each | {"protos": proto} for each, proto in zip(predictions, protos, strict=True)]

        def update_metrics(self, preds: Any, batch: Any) -> None:
            for at, seen in enumerate(preds):
                keep(batch["im_file"][at], _columns(seen, _window(batch, at)))

        def get_stats(self) -> dict[str, Any]:
            return {}

        def finalize_metrics(self) -> None:
            """There are none."""

        def print_results(self) -> None:
            """There are none."""

    return Keeping


def _window(batch: Any, at: int) -> Window:
    """Where picture `at` lies in what the network is given."""
    (gain_y, gain_x), (left, top) = batch["ratio_pad"][at]
    return Window(batch["ori_shape"][at], batch["img"].shape[2:], (gain_x, gain_y), (left, top))


def _columns(seen: Any, window: Window) -> dict[str, Any]:
    boxes = seen["bboxes"].float().cpu().numpy().astype(np.float64)
    masks = tuple(seen[name].float().cpu().numpy() for name in ("protos", "extra")) if "protos" in seen else None
    return rows(seen["cls"].cpu().numpy(), seen["conf"].float().cpu().numpy(), boxes, window, masks)
