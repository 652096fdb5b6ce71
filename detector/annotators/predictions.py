"""Our predictions on a project's tasks: which are there, new ones in bulk, and old ones away.

Ours are known by the beginning of their `model_version`; nobody else's are touched. Seen with Label Studio 1.23 on
SQLite: a bulk import counts all tasks of the project anew, so few large requests are best (1,500 tasks of 10 boxes in
5 s at once, and in 55 s by hundreds); a prediction is deleted in 0.2 s, all of one version in 10 ms each, and two at a
time fail.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from detector.annotators.standing import Standing, Tasks, parts
from detector.errors import DetectorError, UsageError
from detector.label_studio.client import Connection, unreachable
from detector.label_studio.persist import Passing, persist
from detector.label_studio.projects import Project
from detector.label_studio.query import query, where
from detector.system.progress import Progress

T = TypeVar("T")
TASKS = 3_000  # that are sent in one request
REGIONS = 60_000  # and the most of all of them together: some 20 MB
NOTHING = {"shown": None, "prelabels": None}  # of a project that was not asked what it shows
WHOLE = 100  # tasks a request, with all predictions on them


class Draft(NamedTuple):
    """A prediction to be sent: the task, its regions as Label Studio has them, and its score."""

    task: int
    result: list[dict[str, Any]]
    score: float


class Sent(NamedTuple):
    """Tasks that have it now, those that were left alone and why (a key of `skips.REASONS`)."""

    tasks: list[int]
    skipped: dict[int, str]


May = Callable[[Standing], str | None]


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
        self._connection, self._project, self._tasks = connection, project, Tasks(connection, project)
        self._prefix, self._ours = prefix, (prefix, *ours)

    def having(self, text: str) -> Collection[int]:
        """The tasks with a prediction whose `model_version` has `text` in it."""
        return self._tasks.having(text)

    def send(self, drafts: Sequence[Draft], version: str, may: May, since: datetime | None = None) -> Sent:
        """Send one batch. `may` tells why a task is left alone as it stands just before, or None.

        Where the tasks are known to have had no annotation until `since`, only what came later is asked for. A request
        whose answer was lost may have been done: before the next try, who has it already is asked.
        """
        tried = False

        def attempt() -> Sent:
            nonlocal tried
            there = self._tasks.having(version) if tried else ()
            tried = True
            try:
                return self._send(drafts, version, self._left_alone(drafts, may, since), there)
            except UsageError:
                raise
            except DetectorError:
                gone = self._left_alone(drafts, may, None)
                if "gone" not in gone.values():
                    raise
                return self._send(drafts, version, gone, there)

        try:
            return persist(attempt)
        except Passing as failure:
            raise unreachable(self._connection.url, failure) from failure

    def _left_alone(self, drafts: Sequence[Draft], may: May, since: datetime | None) -> dict[int, str]:
        """The tasks that are left alone, each with why."""
        tasks = [draft.task for draft in drafts]
        known = self._tasks.standing(tasks) if since is None else self._tasks.annotated(min(tasks), max(tasks), since)
        wanted = tasks if since is None else [task for task in tasks if task in known]
        return {task: why for task in wanted if (why := _why(known.get(task), may))}

    def _send(self, drafts: Sequence[Draft], version: str, left_alone: dict[int, str], there: Collection[int]) -> Sent:
        wanted = [draft for draft in drafts if draft.task not in left_alone]
        self._import([draft for draft in wanted if draft.task not in there], version)
        return Sent([draft.task for draft in wanted], left_alone)

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
            if version == keep and count <= len(tasks):
                continue
            having = set(self._tasks.having(version))
            if version == keep:
                twice = count > len(having)  # an answer was lost, and it was sent again
                single |= having & {*tasks} if twice else set()
            elif having <= set(tasks):
                gone += self._version_away(version)
            else:
                single |= having & {*tasks}
        with progress("old ones", len(single)) as advance:
            for part in parts(sorted(single), WHOLE):
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


def _why(standing: Standing | None, may: May) -> str | None:
    return "gone" if standing is None else may(standing)
