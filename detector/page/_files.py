"""Ways from the page to the files that it talks about: they lead there where the page lies in its run's folder."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from detector.data.trained import Trained
from detector.page._run import Run


class Link(NamedTuple):
    """A file or folder as it is called in the project's folder, and its address from the page.

    It opens in a tab of its own: where MLflow shows the page in a frame, such a link does nothing.
    """

    text: str
    address: str


def link(place: Path, run: Path) -> Link:
    """The way to this place from the page in the folder `run`; both are as the project's folder sees them."""
    return Link(str(place), quote(Path(os.path.relpath(place, run)).as_posix()))


def files(run: Run) -> list[tuple[str, Link]]:
    """What there is of a run, in the order of the page: what it is, and the way to it."""
    return [(what, link(place, run.folder)) for what, place in _places(run) if place.exists()]


def _places(run: Run) -> Iterator[tuple[str, Path]]:
    folders = {name: result.path for name, result in run.results.items()}
    if run.dataset is not None:
        yield "data version", run.dataset.folder
        yield "what did not come through", run.dataset.folder / "conversion.json"
    if "check" in folders:
        yield "findings of the check", folders["check"] / "findings.json"
    yield from (("why it was refused", file) for file in run.evidence)
    if "train" in folders:
        yield "weights", Trained(folders["train"]).best
        yield "each epoch", folders["train"] / "results.csv"
    if "evaluate" in folders:
        yield "predictions and figures", folders["evaluate"]
        yield "worst images", folders["evaluate"] / "worst"
    yield from ((name.partition(".")[2], folders[name]) for name in folders if _is_export(name, run))
    yield "log", run.folder / "log"
    yield "pipeline.yaml, as it was run", run.folder / "pipeline.yaml"


def _is_export(name: str, run: Run) -> bool:
    return name.startswith("export.") and not run.results[name].figures.get("skipped")
