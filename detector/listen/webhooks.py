"""What a webhook of Label Studio says: whether it is news for a pipeline, and of how many changes.

The form: https://labelstud.io/guide/webhook_reference. A webhook without a payload says its action alone.
"""

from typing import Any, NamedTuple

import msgspec

COUNTED = ("ANNOTATION_", "ANNOTATIONS_", "TASKS_")  # what actions that change a data set begin with
ACTIONS = (  # those that Label Studio 1.23 has
    "ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED",
    "TASKS_CREATED", "TASKS_DELETED",
)  # fmt: skip


class News(NamedTuple):
    """So many changes, by this action."""

    action: str
    changes: int


class Ignored(NamedTuple):
    """Nothing that a run is needed for, and why."""

    why: str


class _Project(msgspec.Struct):
    id: int | None = None
    title: str | None = None


class _Webhook(msgspec.Struct):
    action: str
    project: _Project | None = None
    annotation: Any = None  # a list where the action is about many
    annotations: Any = None


def read(body: bytes, project: int | str) -> News | Ignored:
    """What a body says to the pipeline of `project`, an id or a title. Raises ValueError, with a sentence."""
    try:
        webhook = msgspec.json.decode(body, type=_Webhook)
    except msgspec.ValidationError as error:
        raise ValueError(f"that is no webhook of Label Studio's: {error}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"the body is not JSON: {error}") from error
    if not webhook.action.startswith(COUNTED):
        return Ignored("it is not about annotations or tasks")
    if webhook.project is not None and not _is_of(webhook.project, project):
        return Ignored("it is of another project")
    about = webhook.annotation if isinstance(webhook.annotation, list) else webhook.annotations
    many = isinstance(about, list) and webhook.action.startswith("ANNOTATION")
    return News(webhook.action, max(len(about), 1) if many else 1)


def _is_of(told: _Project, project: int | str) -> bool:
    wanted = str(project)
    return str(told.id) == wanted if wanted.isdigit() else told.title == wanted
