"""The tables of an Evaluation."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from detector.data.geometry import Ints
from detector.measure.matches import Matches
from detector.measure.mistakes import Words
from detector.measure.operating import OperatingPoint
from detector.measure.split import Part, groups


def tables(part: Part, matches: Matches, verdicts: tuple[Words, Ints], point: OperatingPoint) -> Mapping[str, pa.Table]:
    """`predictions`, `objects` and `images`; see detector.data.evaluation."""
    kind, meant = verdicts
    bits = (matches.found * (1 << np.arange(matches.found.shape[1]))).sum(axis=1)
    more: dict[str, Any] = {
        "found": np.where(matches.counted, bits, -1),
        "object": matches.object,
        "mistake": pa.array(kind.tolist(), pa.string()),
        "meant": meant,
    }
    areas = part.compared.truth.areas
    return {
        "predictions": _with(part.seen, part.rows, more),
        "objects": _with(part.objects, part.rows, {"area": areas, "prediction": matches.prediction}),
        "images": _per_image(part, matches, point),
    }


def _with(table: pa.Table, rows: Ints, more: Mapping[str, Any]) -> pa.Table:
    """The table with further columns, and `image` as a row of the version's table again."""
    at = table.schema.get_field_index("image")
    table = table.set_column(at, "image", pa.array(rows[table["image"].to_numpy()]))
    for name, values in more.items():
        table = table.append_column(name, pa.array(values))
    return table


def _per_image(part: Part, matches: Matches, point: OperatingPoint) -> pa.Table:
    seen = part.compared.seen
    said = matches.said(seen.scores, point.score)

    def count(image: Ints) -> Ints:
        return np.bincount(image, minlength=len(part.rows))

    objects, predicted = count(part.compared.truth.image), count(seen.image[said])
    right = count(seen.image[said & matches.found[:, 0]])
    return pa.table(
        {
            "image": part.rows,
            "file": part.images["file"],
            "sha256": part.images["sha256"],
            "group": groups(part.images),
            "objects": objects,
            "predicted": predicted,
            "missed": objects - right,
            "false": predicted - right,
        }
    )
