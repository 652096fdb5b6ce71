"""Our predictions on a project's tasks: which are there, new ones in bulk, and old ones away.

Ours are known by the beginning of their `model_version`; nobody else's are touched. Seen with Label Studio 1.23 on
SQLite: a bulk import counts all tasks of the project anew, so few large requests are best (1,500 tasks of 10 boxes in
5 s at once, and in 55 s by hundreds); a prediction is deleted in 0.2 s, all of one version in 10 ms each, and two at a
time fail.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import msgspec

from detector.errors import DetectorError
from detector.label_studio.client import Connection, unreachable
from detector.label_studio.persist import Passing, persist
from detector.label_studio.projects import Project
from detector.label_studio.query import Filter, between, query, where
from detector.system.progress import Progress

T = TypeVar("T")
TASKS = 3_000  # that are sent in one request
REGIONS = 60_000  # and the most of all of them together: some 20 MB
LISTED = 1_000  # tasks a request, without what is on them
NOTHING = {"shown": None, "prelabels": None}  # of a project that was not asked what it shows
WHOLE = 100  # tasks a request, with all predictions on them


class Draft(NamedTuple):
    """A prediction to be sent: the task, its regions as Label Studio has them, and its score."""

    task: int
    result: list[dict[str, Any]]
    score: float


class Standing(NamedTuple):
    """What a task has: submitted annotations, and skipped ones."""

    annotations: int
    cancelled: int


class Sent(NamedTuple):
    """Tasks that have it now, those that were left alone and why (a key of `skips.REASONS`)."""

    tasks: list[int]
    skipped: dict[int, str]


class _Task(msgspec.Struct):
    id: int
    total_annotations: int = 0
    cancelled_annotations: int = 0


class _Page(msgspec.Struct):
    tasks: list[_Task]
    total: int


class _Prediction(msgspec.Struct):
    id: int
    model_version: str | None = None


class _Full(msgspec.Struct):
    id: int
    predictions: list[_Prediction]


class _FullPage(msgspec.Struct):
    tasks: list[_Full]


class _Created(msgspec.Struct):
    created: int


class _Showing(msgspec.Struct):
    model_version: str | None = None
    show_collab_predictions: bool = True


class _Deleted(msgspec.Struct):
    deleted_predictions: int


class Predictions:
    """Those of the project whose `model_version` begins with `prefix`; `ours`: the beginnings of all that is ours."""

    def __init__(self, connection: Connection, project: Project, prefix: str, ours: tuple[str, ...] = ()) -> None:
        self._connection, self._project = connection, project
        self._prefix, self._ours = prefix, (prefix, *ours)

    def having(self, text: str) -> dict[int, Standing]:
        """The tasks with a prediction whose `model_version` has `text` in it."""
        return self._listed([where("predictions_model_versions", "contains", "List", [text])])

    def standing(self, tasks: Sequence[int]) -> dict[int, Standing]:
        """What each of `tasks` has now; those that are gone are not in it."""
        known: dict[int, Standing] = {}
        for part in _parts(tasks, LISTED):
            known |= self._listed([where("id", "in_list", "Number", part)])
        return known

    def _listed(self, wanted: list[Filter]) -> dict[int, Standing]:
        """By id, not by page number: what is deleted meanwhile would move the pages."""
        known: dict[int, Standing] = {}
        how = {"fields": "task_only", "include": "id,total_annotations,cancelled_annotations", "page_size": LISTED}
        last = 0
        while True:
            asked = query(self._project, [*wanted, between(last + 1, 2**53)], "tasks:id")
            page = self._connection.read("/api/tasks", _Page, how | asked)
            known |= {task.id: Standing(task.total_annotations, task.cancelled_annotations) for task in page.tasks}
            if page.total <= len(page.tasks) or not page.tasks or page.tasks[-1].id <= last:
                return known
            last = page.tasks[-1].id

    def send(self, drafts: Sequence[Draft], version: str, may: Callable[[Standing], str | None]) -> Sent:
        """Send one batch. `may` tells why a task is left alone as it stands just before, or None.

        A request whose answer was lost may have been done: before the next try, who has it already is asked.
        """
        tried = False

        def attempt() -> Sent:
            nonlocal tried
            standing = self.standing([draft.task for draft in drafts])
            skipped = {draft.task: _why(standing.get(draft.task), may) for draft in drafts}
            left_alone = {task: why for task, why in skipped.items() if why}
            there = self.having(version).keys() if tried else set()
            tried = True
            wanted = [draft for draft in drafts if draft.task not in left_alone]
            self._import([draft for draft in wanted if draft.task not in there], version)
            return Sent([draft.task for draft in wanted], left_alone)

        try:
            return persist(attempt)
        except Passing as failure:
            raise unreachable(self._connection.url, failure) from failure

    def _import(self, drafts: Sequence[Draft], version: str) -> None:
        if not drafts:
            return
        content = [draft._asdict() | {"model_version": version} for draft in drafts]
        path = f"/api/projects/{self._project.id}/import/predictions"
        answer = self._connection.send("POST", path, content, _Created)
        if answer is None or answer.created != len(drafts):
            count = answer.created if answer else 0
            raise DetectorError(
                f"Label Studio took {count:,} of {len(drafts):,} predictions; its own log says what it has against the"
                " others"
            )

    def away(self, tasks: Collection[int], keep: str, progress: Progress) -> int:
        """Delete ours from `tasks`, but one of the version `keep` on each; gives how many went."""
        gone, single = 0, set[int]()
        for version, count in self._versions().items():
            having = self.having(version).keys()
            if version == keep:
                single |= having & tasks if count > len(having) else set()  # an answer was lost, and it was sent again
            elif having <= set(tasks):
                gone += self._version_away(version)
            else:
                single |= having & tasks
        with progress("old ones", len(single)) as advance:
            for part in _parts(sorted(single), WHOLE):
                gone += sum(self._delete(each.id) for task in self._full(part) for each in self._old(task, keep))
                advance(len(part))
        return gone

    def _versions(self) -> dict[str, int]:
        """The versions of ours that there are, and how many predictions each has."""
        path = f"/api/projects/{self._project.id}/model-versions/"
        counts = self._connection.read(path, dict[str, int])
        return {name: count for name, count in counts.items() if name.startswith(self._prefix)}

    def _version_away(self, version: str) -> int:
        path = f"/api/projects/{self._project.id}/model-versions/"
        answer = self._again(lambda: self._connection.send("DELETE", path, {"model_version": version}, _Deleted))
        return answer.deleted_predictions if answer else 0

    def show(self, version: str) -> dict[str, Any]:
        """Let the project show the predictions of this version, unless it shows somebody else's.

        Label Studio opens a task with the predictions of one version, and the Data Manager sorts by the scores of that
        one. Gives `shown`: the version that it is now; and `prelabels`: whether a task opens with predictions at all.
        """
        path = f"/api/projects/{self._project.id}/"
        now = self._connection.read(path, _Showing)
        if now.model_version != version and (not now.model_version or now.model_version.startswith(self._ours)):
            content = {"model_version": version}
            now = self._again(lambda: self._connection.send("PATCH", path, content, _Showing)) or now
        return {"shown": now.model_version, "prelabels": now.show_collab_predictions}

    def _full(self, tasks: Sequence[int]) -> list[_Full]:
        how = {"fields": "all", "include": "id,predictions", "resolve_uri": "false", "page_size": WHOLE}
        asked = query(self._project, [where("id", "in_list", "Number", tasks)], "tasks:id")
        return self._connection.read("/api/tasks", _FullPage, how | asked).tasks

    def _old(self, task: _Full, keep: str) -> Iterator[_Prediction]:
        """Ours, but the first one of the version `keep`."""
        ours = [each for each in task.predictions if (each.model_version or "").startswith(self._prefix)]
        kept = min((each.id for each in ours if each.model_version == keep), default=None)
        return (each for each in ours if each.id != kept)

    def _delete(self, prediction: int) -> int:
        self._again(lambda: self._connection.send("DELETE", f"/api/predictions/{prediction}/", None, object))
        return 1

    def _again(self, ask: Callable[[], T]) -> T:
        """What may be asked twice: what is gone already stays gone."""
        try:
            return persist(ask)
        except Passing as failure:
            raise unreachable(self._connection.url, failure) from failure


def batches(drafts: Iterable[Draft]) -> Iterator[list[Draft]]:
    """As many as one request takes."""
    batch: list[Draft] = []
    regions = 0
    for draft in drafts:
        if batch and (len(batch) == TASKS or regions + len(draft.result) > REGIONS):
            yield batch
            batch, regions = [], 0
        batch.append(draft)
        regions += len(draft.result)
    if batch:
        yield batch


def _why(standing: Standing | None, may: Callable[[Standing], str | None]) -> str | None:
    return "gone" if standing is None else may(standing)


def _parts(tasks: Sequence[int], size: int) -> Iterator[list[int]]:
    remaining = iter(tasks)
    while part := [*islice(remaining, size)]:
        yield part
