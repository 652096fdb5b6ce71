"""What `promote` compared: new weights with the champion, on the images that both were measured on.

FOLDER/
    comparison.json       {"schema": 1,
                           "champion": "3",               the version that was champion until then
                           "dataset": "b3a7f86867bd",     the version that it was trained on; null where nobody knows
                           "split": "test", "images": 35, on which both were measured
                           "metric": "mAP50-95", "confidence": 0.95, "margin": 0.0,        what promote asked for
                           "scores": [0.38, 0.41],        the operating points: of the champion, of the new weights
                           "figures": {"mAP50-95": {"before": 0.66, "after": 0.68, "low": 0.01, "high": 0.03,
                                                    "better": 0.99}, "mAP50-95/Screw": …},
                           "won": [{"file": "test/00000007-a.jpg", "before": {"right": […], "false": […],
                                    "missed": […]}, "after": {…}}, …],
                           "lost": […]}

`won` are the images with fewer mistakes (missed objects and false predictions) than before, `lost` those with more,
each at its operating point; the largest change first, at most MOST of each. A mark is {"class_id": 0, "outline":
[x0, y0, …], "score": 0.87}: normalised by the image's width and height; the score of a missed object is null. There is
no such file where nothing was compared: without a champion, or with one of other classes.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from detector.errors import UsageError
from detector.system.files import write_whole

SCHEMA = 1
MOST = 8  # images won, and images lost
_FILE = "comparison.json"


@dataclass(frozen=True)
class Difference:
    """A figure of two models on the same images; the interval (low, high) is that of after - before.

    `better` is the share of draws in which the figure after is above the one before, by more than a margin.
    """

    before: float
    after: float
    low: float
    high: float
    better: float

    @property
    def change(self) -> float:
        """After - before."""
        return self.after - self.before


def certainty(better: float) -> str:
    """The percentage that says how sure `better` is; never rounded up: not to what is asked, nor to all of it."""
    return f"{min(math.floor(better * 1000 + 1e-6) / 10, 99.9):.1f}".removesuffix(".0")


@dataclass(frozen=True)
class Mark:
    """A prediction, or an object that was missed (no score): x0, y0, x1, y1, … of its outline, 0 to 1."""

    class_id: int
    outline: list[float]
    score: float | None = None


@dataclass(frozen=True)
class Marks:
    """What a model makes of an image at its operating point."""

    right: list[Mark]
    false: list[Mark]
    missed: list[Mark]

    @property
    def mistakes(self) -> int:
        """Missed objects and false predictions."""
        return len(self.false) + len(self.missed)


@dataclass(frozen=True)
class Image:
    """An image by its `file` in the dataset version, and what both models make of it."""

    file: str
    before: Marks
    after: Marks


@dataclass(frozen=True)
class Comparison:
    """See the top of the file."""

    champion: str
    dataset: str | None
    split: str
    images: int
    metric: str
    confidence: float
    margin: float
    scores: tuple[float, float]
    figures: Mapping[str, Difference]
    won: list[Image]
    lost: list[Image]


def write(comparison: Comparison, folder: Path) -> Path:
    """Write comparison.json into `folder`; give its path."""
    text = json.dumps({"schema": SCHEMA, **asdict(comparison)}, ensure_ascii=False)
    write_whole(folder / _FILE, text + "\n")
    return folder / _FILE


def read(folder: Path) -> Comparison | None:
    """What was compared in `folder`; None where nothing was.

    Raises:
        UsageError: another version of this program wrote it in another form.
    """
    file = folder / _FILE
    if not file.exists():
        return None
    written = json.loads(file.read_text(encoding="utf-8"))
    if written.pop("schema") != SCHEMA:
        raise UsageError(f"{file} is of another version of detector; run the pipeline again")
    figures = {name: Difference(**figure) for name, figure in written.pop("figures").items()}
    won, lost = ([_image(each) for each in written.pop(name)] for name in ("won", "lost"))
    return Comparison(**written | {"scores": tuple(written["scores"])}, figures=figures, won=won, lost=lost)


def _image(written: Mapping[str, Any]) -> Image:
    before, after = (
        Marks(**{name: [Mark(**mark) for mark in marks] for name, marks in written[side].items()})
        for side in ("before", "after")
    )
    return Image(written["file"], before, after)
