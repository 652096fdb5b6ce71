"""What a person is told of a study."""

from collections.abc import Iterator, Mapping
from typing import Any

from detector.data.comparison import certainty
from detector.data.studies import Candidate, Study, Verdict


def values(arguments: Mapping[str, Any]) -> str:
    """`lr0 0.0031, mosaic 0.4`: the arguments of a trial."""
    return ", ".join(f"{name} {_short(value)}" for name, value in arguments.items()) or "what the pipeline has now"


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def finished(value: float, arguments: Mapping[str, Any], best: bool) -> str:
    """The line of a trial."""
    return f"{value:.4f}  {values(arguments)}{'  (best)' if best else ''}"


def pruned(why: str, arguments: Mapping[str, Any]) -> str:
    """The line of a trial that was given up."""
    return f"pruned {why}  {values(arguments)}"


def begun(study: Study) -> Iterator[str]:
    """What is searched, and how far it is."""
    yield f"study {study.study} on version {study.dataset}, by {study.metric} on val"
    if study.finished:
        best = f", the best is trial {study.best.trial} with {study.best.value:.4f}" if study.best else ""
        yield f"goes on: {study.finished} of {study.asked} trials are finished{best}"
    width = max(map(len, study.space))
    yield from (f"{name:<{width}}  {what}" for name, what in study.space.items())


def table(verdict: Verdict) -> Iterator[str]:
    """The candidates beside the defaults, over all seeds."""
    if not verdict.candidates:
        return
    yield f"{'':<10}  defaults  trial    change   95 %                better with"
    yield from (_row(each) for each in verdict.candidates)


def _row(each: Candidate) -> str:
    bounds = f"[{each.low:+.4f}, {each.high:+.4f}]"
    values = f"{each.before:>8.4f}  {each.after:.4f}  {each.after - each.before:+.4f}  {bounds}"
    return f"{f'trial {each.trial}':<10}  {values}  {certainty(each.better):>10} %"


def setting(arguments: Mapping[str, Any]) -> str:
    """What gives a run these arguments without an edit of its file."""
    from detector.config.edit import plain

    return " ".join(f"--set train.options.{name}={plain(value)}" for name, value in arguments.items())
