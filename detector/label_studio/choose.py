"""Which annotation of a task counts, when several people annotated it.

Never a union by default: two people's boxes around one object would become two objects.
"""

from typing import NamedTuple

import msgspec

from detector.label_studio.consensus import agree
from detector.label_studio.policy import Annotator, Policy
from detector.label_studio.structs import SHAPES, Annotation, Region, Task, Unreadable

_ANY_WILL_DO = ("latest", "first", "consensus", "fail")  # these do not ask who drew, or whether it is the truth


class Choice(NamedTuple):
    """The annotation that counts, or None and the reason (a key of detector.data.losses.REASONS).

    `lost` are the regions that do not count, each with its reason; None stands for all of the other annotations.
    """

    annotation: Annotation | None
    reason: str = ""
    lost: list[tuple[str, Region]] | None = None


def choose(task: Task, policy: Policy) -> Choice:
    """The annotation of `task` that counts under `policy`.

    `fail` chooses like `latest`; its caller refuses tasks with several submitted annotations first (`several`).
    """
    submitted = [annotation for annotation in task.annotations if not annotation.was_cancelled]
    if not submitted:
        return Choice(None, _why_none(task))
    if len(submitted) == 1 and policy in _ANY_WILL_DO:
        return Choice(submitted[0])
    if isinstance(policy, Annotator):
        submitted = [annotation for annotation in submitted if _by(annotation, policy.annotator)]
        return _latest(submitted, "not_chosen_annotator")
    if policy == "ground_truth":
        return _latest([annotation for annotation in submitted if annotation.ground_truth], "no_ground_truth")
    if policy == "consensus":
        return _consensus(task, submitted)
    return Choice(min(submitted, key=_created)) if policy == "first" else _latest(submitted, "unlabelled")


def several(task: Task) -> bool:
    """More than one person submitted an annotation."""
    return sum(not annotation.was_cancelled for annotation in task.annotations) > 1


def _why_none(task: Task) -> str:
    if task.annotations:
        return "cancelled"
    if task.drafted:
        return "draft_only"
    return "prediction_only" if task.predicted else "unlabelled"


def _consensus(task: Task, submitted: list[Annotation]) -> Choice:
    """The latest annotation, with what most annotators drew in place of its regions."""
    latest, *others = sorted(submitted, key=_updated, reverse=True)
    agreement = agree([latest, *others])
    skipped = [region for annotation in task.annotations if annotation.was_cancelled for region in annotation.result]
    aside = [region for annotation in submitted for region in annotation.result if region.type not in SHAPES]
    lost = [
        *(("other_annotation", region) for region in agreement.agreed),
        *(("no_consensus", region) for region in agreement.disputed),
        *(("cancelled_annotation", region) for region in skipped),
        *(("unreadable" if isinstance(region, Unreadable) else "not_a_shape", region) for region in aside),
    ]
    consensus = msgspec.structs.replace(latest, result=agreement.kept)
    doubtful = agreement.disputed or any(isinstance(region, Unreadable) for region in aside)
    if not agreement.kept and (doubtful or aside):
        return Choice(None, "no_consensus" if doubtful else "no_shapes", lost)
    return Choice(consensus, "", lost)


def _latest(annotations: list[Annotation], reason: str) -> Choice:
    return Choice(max(annotations, key=_updated)) if annotations else Choice(None, reason)


def _by(annotation: Annotation, who: str) -> bool:
    by = annotation.completed_by
    return who in ({str(by.get("email")), str(by.get("id"))} if isinstance(by, dict) else {str(by)})


def _created(annotation: Annotation) -> tuple[str, int]:
    return annotation.created_at or "", annotation.id


def _updated(annotation: Annotation) -> tuple[str, int]:
    return annotation.updated_at or annotation.created_at or "", annotation.id
