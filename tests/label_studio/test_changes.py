"""Asking a real Label Studio only for what changed, and having in the end what a full listing gives."""

import json
import random
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from detector.label_studio import changes, kept, listing, state
from detector.label_studio.client import Connection, connect
from detector.label_studio.projects import Project, find_project
from tests.support.services.label_studio import TOKEN, Server, disc


@dataclass
class Pulled:
    """A project, and what is kept of it in `file`."""

    server: Server
    connection: Connection
    project: Project
    file: Path

    def update(self, **how):
        return changes.update(self.connection, self.project, self.file, state.quietly, **how)

    def fresh(self):
        """The same, by somebody who never asked before."""
        file = self.file.with_name("fresh")
        file.unlink(missing_ok=True)
        return changes.update(self.connection, self.project, file, state.quietly)

    def state(self):
        return state.state(self.connection, self.project, self.file)

    def agree(self):
        """An update gives what a full listing does, and says whether it fetched any task."""
        updated, fresh = self.update(), self.fresh()
        assert updated.tasks.equals(fresh.tasks)
        assert kept.read(self.file) == updated
        return updated

    @contextmanager
    def asked(self):
        """The queries that the server gets meanwhile."""
        asked = []
        hook = lambda request: asked.append(request.url.params)  # noqa: E731
        self.connection.http.event_hooks = {"request": [hook], "response": []}
        yield asked
        self.connection.http.event_hooks = {"request": [], "response": []}

    def act(self, action, tasks, **more):
        chosen = {"selectedItems": {"all": False, "included": tasks}, "project": self.project.id}
        self.server.ask(
            "POST", "/api/dm/actions", params={"id": action, "project": self.project.id}, json=chosen | more
        )


@pytest.fixture
def pulled(label_studio, tmp_path, request):
    number = label_studio.project(request.node.name[:50])
    with connect(label_studio.url, TOKEN) as connection:
        yield Pulled(label_studio, connection, find_project(connection, number), tmp_path / "kept")


@pytest.fixture
def short_ranges(monkeypatch):
    monkeypatch.setattr(changes, "LISTED", 3)
    monkeypatch.setattr(listing, "STAMPS", 4)
    monkeypatch.setattr(listing, "PAGE", 3)
    monkeypatch.setattr(changes, "OVERLAP", 0 * changes.OVERLAP)


def test_the_state_tells_every_change_and_only_changes(label_studio, pulled):
    project, ask = pulled.project.id, label_studio.ask
    tasks = label_studio.add_tasks(project, [_task(name, drawn=False) for name in "abc"])
    seen = []

    def changed():
        """The state is another one, and the update that it calls for gives the same one."""
        state = pulled.state()
        assert pulled.agree().state == state == pulled.state()
        seen.append(state)

    def unchanged():
        assert pulled.state() == seen[-1]
        assert pulled.agree().state == seen[-1]

    changed()
    annotation = ask("POST", f"/api/tasks/{tasks[0]}/annotations/", json={"result": [disc()]})["id"]
    changed()
    ask("PATCH", f"/api/annotations/{annotation}/", json={"result": [disc(x=11)]})
    changed()
    ask("PATCH", f"/api/annotations/{annotation}/", json={"ground_truth": True})
    changed()
    ask("POST", "/api/predictions/", json={"task": tasks[0], "result": [disc()]})
    unchanged()
    ask("POST", f"/api/projects/{project}/import/predictions", json=[{"task": tasks[1], "result": [disc()]}])
    unchanged()
    ask("POST", f"/api/tasks/{tasks[1]}/drafts", json={"result": [disc()]})
    unchanged()
    ask("PATCH", f"/api/projects/{project}/", json={"title": "Renamed"})
    unchanged()
    skipped = {"result": [], "was_cancelled": True}
    skipped = ask("POST", f"/api/tasks/{tasks[1]}/annotations/", json=skipped)["id"]
    changed()
    ask("DELETE", f"/api/annotations/{skipped}/")
    changed()
    ask("PATCH", f"/api/tasks/{tasks[2]}/", json={"data": {"image": "https://example.com/d.png"}})
    changed()
    pulled.act("propagate_annotations", [tasks[1]], source_annotation_id=annotation)
    changed()
    pulled.act("predictions_to_annotations", [tasks[1]])
    changed()
    ask("DELETE", f"/api/annotations/{annotation}/")
    changed()
    pulled.act("delete_tasks_annotations", [tasks[1]])
    changed()
    ask("DELETE", f"/api/tasks/{tasks[1]}/")
    changed()
    label_studio.add_tasks(project, [_task("e")])
    changed()
    assert len(set(seen)) == len(seen) == 13


