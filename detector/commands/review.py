"""`detector review`: likely label mistakes in the data of the last run, the likeliest first."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from detector.annotators import doubts, page, view
from detector.annotators.memory import Memory
from detector.annotators.project import opened
from detector.annotators.review import annotations_now, review
from detector.annotators.suspicions import KINDS
from detector.annotators.viewed import reviewed
from detector.commands.push import shown
from detector.config.pipeline import Config
from detector.data.agreement import needs, sentence
from detector.system.progress import Progress
from detector.terms import counted

PAGE = "review.html"
logger = logging.getLogger("detector")


class Request(NamedTuple):
    """Which run (None: the newest), how many mistakes at most, and whether to put them on the tasks, too."""

    run: str | None
    limit: int
    push: bool


def find(config: Config, request: Request, progress: Progress) -> dict[str, Any]:
    """Look for them, write the page, and remember what is shown; gives what `--json` says.

    Raises:
        UsageError: There is no such run, or there is no server to push to.
        TryAgain: The server can't be reached.
    """
    of = reviewed(request.run, config.name)
    with ExitStack() as stack:
        project = (
            stack.enter_context(opened(config, progress))
            if request.push or _uses(config, "pull", "label_studio")
            else None
        )
        memory = Memory(config.name, annotations_now(project, of.dataset), of.dataset.version)
        parts = dict(of.parts(progress))
        found = review(of, parts, memory, request.limit)
        file = of.run / PAGE
        page.write(file, of, parts, found.mistakes, f"{counted(len(found.mistakes), 'mistake')} shown.")
        pushed = doubts.push(project, of, parts, found.mistakes, config.classes) if project and request.push else None
        in_fiftyone = view.show(of.dataset, found.mistakes, logger.warning) if _uses(config, "check", "fiftyone") else 0
        memory.remember((each.task, each.box) for each in found.mistakes)
    return {
        "schema": 1,
        "status": "done",
        "run": str(of.run),
        "dataset": of.dataset.version,
        "objects": found.objects,
        "looked_at": found.looked_at,
        "mistakes": [each.told() for each in found.mistakes],
        "annotators": of.agreement,
        "page": str(file),
        "in_fiftyone": in_fiftyone,
        "pushed": pushed,
    }


def _uses(config: Config, stage: str, backend: str) -> bool:
    """Whether a stage of the pipeline uses a backend."""
    return any(step.stage == stage and step.options.using == backend for step in config.steps)


def lines(outcome: dict[str, Any], pipeline: Path) -> Iterator[tuple[str, str]]:
    """The same for a person: title and text."""
    yield "review", f"{outcome['run']}, data version {outcome['dataset']}: {counted(outcome['objects'], 'object')}"
    if outcome["looked_at"]:
        yield "", f"{counted(outcome['looked_at'], 'likely mistake')} not shown: looked at before"
    if not outcome["mistakes"]:
        yield "mistakes", "none is likely"
    for at, each in enumerate(outcome["mistakes"]):
        yield "mistakes" if at == 0 else "", _line(each)
    if outcome["pushed"]:
        count = counted(len(outcome["pushed"]["tasks"]), "task")
        yield "pushed", f"to {count}, as {outcome['pushed']['model_version']}: by prediction score, ascending"
        yield from shown(outcome["pushed"])
    elif outcome["mistakes"]:
        yield "", f"`detector review {pipeline} --push` puts them on the tasks"
    yield from _annotators(outcome["annotators"])
    yield "pictures", outcome["page"]
    if outcome["in_fiftyone"]:
        yield "FiftyOne", f"detector app, then the saved view {view.NAME}"


def _annotators(told: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    """How far people agree, and who differs from the others, where."""
    if told is None:
        return
    yield "annotators", sentence(told)
    for each in told["annotators"]:
        yield "", f"{each['annotator']}: {each['agreed']:.0%} of {counted(each['objects'], 'object')}"
        yield from (("", f"  {needs(difference)}") for difference in each["differs"])


def _line(of: dict[str, Any]) -> str:
    label = f"labelled {of['label']}" if of["label"] else "no label"
    seen = f"the model says {of['seen']}" if of["seen"] else "the model sees nothing"
    return f"{of['likely']:.2f}  {KINDS[of['kind']]}: {label}, {seen}  ({of['link'] or of['file']})"
