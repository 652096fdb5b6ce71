"""What a training leaves, and what it was made from.

FOLDER/
    weights/best.pt     the weights of the best epoch on val: those that are measured, exported and registered
    weights/last.pt     the weights of the last epoch
    trained.json        {"schema": 1,
                         "dataset": "b3a7f86867bd",      the version that was trained on
                         "task": "detect", "classes": ["Screw", …],
                         "model": "yolo26n.pt",          what train.model named
                         "image_size": 640,              pixels of a square, or [height, width]
                         "fingerprint": "…"}             SHA-256 of what best.pt has learned
    derived.json        {"batch": {"value": 4, "why": "…"}, …}  what pipeline.yaml left open, and the data settled
"""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from detector.system.files import write_whole
from detector.terms import Task

ImageSize = int | tuple[int, int]  # pixels that pictures are fitted to: of a square, or height and width

_FILE, _DERIVED = "trained.json", "derived.json"


def sides(size: ImageSize) -> tuple[int, int]:
    """Height and width."""
    return (size, size) if isinstance(size, int) else size


@dataclass(frozen=True)
class MadeFrom:
    """What the weights were made from, and what they came to; see the top of the file."""

    dataset: str
    task: Task
    classes: list[str]
    model: str
    image_size: ImageSize
    fingerprint: str

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of what the network is given."""
        return sides(self.image_size)


@dataclass(frozen=True)
class Trained:
    """A training, opened by its folder."""

    folder: Path

    @property
    def best(self) -> Path:
        """The weights of the best epoch."""
        return self.folder / "weights" / "best.pt"

    @property
    def last(self) -> Path:
        """The weights of the last epoch."""
        return self.folder / "weights" / "last.pt"

    @property
    def derived_file(self) -> Path:
        """derived.json."""
        return self.folder / _DERIVED

    @cached_property
    def derived(self) -> dict[str, dict[str, Any]]:
        """What was derived from the data: name → value and why; nothing of a training that leaves no such file."""
        if not self.derived_file.exists():
            return {}
        derived: dict[str, dict[str, Any]] = json.loads(self.derived_file.read_text(encoding="utf-8"))
        return derived

    @cached_property
    def made_from(self) -> MadeFrom:
        """trained.json."""
        written = json.loads((self.folder / _FILE).read_text(encoding="utf-8"))
        size = written["image_size"]
        fields = written | {"image_size": tuple(size) if isinstance(size, list) else size}
        return MadeFrom(**{name: value for name, value in fields.items() if name != "schema"})

    def write(self, made_from: MadeFrom) -> None:
        """Write trained.json."""
        text = json.dumps({"schema": 1, **asdict(made_from)}, indent=1, ensure_ascii=False)
        write_whole(self.folder / _FILE, text + "\n")
