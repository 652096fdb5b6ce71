"""Ultralytics' names of metrics, made plain."""

import re
from collections.abc import Mapping

from detector.terms import Task


def plain_names(results: Mapping[str, float], task: Task) -> dict[str, float]:
    """The package's `metrics/mAP50(B)` as `mAP50`; with masks, `(M)` as `mAP50` and `(B)` as `box/mAP50`."""
    named = ((re.fullmatch(r"metrics/(.+)\((B|M)\)", key), float(value)) for key, value in results.items())
    main = "M" if task == "segment" else "B"
    return {f"{'' if key[2] == main else 'box/'}{key[1]}": value for key, value in named if key}
