"""The data card: what the dataset version holds, and what did not come through as it was drawn."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from detector.data.agreement import needs, sentence
from detector.data.dataset import Dataset
from detector.data.losses import REASONS
from detector.page._run import Run
from detector.page._tasks import named, with_links
from detector.terms import SPLITS


def data(run: Run) -> dict[str, Any] | None:
    """What is new, objects by class and split, what the pictures are like, the losses; None without a version."""
    dataset = run.dataset
    if dataset is None:
        return None
    account = dataset.conversion
    kept = account["kept"]
    links = dict(zip(*(dataset.images[name].to_pylist() for name in ("task_id", "link")), strict=True))
    file = dataset.folder / "conversion.json"
    losses = {action: _losses(account[action], links, file) for action in ("excluded", "dropped", "changed")}
    rows = [(label, [kept["objects_in"][split][label] for split in SPLITS]) for label in dataset.classes]
    return {
        "version": dataset.version,
        "new": _new(run),
        "kept": kept,
        "splits": SPLITS,
        "classes": rows,
        "losses": losses,
        "pictures": _pictures(dataset),
        "agreement": told_of(account.get("agreement")),
    }


def told_of(agreement: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Where people who annotated the same tasks differ, as a page shows it."""
    if agreement is None:
        return None
    people = [{**each, "differs": list(map(needs, each["differs"]))} for each in agreement["annotators"]]
    return {**agreement, "said": sentence(agreement), "annotators": people}


def _new(run: Run) -> str | None:
    """`Since the last pull: 4 changed, 1 new, 1 gone.`; None where this run pulled for the first time."""
    pull = next((step for step in run.steps if step.name == "pull"), None)
    if pull is None:
        return None
    if pull.changes:
        return f"Since the last pull: {', '.join(pull.changes)}."
    return "Nothing has changed in the source since the last pull." if pull.skipped or pull.result.changes else None


def _pictures(dataset: Dataset) -> str | None:
    """`Pictures of 320 x 240 to 640 x 480 pixels; 1 to 12 objects on each, 5 is the median.`."""
    images = dataset.images.filter(dataset.images["file"].is_valid())
    if not images.num_rows:
        return None
    sizes = sorted(
        zip(images["width"].to_pylist(), images["height"].to_pylist(), strict=True), key=lambda s: s[0] * s[1]
    )
    smallest, largest = (f"{width:,} x {height:,}" for width, height in (sizes[0], sizes[-1]))
    every = np.bincount(dataset.instances["image"].to_numpy(), minlength=dataset.images.num_rows)
    counts = every[np.flatnonzero(dataset.images["file"].is_valid().to_numpy())]
    of = smallest if smallest == largest else f"{smallest} to {largest}"
    objects = f"{counts.min()} to {counts.max()} objects on each, {np.median(counts):g} is the median"
    return f"Pictures of {of} pixels; {objects}."


def _losses(
    listed: Mapping[str, list[dict[str, Any]]], links: Mapping[int | str | None, str | None], file: Path
) -> list[dict[str, Any]]:
    """A row for each reason: how many, why, and the tasks by number and link."""
    return [
        {
            "count": len(entries),
            "why": REASONS[reason],
            "tasks": named(with_links([entry.get("task_id", entry.get("detail")) for entry in entries], links), file),
        }
        for reason, entries in listed.items()
    ]