@pytest.mark.usefixtures("short_ranges")
@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_edited_an_update_gives_what_a_full_listing_does(label_studio, pulled, seed):
    chance = random.Random(seed)
    tasks = label_studio.add_tasks(pulled.project.id, [_task(number) for number in range(25)])
    pulled.agree()
    for _ in range(6):
        for _ in range(chance.randint(1, 4)):
            _edit(label_studio, pulled.project.id, tasks, chance)
        pulled.agree()


def test_only_what_changed_is_fetched(label_studio, pulled):
    tasks = label_studio.add_tasks(pulled.project.id, [_task(number) for number in range(300)])
    pulled.update()
    for task in tasks[50:55]:
        label_studio.ask("POST", f"/api/tasks/{task}/annotations/", json={"result": [disc(x=5)]})
    with pulled.asked() as asked:
        pulled.agree()
    fetched = [json.loads(query["query"])["filters"]["items"] for query in asked if query.get("fields") == "all"]
    assert [item["value"] for items in fetched[:2] for item in items] == [tasks[50:55], tasks[-1]]


def test_nothing_new_is_one_small_question(label_studio, pulled):
    label_studio.add_tasks(pulled.project.id, [_task(number) for number in range(5)])
    before = pulled.update()
    with pulled.asked() as asked:
        assert pulled.update() == before
    assert [query["page_size"] for query in asked] == ["1"]


@pytest.mark.usefixtures("short_ranges")
def test_a_few_deletions_are_found_without_listing_every_id(label_studio, pulled):
    tasks = label_studio.add_tasks(pulled.project.id, [_task(number) for number in range(200)])
    pulled.update()
    for task in (tasks[0], tasks[77]):
        label_studio.ask("DELETE", f"/api/tasks/{task}/")
    with pulled.asked() as asked:
        updated = pulled.update()
    assert updated.tasks["id"].to_pylist() == [task for task in tasks if task not in {tasks[0], tasks[77]}]
    assert len(asked) < 25


@pytest.mark.usefixtures("short_ranges")
def test_edits_in_the_middle_of_a_listing_are_seen_by_the_next(label_studio, pulled):
    """The first task is listed by then, the last one is not: to ask from the newest time that is known is too late."""
    tasks = label_studio.add_tasks(pulled.project.id, [_task(number) for number in range(8)])
    edits = [tasks[0], tasks[-1]]

    def edit(_):
        while edits:
            label_studio.ask("PATCH", f"/api/tasks/{edits.pop(0)}/", json={"data": _task("edited")["data"]})

    @contextmanager
    def busy(_, __):
        yield lambda by: edit(by) if by else None

    changes.update(pulled.connection, pulled.project, pulled.file, busy)
    assert not edits
    pulled.agree()


@pytest.mark.usefixtures("short_ranges")
def test_a_listing_that_is_cut_short_goes_on(label_studio, pulled):
    tasks = label_studio.add_tasks(pulled.project.id, [_task(number) for number in range(20)])
    pages = iter(range(3))  # of 3 tasks each

    @contextmanager
    def killed(_, __):
        yield lambda by: next(pages) if by else None

    with pytest.raises(RuntimeError):  # what StopIteration becomes on its way out of a generator
        changes.update(pulled.connection, pulled.project, pulled.file, killed)
    assert kept.read(pulled.file).tasks["id"].to_pylist() == tasks[:12]
    label_studio.ask("PATCH", f"/api/tasks/{tasks[0]}/", json={"data": _task("edited")["data"]})
    label_studio.ask("DELETE", f"/api/tasks/{tasks[1]}/")
    state = pulled.state()
    with pulled.asked() as asked:
        assert pulled.update().state == state
    assert sum(query.get("fields") == "all" for query in asked) == 4
    pulled.agree()


