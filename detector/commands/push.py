"""`detector push`: the model's predictions to the annotators, on the tasks that nobody annotated."""

from collections.abc import Iterator
from typing import Any

from detector.annotators.project import opened
from detector.annotators.push import Request
from detector.annotators.push import push as send
from detector.annotators.skips import REASONS
from detector.config.pipeline import Config
from detector.system.progress import Progress
from detector.terms import counted

FIRST = {
    "uncertain": "the most expected mistakes come first",
    "diverse": "uncertain ones come first, each unlike those before it",
    "rare": "what has most of the classes with few labels comes first",
    "random": "the order is by chance",
}


def push(config: Config, request: Request, progress: Progress) -> dict[str, Any]:
    """Send them to the project that the pipeline pulls from.

    Raises:
        UsageError: It pulls from no server, there is no such model, or the project has none of its classes.
        TryAgain: The server can't be reached.
    """
    with opened(config, progress) as project:
        return send(project, config, request)


def lines(outcome: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The same for a person: title and text."""
    model, project, order = outcome["model"], outcome["project"], outcome["order"]
    yield "project", f"“{project['title']}” at {project['url']}/projects/{project['id']}"
    yield "model", f"{model['name']}, from a score of {model['score']:.2f} on"
    count = len(outcome["pushed"])
    if count:
        each = ", ".join(f"{name} {objects:,}" for name, objects in outcome["objects"].items())
        yield "pushed", f"{counted(count, 'task')}, {counted(sum(outcome['objects'].values()), 'object')}: {each}"
    yield "" if count else "pushed", f"as {outcome['model_version']}" if count else "nothing new"
    if count:
        yield "order", f"{order['by']}: by prediction score, ascending, {FIRST[order['by']]}"
    if count and not order["calibrated"] and order["by"] != "random":
        yield "", "by the bare scores: no evaluation of this model is here that says how often they are right"
    yield from shown(outcome)
    if outcome["replaced"]:
        yield "", f"{counted(outcome['replaced'], 'older prediction')} of ours replaced"
    for name, lost in outcome["unsent"].items():
        yield "", f"{counted(lost, 'object')} of {name} not sent: no control of the project has a label for it"
    for reason, tasks in sorted(outcome["skipped"].items()):
        yield "", f"{counted(tasks, 'task')} left alone: {REASONS[reason]}"


def shown(outcome: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What an annotator sees of it, where that is not all."""
    if outcome["shown"] not in {None, outcome["model_version"]}:
        yield "", f"the project shows the predictions of “{outcome['shown']}”: choose this version in its settings"
    if outcome["prelabels"] is False:
        yield "", "the project opens tasks without predictions: its settings can say otherwise, below Annotation"
