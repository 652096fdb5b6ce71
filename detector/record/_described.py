"""A run in words: its name, its verdict, and the description that MLflow's page shows of it, as Markdown."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from math import isfinite, nan

from detector.data.evaluation import Evaluation, Measured
from detector.errors import GateRefused, Stopped, sentence
from detector.stages import Result

LONGEST = 300  # characters of an error in a description; the tag `error` has it whole
HEADLINE = ("mAP50-95", "mAP50", "precision", "recall", "F1")


@dataclass
class Told:
    """What is known of a run: its folder, the steps that it did, and the one that it is at."""

    folder: str
    page: str  # the address of its report in MLflow
    steps: dict[str, Result] = field(default_factory=dict)
    at: str | None = None

    def name(self, verdict: str) -> str:
        """What it came to, the data version, the folder. MLflow's tables show the first 18 letters of it."""
        version = self.steps["convert"].id if "convert" in self.steps else ""
        return " · ".join(filter(None, (f"{self._measured()}{verdict}", version, self.folder)))

    def _measured(self) -> str:
        figures = self.steps["evaluate"].figures if "evaluate" in self.steps else {}
        return f"{figures['mAP50-95']:.3f} " if "mAP50-95" in figures else ""

    def verdict(self, error: BaseException | None) -> str:
        """What it came to, in a few words; nothing of a run that has done nothing."""
        if error is not None:
            return self._ended(error)
        if "promote" in self.steps:
            return self.steps["promote"].summary.partition(",")[0].replace(":", ",")
        return f"done until {[*self.steps][-1]}" if self.steps else ""

    def _ended(self, error: BaseException) -> str:
        if isinstance(error, Stopped | KeyboardInterrupt):
            return f"stopped in {self.at}" if self.at else "stopped"
        if isinstance(error, GateRefused):
            return f"refused by {self.at}" if self.at else "refused"
        return f"failed in {self.at}" if self.at else "failed"

    def description(self, error: BaseException | None) -> str:
        """The verdict, figures with their intervals, what each step gave, and where the page is."""
        return "\n".join(self._lines(error)).strip()

    def _lines(self, error: BaseException | None) -> Iterator[str]:
        if error is not None:
            first_line, _, _ = sentence(error).partition("\n")
            yield f"**{self._ended(error)}**: {_plain(first_line[:LONGEST])}\n"
        elif "promote" in self.steps:
            yield f"**{_plain(self.steps['promote'].summary)}**\n"
        measured = _measured(self.steps)
        figures = [f"{_headline(measured)}; "] if measured else []
        yield f"{''.join(figures)}[the page of the run]({self.page}); folder `runs/{self.folder}`\n"
        yield from (f"- `{name}` {_plain(result.summary)}" for name, result in self.steps.items())
        if measured is not None:
            yield from _figures(measured)


def _measured(steps: Mapping[str, Result]) -> Measured | None:
    evaluation = Evaluation(steps["evaluate"].path) if "evaluate" in steps else None
    return evaluation.measured if evaluation and evaluation.file.exists() else None


def of_version(told: Told) -> str:
    """The description of a version that the run has registered, or measured again."""
    measured = _measured(told.steps)
    figures = [_headline(measured), *_figures(measured)] if measured else []
    trained = [_plain(told.steps["train"].summary)] if "train" in told.steps else []
    return "\n".join([*figures, *trained, f"\n[the page of the run]({told.page}) `{told.folder}`"]).strip()


def _headline(measured: Measured) -> str:
    """`mAP50-95 0.725 [0.697, 0.756], mAP50 0.958 [0.940, 0.972] on test`."""
    figures = (_with_bounds(name, measured) for name in HEADLINE[:2] if name in measured.metrics)
    return f"{', '.join(figures)} on {measured.split}"


def _with_bounds(name: str, measured: Measured) -> str:
    low, high = measured.intervals.get(name, (nan, nan))
    return f"{name} {measured.metrics[name]:.3f}{f' [{low:.3f}, {high:.3f}]' if isfinite(low) else ''}"


def _figures(measured: Measured) -> Iterator[str]:
    """A table, then what they were measured on."""
    yield "\n| | value | 95 % interval |\n|---|---:|---|"
    titles = {name: name for name in HEADLINE} | {
        f"mAP50-95/{each}": f"mAP50-95 of {each}" for each in measured.classes
    }
    for name, title in titles.items():
        if name in measured.metrics:
            low, high = measured.intervals.get(name, (nan, nan))
            bounds = f"{low:.3f} to {high:.3f}" if isfinite(low) else ""
            yield f"| {_plain(title)} | &ensp;{measured.metrics[name]:.3f} | &ensp;{bounds} |"
    yield (
        f"\nMeasured on {measured.split} of data version `{measured.dataset}`; precision, recall and F1 from a score "
        f"of {measured.score:.2f}.\n"
    )


def _plain(text: str) -> str:
    """No Markdown, no HTML and no table in what somebody else wrote."""
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", escape(text, quote=False)).replace("\n", " ")
