"""`detector compare`: two models on the same images: what differs, and how sure that is."""

import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from detector.commands.diff import diff
from detector.commands.evaluations import Named, find
from detector.config.pipeline import Config
from detector.data.dataset import Dataset
from detector.data.places import DATASETS
from detector.data.settings import differing
from detector.errors import UsageError
from detector.measure.paired import Paired, fewer_mistakes, pair

MOST = 10  # images that are named


def compare(before: str | None, after: str | None, config: Config) -> dict[str, Any]:
    """The figures of both with paired intervals, and how their settings and data differ.

    Raises:
        UsageError: One is not there, or they have no image in common that has the same objects on it.
    """
    with tempfile.TemporaryDirectory(prefix="detector-compare-") as scratch:
        both = [find(which, config, Path(scratch, str(at))) for at, which in enumerate((before, after))]
        old, new = both
        if old.evaluation.measured.task != new.evaluation.measured.task:
            raise UsageError(f"{old.name} and {new.name} are models of different tasks, which have no figure in common")
        paired = pair(old.evaluation, new.evaluation)
        if not paired.before:
            raise UsageError(
                f"{old.name} and {new.name} share no image with the same objects on it; run the pipeline again, with "
                "the settings of both, on the present data"
            )
        return {
            "schema": 1,
            "before": _described(old),
            "after": _described(new),
            "images": {"shared": len(paired.before), **_counts(old, new)},
            "figures": {name: asdict(each) | {"change": each.change} for name, each in paired.figures.items()},
            "slices": list(_slices(old, new)),
            "parameters": differing(old.run, new.run),
            "data": _data(config.name, old, new),
            **_won_and_lost(old, new, paired),
        }


def _described(named: Named) -> dict[str, Any]:
    measured = named.evaluation.measured
    facts = {name: getattr(measured, name) for name in ("split", "dataset", "test_set", "weights", "operating_point")}
    return {"name": named.name, "run": named.run and str(named.run), **facts}


def _counts(old: Named, new: Named) -> dict[str, int]:
    return {"before": old.evaluation.images.num_rows, "after": new.evaluation.images.num_rows}


def _slices(old: Named, new: Named) -> Iterator[dict[str, Any]]:
    """Slices that both have, each with its own figure and interval."""
    known = {(each["field"], each["value"]): each for each in old.evaluation.measured.slices}
    for each in new.evaluation.measured.slices:
        if other := known.get((each["field"], each["value"])):
            yield {"field": each["field"], "value": each["value"], "before": other, "after": each}


def _data(name: str, old: Named, new: Named) -> dict[str, Any] | None:
    """What changed from one dataset version to the other; None where it is the same, or one is not here any more."""
    before, after = (DATASETS / name / each.evaluation.measured.dataset for each in (old, new))
    if before == after or not all((folder / "conversion.json").exists() for folder in (before, after)):
        return None
    return diff(Dataset(before), Dataset(after))


def _won_and_lost(old: Named, new: Named, paired: Paired) -> dict[str, Any]:
    """Images with fewer mistakes and with more than before, those that changed most first."""
    fewer = fewer_mistakes(old.evaluation, new.evaluation, paired)
    files = new.evaluation.images["file"].take(list(paired.after)).to_pylist()
    changes = [{"file": file, "fewer_mistakes": int(count)} for file, count in zip(files, fewer, strict=True)]
    changes.sort(key=lambda each: (-each["fewer_mistakes"], each["file"]))
    won = [each for each in changes if each["fewer_mistakes"] > 0]
    lost = [each for each in reversed(changes) if each["fewer_mistakes"] < 0]
    return {"images_won": len(won), "images_lost": len(lost), "won": won[:MOST], "lost": lost[:MOST]}
