"""A model becomes champion when it is better than the champion on the same frozen test set."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from detector import measure
from detector.data import champion as champions
from detector.errors import UsageError
from detector.measure import seeds
from detector.stages import Job, Pipeline, Result, Section, Source
from detector.stages.services import ModelVersion

if TYPE_CHECKING:
    from detector.data.evaluation import Evaluation
    from detector.stages.promote._contest import Verdict

LIBRARIES = measure.LIBRARIES
OVERALL = ("mAP50-95", "mAP50", "mAP75", "precision", "recall", "F1")
BY_CLASS = ("mAP50-95", "mAP50")
AS_BEFORE = ", as before: the same weights"


class Options(Section):
    """What the new weights have to beat before they are the champion."""

    using: Literal["better"] = "better"
    metric: str = Field(
        "mAP50-95", description="what decides: mAP50-95, mAP50, mAP75, precision, recall, F1, or mAP50-95/<class>"
    )
    minimum: float = Field(0.05, ge=0, le=1, description="a model below this never becomes champion")
    confidence: float = Field(
        0.95, ge=0.5, lt=1, description="share of bootstrap draws in which it must be better than the champion"
    )
    margin: float = Field(0.0, ge=0, le=1, description="by how much it must be better")
    per_class: bool = Field(True, description="no class may be worse than the champion's beyond its own interval")
    between_seeds: float | None = Field(
        None, ge=0, le=0.5,
        description="by how much the metric differs between trainings with other seeds (standard deviation); left out, "
        "by the images in train; 0 takes the intervals of the test images alone",
        examples=[0.01],
    )  # fmt: skip


def faults(options: Options, pipeline: Pipeline) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """A metric that is never measured."""
    names = list(metrics(pipeline))
    if options.metric not in names:
        yield ("metric",), f"{options.metric} is not measured; choose one of {', '.join(names)}"


def foresee(options: Options, pipeline: Pipeline, inputs: Mapping[str, Result]) -> None:
    """Raise UsageError for the metric of a class that the dataset version has no object of, where it is measured."""
    from detector.data.dataset import Dataset

    _, _, label = options.metric.partition("/")
    if not label or "convert" not in inputs:
        return
    split = pipeline.measured_on
    if not Dataset(inputs["convert"].path).on(split).objects[label]:
        raise UsageError(
            f"promote.metric: {options.metric} can't be measured, since the {split} split has no {label}; "
            f"label some there, or choose another metric, such as {OVERALL[0]}"
        )


def derived(options: Options, inputs: Mapping[str, Result]) -> Mapping[str, Mapping[str, Any]]:
    """The noise between seeds, where it is left out."""
    if options.between_seeds is not None:
        return {}
    images = _learned_from(inputs["convert"])
    return {"between_seeds": {"value": round(seeds.between_seeds(images), 4), "why": f"{images:,} images in train"}}


def _learned_from(convert: Result) -> int:
    from detector.data.dataset import Dataset

    return Dataset(convert.path).on("train").images


def _between_seeds(job: Job[Options]) -> float:
    written = job.options.between_seeds
    return seeds.between_seeds(_learned_from(job.inputs["convert"])) if written is None else written


def look(_options: Options, datasets: Path) -> Source:
    """Who is champion, as far as is known here: a verdict on the same weights is another after a rollback."""
    champion = champions.read(datasets.name)
    return Source(champion.version if champion else "", name="the champion")


def metrics(pipeline: Pipeline) -> Iterator[str]:
    """The names that can decide; for segment, they are of the masks."""
    yield from OVERALL
    yield from (f"{name}/{label}" for label in pipeline.classes for name in BY_CLASS)


def run(job: Job[Options]) -> Result:
    """Register the weights, and name them champion or challenger. Raises UsageError for a metric that is not there.

    What was compared is in comparison.json (detector.data.comparison). Weights that were champion and were rolled back
    are champion again only with `--force promote`.
    """
    from detector.data.evaluation import Evaluation
    from detector.data.trained import Trained
    from detector.stages.promote._contest import Verdict, stays

    options, evaluation = job.options, Evaluation(job.inputs["evaluate"].path)
    metric, measured, compared = options.metric, evaluation.measured, list[Path]()
    value = _value(measured.metrics, metric)
    champion = job.registry.champion()
    weights = Trained(job.inputs["train"].path).best
    number = job.registry.register(weights, measured.metrics, measured.test_set, measured.weights)
    if champion is not None and champion.number == number:
        verdict = Verdict("champion", AS_BEFORE)
    elif job.registry.rolled_back(number) and not job.forced:
        verdict = Verdict("challenger", f", was rolled back{stays(champion)}")
    else:
        verdict, compared = _compete(job, evaluation, champion)
    if verdict.why != AS_BEFORE:
        job.registry.name(number, verdict.alias)
    figures = {metric: value, **verdict.figures, "champion": float(verdict.alias == "champion")}
    summary = f"{verdict.alias}: version {number}, {metric} {value:.4f}{verdict.why}"
    left = number if verdict.alias == "champion" else champion.number if champion else ""
    artifacts = {"promote": compared}
    return Result(job.folder, f"{number}-{verdict.alias}", summary, figures, artifacts, left=left)


def _compete(
    job: Job[Options], evaluation: "Evaluation", champion: ModelVersion | None
) -> tuple["Verdict", list[Path]]:
    """The verdict, and the file that says what was compared, if anything was."""
    from detector.data.comparison import write
    from detector.data.dataset import Dataset
    from detector.stages.promote._compared import Bout, comparison
    from detector.stages.promote._contest import Ring, Rules, champion_here, judge

    options, again = job.options, job.folder / "champion"
    ring = Ring(Dataset(job.inputs["convert"].path).on(evaluation.measured.split), evaluation, job.pipeline.task)
    rules = Rules(
        options.metric, options.minimum, options.confidence, options.margin, options.per_class, _between_seeds(job)
    )
    rival = champion if evaluation.measured.metrics[options.metric] >= options.minimum else None
    before = champion_here(rival, ring, again, job) if rival else None
    verdict = judge(rules, evaluation, champion, before)
    if champion is None or before is None or verdict.paired is None:
        return verdict, []
    bout = Bout(champion, before, before.folder == again, verdict.paired)
    return verdict, [write(comparison(bout, ring, rules), job.folder)]


def _value(measured: Mapping[str, float], metric: str) -> float:
    if metric not in measured:
        raise UsageError(f"promote.metric: {metric} was not measured; choose one of {', '.join(measured)}")
    return measured[metric]
