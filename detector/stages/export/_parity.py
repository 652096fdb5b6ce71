"""An exported model beside its checkpoint on real pictures: how far boxes, scores and masks are apart."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.data.dataset import Dataset
from detector.data.trained import Trained
from detector.errors import GateRefused
from detector.models.quiet import LOG, quietly
from detector.stages import Job
from detector.stages.export._tolerance import Precision, Tolerance, limits
from detector.terms import SPLITS, counted

if TYPE_CHECKING:
    from detector.stages.export._runners import Raw, Runner

PICTURES = 32
CONFIDENT = 0.25  # the score from which a candidate counts; Ultralytics' default in prediction
WORDS = {"box": "boxes within {:.2g} px", "score": "scores within {:.2g}", "mask": "masks within {:.2%} of pixels"}


@dataclass
class Parity:
    """The largest differences by name (see Tolerance), where each was seen, and on how many pictures."""

    differences: dict[str, float] = field(default_factory=dict)
    seen_on: dict[str, str] = field(default_factory=dict)
    pictures: int = 0
    candidates: int = 0

    @property
    def figures(self) -> dict[str, float]:
        """The differences as figures: `difference/box` and so on."""
        return {f"difference/{name}": value for name, value in self.differences.items()}

    @property
    def sentence(self) -> str:
        """The differences in words."""
        parts = ", ".join(WORDS[name].format(value) for name, value in self.differences.items())
        return f"{parts} of the checkpoint's, on {counted(self.pictures, 'picture')}"

    def add(self, picture: str, candidates: int, largest: dict[str, float]) -> None:
        """Take in the differences of some candidates on one picture."""
        self.pictures += 1
        self.candidates += candidates
        for name, value in largest.items():
            if not value <= self.differences.get(name, -1.0):  # a NaN is the worst of all
                self.differences[name], self.seen_on[name] = value, picture


def compare(
    job: Job[Any], exported: "Runner", tolerance: Tolerance, precision: Precision, into: str = "parity.json"
) -> Parity:
    """Run both on up to 32 pictures of the test split and write the differences into job.folder.

    Raises:
        GateRefused: A difference is over its limit.
    """
    from detector.engines.prepare import prepared, read
    from detector.stages.export._runners import Checkpoint

    dataset, trained = Dataset(job.inputs["convert"].path), Trained(job.inputs["train"].path)
    parity = Parity()
    with quietly(job.folder / LOG):
        checkpoint = Checkpoint(trained.best)
        for file in pictures(dataset):
            picture, _ = prepared([read(dataset.image_path(file))], trained.made_from.sides)
            parity.add(file, *differences(checkpoint(picture), exported(picture), len(dataset.classes)))
    allowed = limits(tolerance, precision)
    _write(job.folder / into, parity, allowed)
    _gate(job, parity, allowed, job.folder / into)
    return parity


def pictures(dataset: Dataset) -> list[str]:
    """Up to 32 files, evenly over the test split; of another split when it is empty."""
    chosen = next((files for split in reversed(SPLITS) if (files := dataset.on(split).files)), [])
    count = min(PICTURES, len(chosen))
    return [chosen[place * len(chosen) // count][1] for place in range(count)]


def differences(mine: "Raw", theirs: "Raw", classes: int) -> tuple[int, dict[str, float]]:
    """How many candidates count, and the largest difference of their boxes (pixels) and scores, and of their masks.

    The candidates that count are those that the checkpoint is confident of, or its best one when there is none: what
    a network thinks of empty places differs at random, and nobody sees it.
    """
    import numpy as np

    scores = mine.candidates[:, 4 : 4 + classes]
    count = scores.max(1) >= min(CONFIDENT, scores.max())
    apart = np.abs(mine.candidates[count, : 4 + classes] - theirs.candidates[count, : 4 + classes])
    largest = {"box": float(apart[:, :4].max()), "score": float(apart[:, 4:].max())}
    if mine.prototypes is not None:
        largest["mask"] = float(np.mean(_inside(mine, count, classes) != _inside(theirs, count, classes)))
    return int(count.sum()), largest


def _inside(raw: "Raw", count: Any, classes: int) -> Any:
    """Which pixels are in the mask of each candidate that counts: (n, H, W), before it is cut to the box."""
    import numpy as np

    assert raw.prototypes is not None  # noqa: S101 - a model with coefficients has prototypes
    return np.tensordot(raw.candidates[count, 4 + classes :], raw.prototypes, axes=1) > 0


def _write(file: Path, parity: Parity, allowed: dict[str, float]) -> None:
    content = {"pictures": parity.pictures, "candidates": parity.candidates, "limits": allowed}
    content |= {"differences": parity.differences, "seen_on": parity.seen_on}
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _gate(job: Job[Any], parity: Parity, allowed: dict[str, float], written: Path) -> None:
    over = [
        f"{name} differs by {value:.3g} (the limit is {allowed[name]:g}) on {parity.seen_on[name]}"
        for name, value in parity.differences.items()
        if not value <= allowed[name]
    ]
    if over:
        raise GateRefused(
            f"{job.options.using} lost accuracy: {'; '.join(over)}. Compare it in {written}; choose "
            "another precision, or allow more with `tolerance`",
            written,
        )