@pytest.mark.usefixtures("short_ranges")
def test_a_long_listing_is_kept_now_and_then_for_a_process_that_is_killed(label_studio, pulled, monkeypatch):
    tasks = label_studio.add_tasks(pulled.project.id, [_task(number) for number in range(20)])
    monkeypatch.setattr(changes, "UNKEPT", 5)
    there = []

    @contextmanager
    def looked_at(_, __):
        yield lambda _: there.append(kept.read(pulled.file).tasks.num_rows)

    changes.update(pulled.connection, pulled.project, pulled.file, looked_at)
    assert there == [0, 0, 6, 6, 12, 12, 18, 18]  # none changed; then after each page of three
    assert kept.read(pulled.file).tasks["id"].to_pylist() == tasks


def test_a_project_that_loses_all_its_tasks_has_none(label_studio, pulled):
    tasks = label_studio.add_tasks(pulled.project.id, [_task(number) for number in range(5)])
    pulled.update()
    for task in tasks:
        label_studio.ask("DELETE", f"/api/tasks/{task}/")
    assert pulled.agree().tasks.num_rows == 0
    label_studio.add_tasks(pulled.project.id, [_task("new")])
    assert pulled.agree().tasks.num_rows == 1


def test_all_is_fetched_anew_when_that_is_asked_for(label_studio, pulled):
    label_studio.add_tasks(pulled.project.id, [_task(number) for number in range(3)])
    right = pulled.update()
    wrong = right.tasks.set_column(3, "json", [[b'{"id":1,"data":{},"annotations":[]}'] * 3])
    kept.write(pulled.file, kept.Kept(wrong.cast(listing.TASKS), right.look, right.state))
    assert not pulled.update().tasks.equals(right.tasks)
    assert pulled.update(anew=True).tasks.equals(right.tasks)
    assert pulled.update().tasks.equals(right.tasks)


@pytest.mark.parametrize("damage", [b"", b"ARROW1 and nothing else", None])
def test_what_cannot_be_read_is_asked_for_again(label_studio, pulled, damage):
    label_studio.add_tasks(pulled.project.id, [_task(number) for number in range(3)])
    right = pulled.update()
    content = pulled.file.read_bytes()
    pulled.file.write_bytes(content[: len(content) // 2] if damage is None else damage)
    assert pulled.update().tasks.equals(right.tasks)


def _task(name, drawn=True):
    annotations = [{"result": [disc()]}] if drawn else []
    return {"data": {"image": f"https://example.com/{name}.png"}, "annotations": annotations}


def _edit(server, project, tasks, chance):
    """One random change, as people make them; `tasks` is kept up to date."""
    task = chance.choice(tasks)
    annotations = [drawn["id"] for drawn in server.ask("GET", f"/api/tasks/{task}/annotations/")]
    result = {"result": [disc(x=chance.randint(0, 60))]}
    match chance.choice(["new", "gone", "drawn", "edited", "erased", "data", "truth", "skipped", "predicted"]):
        case "new":
            tasks += server.add_tasks(project, [_task(chance.random()) for _ in range(chance.randint(1, 5))])
        case "gone":
            server.ask("DELETE", f"/api/tasks/{task}/")
            tasks.remove(task)
        case "drawn":
            server.ask("POST", f"/api/tasks/{task}/annotations/", json=result)
        case "edited" if annotations:
            server.ask("PATCH", f"/api/annotations/{annotations[-1]}/", json=result)
        case "erased" if annotations:
            server.ask("DELETE", f"/api/annotations/{annotations[0]}/")
        case "data":
            server.ask("PATCH", f"/api/tasks/{task}/", json={"data": _task(chance.random())["data"]})
        case "truth" if annotations:
            server.ask("PATCH", f"/api/annotations/{annotations[0]}/", json={"ground_truth": chance.random() < 0.5})
        case "skipped":
            server.ask("POST", f"/api/tasks/{task}/annotations/", json={"result": [], "was_cancelled": True})
        case _:
            server.ask("POST", "/api/predictions/", json={"task": task, **result})
