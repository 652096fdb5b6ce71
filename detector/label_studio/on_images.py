"""Which image of a task each region lies on, and what each image is: annotated, a background, or excluded.

A background is an image that somebody could have drawn on, and submitted without a shape.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data import losses
from detector.data.annotations import Annotations
from detector.data.losses import Loss
from detector.label_studio.label_config import Canvas, guessed_images, shown
from detector.label_studio.structs import Region


def images_of(data: msgspec.Raw, canvases: tuple[Canvas, ...] | None) -> tuple[dict[str, str], Collection[str]]:
    """Image control → the reference that it shows; and the controls that nobody could draw on."""
    fields = msgspec.json.decode(data)
    if not isinstance(fields, dict):
        return {}, ()
    if canvases is None:
        return guessed_images(fields), ()
    closed = tuple(canvas for canvas in canvases if not canvas.drawable)
    return shown(canvases, fields), shown(closed, fields).keys() if closed else ()


def image_of(region: Region, names: Collection[str]) -> str:
    """The name, of those in `names`, of the image that a region is on: its control's, or one in its control's list."""
    return region.to_name if region.to_name in names else f"{region.to_name}[{region.item_index}]"


def states(
    names: Collection[str],
    shapes: list[Region],
    others: list[Region],
    doubtful: list[Region],
    closed: Collection[str],
) -> Mapping[str, str]:
    """What each image of a submitted annotation is: annotated, background, or why it is excluded (a key of REASONS).

    `others` are its entries that are no shapes, `doubtful` those that may be, and can't be taken: an image with one is
    no background, and none is where one may lie on any of them.
    """
    if len(names) == 1 and (shapes or doubtful):
        return dict.fromkeys(names, "annotated")
    drawn = [*shapes, *doubtful]
    drawn_on = {image_of(region, names) for region in drawn}
    marked = {image_of(region, names) for region in others}
    controls = {_control(name) for name in names}
    anywhere = any(region.to_name not in controls for region in drawn)

    def state(name: str) -> str:
        if name in drawn_on:
            return "annotated"
        if name in closed:
            return "not_drawable"
        return "annotated" if anywhere else "no_shapes" if name in marked else "background"

    return {name: state(name) for name in names}


def _control(name: str) -> str:
    """The control of an image: of `pages[3]`, `pages`."""
    return name.partition("[")[0] if name.endswith("]") else name


def without_undrawable(drawn: Annotations) -> Annotations:
    """Without a labelling configuration: exclude the backgrounds whose field has no region in the whole export.

    Only of fields that stand beside one that has regions: a field that is alone is the one that was annotated.
    """
    images = drawn.images
    encoded = images["field"].combine_chunks().dictionary_encode()
    if len(encoded.dictionary) < 2:
        return drawn
    controls, code = np.unique([_control(name) for name in encoded.dictionary.to_pylist()], return_inverse=True)
    control = code[encoded.indices.to_numpy()]
    task, status = images["task_id"].to_numpy(), images["status"].to_numpy()
    drawn_on = np.isin(np.arange(len(controls)), control[status == "annotated"])
    beside = np.isin(task, task[drawn_on[control]])
    never = ~drawn_on & np.isin(np.arange(len(controls)), control[beside])
    rows = np.flatnonzero((status == "background") & never[control])
    if not len(rows):
        return drawn
    lost = [Loss("excluded", "image", "never_drawn_on", int(task[row]), None, controls[control[row]]) for row in rows]
    lost_too = pa.concat_tables([drawn.losses, losses.table(lost)])
    return replace(drawn, images=excluded(images, rows), losses=lost_too)


def excluded(images: pa.Table, rows: Iterable[int]) -> pa.Table:
    """The images, with those of `rows` excluded."""
    mask = np.zeros(images.num_rows, bool)
    mask[list(rows)] = True
    status = pc.if_else(pa.array(mask), "excluded", images["status"])
    at = images.schema.get_field_index("status")
    return images.set_column(at, images.schema.field(at), status)
