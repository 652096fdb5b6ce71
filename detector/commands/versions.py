"""Which dataset version a person means."""

from pathlib import Path

from detector.data.dataset import Dataset
from detector.data.places import DATASETS, RUNS
from detector.data.runs import output_of
from detector.errors import UsageError
from detector.system.files import by_age


def find(which: str | None) -> Dataset:
    """The version that is meant: named by itself, by a run that used it, or not at all: then the latest."""
    if which is None:
        folder = _latest()
    else:
        name = Path(which).name
        folder = next(DATASETS.glob(f"*/{name}"), None) or output_of(RUNS / name, "convert")
    if folder is None or not (folder / "conversion.json").exists():
        problem = f"no dataset version or run is called {which}" if which else "there is no dataset version yet"
        raise UsageError(f"{problem}; `detector status` shows what is here, `detector run` makes one")
    return Dataset(folder.parent.resolve() / folder.resolve().name)


def _latest() -> Path | None:
    links = by_age(DATASETS.glob("*/latest"))
    return links[-1] if links else None
