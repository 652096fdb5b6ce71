"""What was compared, for whoever wants to see it: the page of the run."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from detector.data.comparison import MOST, Comparison, Image
from detector.data.dataset import Dataset
from detector.data.evaluation import Evaluation
from detector.errors import UsageError
from detector.measure.marks import Size, marks
from detector.measure.paired import Paired, fewer_mistakes
from detector.stages.promote._contest import Ring, Rules
from detector.stages.services import ModelVersion


class Bout(NamedTuple):
    """The champion, what was measured of it (`again`: anew, on the present test set), and both paired."""

    champion: ModelVersion
    before: Evaluation
    again: bool
    paired: Paired


def comparison(bout: Bout, ring: Ring, rules: Rules) -> Comparison:
    """All of it, with the images won and lost."""
    before, after, paired = bout.before, ring.measured, bout.paired
    gained = fewer_mistakes(before, after, paired)
    order = np.argsort(-gained, kind="stable")
    won = [int(at) for at in order if gained[at] > 0][:MOST]
    lost = [int(at) for at in order[::-1] if gained[at] < 0][:MOST]
    shown = dict(zip([*won, *lost], _images(bout, ring, [*won, *lost]), strict=True))
    return Comparison(
        champion=bout.champion.number,
        dataset=_trained_on(bout),
        split=after.measured.split,
        images=len(paired.after),
        metric=rules.metric,
        confidence=rules.confidence,
        margin=rules.margin,
        scores=(before.measured.score, after.measured.score),
        figures=paired.figures,
        won=[shown[at] for at in won],
        lost=[shown[at] for at in lost],
    )


def _images(bout: Bout, ring: Ring, pairs: Sequence[int]) -> list[Image]:
    """Of these pairs of images, what both make of each."""
    dataset, after = ring.split.dataset, ring.measured
    rows = [after.images["image"][bout.paired.after[at]].as_py() for at in pairs]
    rows_before = [bout.before.images["image"][bout.paired.before[at]].as_py() for at in pairs]
    sizes = [_size(dataset, row) for row in rows]
    mine = marks(after, dict(zip(rows, sizes, strict=True)))
    theirs = marks(bout.before, dict(zip(rows_before, sizes, strict=True)))
    files = (dataset.images["file"][row].as_py() for row in rows)
    return [Image(file, theirs[old], mine[new]) for file, old, new in zip(files, rows_before, rows, strict=True)]


def _size(dataset: Dataset, row: int) -> Size:
    return dataset.images["width"][row].as_py(), dataset.images["height"][row].as_py()


def _trained_on(bout: Bout) -> str | None:
    """The dataset version of the run that made the champion, as its own evaluation says."""
    folder = bout.champion.evaluation() if bout.again else bout.before.folder
    try:
        return None if folder is None else Evaluation(folder).measured.dataset
    except (UsageError, OSError, ValueError, TypeError):  # of another form, or not whole
        return None
