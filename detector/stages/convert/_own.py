"""The splits that a source has itself, as a folder's train/, valid/ and test/: taken where pipeline.yaml names none.

A picture in none of them is left out where the source has a train split, as by whoever trained on it; otherwise what is
not held out trains. What the source doesn't hold out, val or test or both, is taken from train alone, copies of one
picture together; its other splits stay as they are. So nothing that it keeps apart comes together.
"""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data import losses
from detector.data.annotations import IMAGES, Annotations
from detector.data.losses import Loss
from detector.errors import UsageError
from detector.stages.convert._options import Split
from detector.stages.convert._split import place, same_picture
from detector.terms import SPLITS

_AT = IMAGES.get_field_index("own_split")


def settle(drawn: Annotations, split: Split) -> tuple[Annotations, list[str]]:
    """`own_split` is what counts afterwards, null throughout where another rule does; and what a person is told."""
    kept = pc.not_equal(drawn.images["status"], "excluded").to_pylist()
    own = [name if usable else None for name, usable in zip(drawn.images["own_split"].to_pylist(), kept, strict=True)]
    counts = Counter(filter(None, own))
    if not counts:
        return _with(drawn, [None] * len(own)), []
    if split != Split():
        notes = [] if split.field else [f"divided as convert.split says; the source's own splits are {_shown(counts)}"]
        return _with(drawn, [None] * len(own)), notes
    notes = ["the splits are the source's own"]
    rest = [row for row, (name, usable) in enumerate(zip(own, kept, strict=True)) if usable and name is None]
    if rest and not counts["train"]:
        notes.append(f"what is in none of them trains: {len(rest):,} pictures")
        for row in rest:
            own[row] = "train"
        rest = []
    elif not counts["train"]:
        raise UsageError(f"the source's own splits are {_shown(counts)}: nothing to train on. Write convert.split")
    notes += _fill(own, drawn.images, [name for name in ("test", "val") if not counts[name]])
    return _without(_with(drawn, own), rest), notes


def _shown(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[name]:,} {name}" for name in SPLITS if counts[name])


def _with(drawn: Annotations, own: list[str | None]) -> Annotations:
    images = drawn.images.set_column(_AT, IMAGES.field(_AT), pa.array(own, pa.string()))
    return Annotations(images, drawn.regions, drawn.losses)


def _fill(own: list[str | None], images: pa.Table, missing: list[str]) -> list[str]:
    """Give the `missing` splits their shares of train in `own`, and at least one picture where train can spare it."""
    if not missing:
        return []
    sources, contents = images["source"].to_pylist(), images["sha256"].to_pylist()
    rows_at: dict[float, list[int]] = {}
    for row in (row for row, name in enumerate(own) if name == "train"):
        rows_at.setdefault(place(same_picture(sources[row], contents[row])), []).append(row)
    notes, start, left = [], 0.0, sorted(rows_at)
    for name in missing:
        start += Split().share(name)
        below = [at for at in left if at < start] or left[:1]
        taken = [row for at in below[: len(left) - 1] for row in rows_at[at]]
        left = left[len(below[: len(left) - 1]) :]
        for row in taken:
            own[row] = name
        notes.append(f"it has no {name}: {len(taken):,} of its train pictures became {name}")
    return notes


def _without(drawn: Annotations, rest: list[int]) -> Annotations:
    """The annotations without the images at the rows `rest`, each of which is accounted for."""
    if not rest:
        return drawn
    images, out = drawn.images, np.zeros(drawn.images.num_rows, bool)
    out[rest] = True
    at = images.schema.get_field_index("status")
    status = pc.if_else(pa.array(out), "excluded", images["status"])
    tasks, sources = images["task_id"].to_pylist(), images["source"].to_pylist()
    lost = [Loss("excluded", "image", "no_split", tasks[row], None, sources[row]) for row in rest]
    on_rest = pa.array(out[drawn.regions["image"].to_numpy()])
    gone = drawn.regions.filter(on_rest)
    regions = zip(gone["image"].to_pylist(), gone["region_id"].to_pylist(), strict=True)
    lost += [Loss("dropped", "region", "excluded_image", tasks[image], region) for image, region in regions]
    return Annotations(
        images.set_column(at, IMAGES.field(at), status),
        drawn.regions.filter(pc.invert(on_rest)),
        pa.concat_tables([drawn.losses, losses.table(lost)]),
    )
