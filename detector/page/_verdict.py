"""What the run came to, in the words that stand at the top."""

from collections.abc import Iterator
from typing import Any

from detector.page._files import link
from detector.page._run import Failure, Run
from detector.page._strips import share
from detector.terms import counted, listed

HEADLINE = ("mAP50-95", "mAP50", "precision", "recall")
SEEN = {
    "test": "{images} that training never saw",
    "val": "{images} by which training chose its best epoch",
}


def verdict(run: Run) -> dict[str, Any]:
    """The headline, its standing (good, bad, even), what is said under it, and the figures with their intervals."""
    standing, headline = _headline(run)
    return {
        "standing": standing,
        "headline": headline,
        "failure": run.failure,
        "after": list(_after(run)),
        "log": link(run.folder / "log", run.folder),
        "promoted": run.results["promote"].summary if "promote" in run.results else None,
        "meaning": _meaning(run),
        "tiles": list(_tiles(run)),
    }


def _headline(run: Run) -> tuple[str, str]:
    if run.failure:
        return "bad", _ended(run.failure)
    promote = run.results.get("promote")
    if promote is None:
        last = run.steps[-1].name if run.steps else "its start"
        return "even", f"Done up to {last}: no model was promoted"
    if not promote.figures.get("champion"):
        return "bad", "Not champion"
    return "good", "New champion" if run.comparison else "Champion"


def _ended(failure: Failure) -> str:
    ending = "Refused" if failure.refused else "Failed"
    return (
        f"{ending} by {failure.step}"
        if failure.refused and failure.step
        else (f"{ending} in {failure.step}" if failure.step else ending)
    )


def _after(run: Run) -> Iterator[str]:
    """Of a run that failed: what is done all the same, and how it goes on."""
    if run.failure is None:
        return
    done = [step.name for step in run.steps]
    yield f"Done before it, and kept: {listed(done)}." if done else "Nothing was done before it."
    at = f"goes on with {run.failure.step}" if run.failure.step else "begins again"
    yield f"Once that is mended, `detector run` {at}{', and repeats nothing that is done' if done else ''}."


def _meaning(run: Run) -> str | None:
    """Precision and recall, as anybody reads them."""
    if run.evaluation is None or "recall" not in run.evaluation.measured.metrics:
        return None
    measured = run.evaluation.measured
    images = SEEN[measured.split].format(images=counted(run.evaluation.images.num_rows, f"{measured.split} image"))
    recall, precision = (f"{100 * measured.metrics[name]:.0f} %" for name in ("recall", "precision"))
    score = measured.score
    return (
        f"On {images}, it finds {recall} of the objects, and {precision} of what it reports is right, "
        f"where predictions count from a score of {score:.2f} on."
    )


def _tiles(run: Run) -> Iterator[dict[str, Any]]:
    if run.evaluation is not None:
        measured = run.evaluation.measured
        for name in HEADLINE:
            if name in measured.metrics:
                value, interval = measured.metrics[name], measured.intervals.get(name)
                strip = share(value, interval) if interval else None
                yield {"name": name, "value": f"{value:.3f}", "interval": interval, "strip": strip}
        yield _count(f"{measured.split} images", run.evaluation.images.num_rows)
        yield _count(f"{measured.split} objects", run.evaluation.objects.num_rows)
    elif run.dataset is not None:
        kept = run.dataset.conversion["kept"]
        yield from (_count(name, kept[name]) for name in ("images", "objects"))


def _count(name: str, count: int) -> dict[str, Any]:
    return {"name": name, "value": f"{count:,}", "interval": None, "strip": None}
