"""New weights against the champion, on the same images."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from detector.data.comparison import Difference, certainty
from detector.data.dataset import Split
from detector.data.evaluation import Evaluation
from detector.errors import UsageError
from detector.measure.evaluate import judge as measure
from detector.measure.paired import Paired, pair
from detector.models.quiet import LOG, quietly
from detector.models.validate import seen_on
from detector.models.weights import fingerprint, load_model
from detector.stages import Job
from detector.stages.services import ModelVersion
from detector.terms import Task


class Rules(NamedTuple):
    """What is asked of a challenger; see the options of promote."""

    metric: str
    minimum: float
    confidence: float
    margin: float
    per_class: bool
    seeds: float = 0.0  # standard deviation of a figure between seeds


class Verdict(NamedTuple):
    """Which alias the new version takes, why, the figures that say so, and all that was paired with the champion."""

    alias: str
    why: str
    figures: Mapping[str, float] = {}
    paired: Paired | None = None


def judge(rules: Rules, challenger: Evaluation, champion: ModelVersion | None, before: Evaluation | None) -> Verdict:
    """Champion if not below the minimum, and better than the champion beyond chance.

    `before` is the champion on the same images; None for one that can't be measured there (other classes, another
    task): it does not do this job any more.
    """
    value = challenger.measured.metrics[rules.metric]
    if not value >= rules.minimum:
        return Verdict("challenger", f", below the minimum of {rules.minimum:g}{stays(champion)}")
    if champion is None:
        return Verdict("champion", ", the first")
    if before is None:
        return Verdict("champion", f"; version {champion.number} knows other classes or another task")
    paired = pair(before, challenger, rules.margin, rules.seeds)
    return _decide(rules, paired.figures, champion.number)._replace(paired=paired)


def _decide(rules: Rules, differences: Mapping[str, Difference], number: str) -> Verdict:
    difference = differences[rules.metric]
    fallen = list(_fallen(rules.metric, differences)) if rules.per_class else []
    asked = f"{_percent(rules.confidence)} % is asked"
    by = f" by more than {rules.margin:g}" if rules.margin else ""
    than = f" against {difference.before:.4f} of version {number}"
    comparison = f"{than}: {_change(difference)}; better{by} with {certainty(difference.better)} %"
    figures = {
        f"{rules.metric} of the champion before": difference.before,
        "better_share": difference.better,
        "difference": difference.change,
        "difference/low": difference.low,
        "difference/high": difference.high,
    }
    if difference.better < rules.confidence:
        return Verdict("challenger", f"{comparison}, {asked}: version {number} stays champion", figures)
    if fallen:
        return Verdict("challenger", f"{comparison}, but {'; '.join(fallen)}: version {number} stays champion", figures)
    return Verdict("champion", comparison, figures)


def _fallen(metric: str, differences: Mapping[str, Difference]) -> Iterator[str]:
    """The classes that are worse beyond their own interval; a retraining forgets in silence."""
    name = metric.partition("/")[0] if metric.partition("/")[0] in {"mAP50-95", "mAP50"} else "mAP50-95"
    for key, difference in differences.items():
        metric_of, slash, label = key.partition("/")
        if slash and metric_of == name and difference.high < 0:
            yield f"{label} falls {_change(difference)}"


def _change(difference: Difference) -> str:
    return f"{difference.change:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]".replace("-", "−")


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0")


def stays(champion: ModelVersion | None) -> str:
    """The end of a sentence on weights that did not get to be compared."""
    return f"; version {champion.number} stays champion" if champion else "; there is no champion"


class Ring(NamedTuple):
    """Where two models are compared: a split, what was measured on it, and for what task."""

    split: Split
    measured: Evaluation
    task: Task


def champion_here(champion: ModelVersion, ring: Ring, folder: Path, job: Job[Any]) -> Evaluation | None:
    """The champion on the present test set: as it was kept when it is the same, else measured now in `folder`.

    None for a champion of another task or other classes.
    """
    remembered = _remembered(champion, ring)
    if remembered is not None:
        return remembered
    folder.mkdir()
    weights = Path(shutil.copy(champion.fetch(), folder))  # where other machines see it, too
    if not _does_this_job(weights, ring, folder):
        return None
    changed = champion.test_set != ring.split.content
    why = "the test set has changed" if changed else "its predictions were not kept"
    job.report.say(f"{why}: measuring the champion, version {champion.number}, on it")
    with job.report.progress("champion", ring.split.images) as advance:
        seen = seen_on(weights, ring.split, folder, advance, job.shards)
    return measure(seen, ring.split, fingerprint(weights), folder)


def _remembered(champion: ModelVersion, ring: Ring) -> Evaluation | None:
    """What was kept of the champion, if it is of this test set."""
    folder = champion.evaluation() if champion.test_set == ring.split.content else None
    if folder is None:
        return None
    evaluation = Evaluation(folder)
    try:
        same = evaluation.measured.test_set == ring.split.content
        evaluation.load()
    except (UsageError, OSError, ValueError, TypeError):  # of another form, or not whole
        return None
    return evaluation if same else None


def _does_this_job(weights: Path, ring: Ring, folder: Path) -> bool:
    with quietly(folder / LOG):
        model = load_model(weights)
        return model.task == ring.task and list(model.names.values()) == ring.split.dataset.classes
