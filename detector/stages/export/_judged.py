"""What an exported model is worth itself: measured through its own runtime, beside the checkpoint, and timed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from detector.data.dataset import Dataset, Split
from detector.data.evaluation import Evaluation
from detector.data.trained import Trained
from detector.engines.detector import Detector
from detector.engines.prepare import read
from detector.engines.speed import Speed, speeds
from detector.errors import GateRefused
from detector.measure.engine import LEAST, METRIC, Drop, drop, measured
from detector.stages import Job
from detector.terms import counted, rounded

TIMED = 32  # pictures that the speed is measured on
FOLDER = "evaluation"


@dataclass(frozen=True)
class Judged:
    """Figures of it, and the same in words; neither without a picture to measure on."""

    figures: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def judge(job: Job[Any], detector: Detector, title: str) -> Judged:
    """Measure it on the whole split that the checkpoint was measured on; leaves an Evaluation in job.folder.

    Raises:
        GateRefused: its mAP50-95 is further below the checkpoint's than `max_drop` allows.
    """
    split = Dataset(job.inputs["convert"].path).on(job.pipeline.measured_on)
    if not split.images:
        return Judged()
    weights = Trained(job.inputs["train"].path).made_from.fingerprint
    with job.report.progress(f"export {job.options.variant}", split.images) as advance:
        evaluation = measured(detector, split, weights, job.folder / FOLDER, advance)
    lost = drop(Evaluation(job.inputs["evaluate"].path), evaluation) if "evaluate" in job.inputs else None
    _gate(job, evaluation, lost)
    score = _score(job)
    timed = list(speeds(detector, _pictures(split), score))
    figures = _accuracy(evaluation, lost) | _speed(timed)
    return Judged(figures, [f"itself, by {title}: {words(evaluation, lost)}", in_words(timed)])


def _score(job: Job[Any]) -> float:
    """From which score on predictions are read where it is timed: as it will be used."""
    return Evaluation(job.inputs["evaluate"].path).measured.score if "evaluate" in job.inputs else LEAST


def _pictures(split: Split) -> list[Any]:
    return [read(split.dataset.image_path(file)) for _, file in split.files[:TIMED]]


def _gate(job: Job[Any], evaluation: Evaluation, lost: Drop | None) -> None:
    allowed = job.options.max_drop
    if lost is not None and lost.value > allowed:
        raise GateRefused(
            f"{job.options.variant} lost accuracy: {words(evaluation, lost)}; max_drop allows {allowed:g}. See "
            f"{evaluation.file}; choose another precision, or allow more with `max_drop`",
            evaluation.file,
        )


def words(evaluation: Evaluation, lost: Drop | None) -> str:
    """How accurate it is, beside the checkpoint."""
    metrics, images = evaluation.measured.metrics, counted(len(evaluation.images), "image")
    if METRIC not in metrics:
        return f"no object on {images} to measure by"
    low, high = evaluation.measured.intervals[METRIC]
    own = f"{METRIC} {metrics[METRIC]:.3f} [{low:.3f}, {high:.3f}] on {images} of {evaluation.measured.split}"
    return own if lost is None else f"{own}, {_beside(lost)} the checkpoint's"


def _beside(lost: Drop) -> str:
    if lost.value < 0:
        return f"{-lost.value:.3f} [{-lost.high:.3f}, {-lost.low:.3f}] above"
    return f"{lost.value:.3f} [{lost.low:.3f}, {lost.high:.3f}] below"


def in_words(timed: Sequence[Speed]) -> str:
    """How fast it is on this machine."""
    first, best = timed[0], max(timed, key=lambda speed: speed.images_per_second)
    of = "a picture" if first.batch == 1 else f"a batch of {first.batch}"
    own = f"{rounded(first.p50)} ms {of} (p95 {rounded(first.p95)}), {rounded(first.images_per_second)} images/s"
    if best.batch != first.batch:
        own += f", in batches of {best.batch} {rounded(best.images_per_second)}"
    return f"{own}; apart from that, {rounded(first.before, 2)} ms a picture before, {rounded(first.after, 2)} ms after"


def _accuracy(evaluation: Evaluation, lost: Drop | None) -> dict[str, float]:
    figures = {
        name: evaluation.measured.metrics[name] for name in (METRIC, "mAP50") if METRIC in evaluation.measured.metrics
    }
    if bounds := evaluation.measured.intervals.get(METRIC):
        figures |= {f"interval/{METRIC}/low": bounds[0], f"interval/{METRIC}/high": bounds[1]}
    return figures | ({} if lost is None else {"drop": lost.value, "drop/low": lost.low, "drop/high": lost.high})


def _speed(timed: Sequence[Speed]) -> dict[str, float]:
    return dict(_figures(timed[0], "")) | dict(_figures(max(timed, key=lambda speed: speed.images_per_second), "best/"))


def _figures(speed: Speed, at: str) -> Iterator[tuple[str, float]]:
    yield f"{at}batch", speed.batch
    yield f"{at}milliseconds/p50", speed.p50
    yield f"{at}milliseconds/p95", speed.p95
    yield f"{at}images_per_second", speed.images_per_second
    yield f"{at}milliseconds/before", speed.before
    yield f"{at}milliseconds/after", speed.after
