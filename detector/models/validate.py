"""What weights see on every picture of a split, in one batched pass by Ultralytics' own validator."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from detector.data.dataset import Dataset, Split
from detector.data.evaluation import SEEN
from detector.models.masks import Window
from detector.models.quiet import LOG, device, quietly
from detector.models.rows import rows
from detector.models.weights import load_model
from detector.system.shards import Advance, Shards, alone

BATCH = 16  # pictures
PART = 256  # pictures at least that another machine is sent at a time


class _Look(NamedTuple):
    """At which split of which version, with which weights; the package's log goes to `folder`."""

    weights: Path
    version: Path
    split: str
    folder: Path


def seen_on(weights: Path, split: Split, folder: Path, advance: Advance, shards: Shards = alone) -> pa.Table:
    """Every prediction of a score of 0.001 or more, as COCO's metrics ask for; schema SEEN, in the order of images.

    Pictures are fitted to the size that the weights were trained at, whether it has one side or two. The package's log
    goes to `folder`.
    """
    look = _Look(weights, split.dataset.folder, split.name, folder)
    parts = shards(partial(_seen, look=look), _batches(split), advance, least=PART // BATCH, gpu=True)
    whole = pa.concat_tables(parts)
    return whole if len(parts) == 1 else whole.take(np.argsort(whole["image"].to_numpy(), kind="stable"))


def _batches(split: Split) -> list[list[str]]:
    """The files of a split as Ultralytics batches them: by their form, since a batch is as wide as it has to be."""
    width, height = (split.dataset.images[side].to_pylist() for side in ("width", "height"))
    by_form = sorted(sorted(split.files, key=itemgetter(1)), key=lambda each: height[each[0]] / width[each[0]])
    return [[file for _, file in by_form[start : start + BATCH]] for start in range(0, len(by_form), BATCH)]


def _seen(batches: Sequence[Sequence[str]], advance: Advance, look: _Look) -> pa.Table:
    """The predictions on some batches of a split, all of them or a part."""
    split, files = Dataset(look.version).on(look.split), [file for each in batches for file in each]
    row_of = {file: row for row, file in enumerate(split.dataset.images["file"].to_pylist())}
    parts: dict[int, pa.Table] = {}

    def keep(picture: str, columns: dict[str, Any]) -> None:
        row = row_of[f"{look.split}/{Path(picture).name}"]
        count = len(columns["class_id"])
        parts[row] = pa.table({"image": np.full(count, row, np.int32), **columns}, SEEN)
        advance(1)

    with _part(split, files) as data, quietly(look.folder / LOG):
        model = load_model(look.weights)
        size = model.overrides["imgsz"]
        sides = None if isinstance(size, int) else tuple(size)
        model.val(
            validator=_keeping(model.task, keep, sides),
            data=str(data),
            imgsz=size if isinstance(size, int) else max(size),
            split=look.split,
            batch=BATCH,
            save_dir=str(look.folder),
            plots=False,
            device=device(),
        )
    return pa.concat_tables([SEEN.empty_table(), *(parts[row] for row in sorted(parts))])


@contextmanager
def _part(split: Split, files: Sequence[str]) -> Iterator[Path]:
    """What Ultralytics reads these files of a split from: the version itself where they are all of it."""
    if len(files) == split.images:
        yield split.dataset.data_yaml
        return
    with TemporaryDirectory() as scratch:
        place = Path(scratch)
        for kind in ("images", "labels"):
            (place / kind / split.name).mkdir(parents=True)
        for file in files:
            (place / "images" / file).symlink_to(split.dataset.image_path(file).absolute())
            (place / "labels" / file).with_suffix(".txt").symlink_to(split.dataset.label_path(file).absolute())
        described = {"path": str(place), "names": dict(enumerate(split.dataset.classes))}
        described |= dict.fromkeys(("train", "val", split.name), f"images/{split.name}")
        (place / "data.yaml").write_text(json.dumps(described))  # which is YAML, too
        yield place / "data.yaml"


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
