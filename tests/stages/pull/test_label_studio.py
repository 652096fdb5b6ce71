"""Pulling from a real Label Studio server: tables, pixels, and what is missing."""

import io
import json

import msgspec
import pyarrow as pa
import pytest
from PIL import Image
from pydantic import ValidationError

from detector.data import annotations
from detector.data.images import stored
from detector.errors import DetectorError, UsageError
from detector.label_studio import kept, persist
from detector.stages.pull import label_studio as backend
from tests.support.jobs import Pipeline, make_job
from tests.support.services.label_studio import BOXES, EMAIL, TOKEN, disc
from tests.support.services.signed import signed_host

PIPELINE = Pipeline("cells", "detect", ["disc", "square"])


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(persist, "WAITS", (0.0, 0.0, 0.0))


@pytest.fixture
def pull(label_studio, tmp_path):
    """Pull a project; gives the result and its tables."""

    def pull(project, *, forced=False, datasets="datasets", **options):
        options = _options(label_studio, project, **options)
        folder = tmp_path / "runs" / str(len(list(tmp_path.glob("runs/*"))))
        folder.mkdir(parents=True)
        job = make_job(options, PIPELINE, datasets=tmp_path / datasets, folder=folder, forced=forced)
        result = backend.run(job)
        assert list(folder.iterdir()) == []
        return result, annotations.read(result.path)

    return pull


def test_tasks_become_tables_and_images_go_into_the_store(label_studio, pull, tmp_path):
    project, tasks = _annotated(label_studio, "Three images", 3)
    result, tables = pull("Three images")
    images = tables.images.to_pylist()
    assert [image["task_id"] for image in images] == tasks
    assert [(image["status"], image["width"], image["height"]) for image in images] == [("annotated", 40, 30)] * 3
    assert images[0]["link"] == f"{label_studio.url}/projects/{project}/data?task={tasks[0]}"
    assert json.loads(images[0]["data"])["split"] == "train"
    for image in images:
        with Image.open(stored(tmp_path / "datasets" / "store", image["sha256"], image["extension"])) as picture:
            assert picture.size == (40, 30)
    regions = tables.regions.to_pylist()
    assert [(region["image"], region["labels"], region["annotator"]) for region in regions] == [
        (number, ["disc"], EMAIL) for number in range(3)
    ]
    assert result.id == result.path.name
    assert result.figures == {"tasks": 3, "images": 3, "regions": 3, "excluded": 0}
    assert result.summary == "3 tasks, 3 images, 3 regions from the Label Studio project “Three images”"


def test_a_second_pull_downloads_nothing_and_gives_the_same(label_studio, pull):
    project, tasks = _annotated(label_studio, "Pulled twice", 4)
    first, _ = pull(project)
    served = label_studio.served(f"/data/upload/{project}/")
    assert served > 0
    second, _ = pull(project)
    assert label_studio.served(f"/data/upload/{project}/") == served
    assert second == first
    label_studio.ask("PATCH", f"/api/tasks/{tasks[0]}/", json={"data": {"image": _upload(label_studio, project, 99)}})
    third, _ = pull(project)
    assert label_studio.served(f"/data/upload/{project}/") == served * 5 // 4
    assert third.id != first.id


def test_a_pull_of_the_changes_gives_the_very_files_that_a_fresh_one_does(label_studio, pull):
    project, tasks = _annotated(label_studio, "Changes", 4)
    pull(project)
    label_studio.ask("POST", f"/api/tasks/{tasks[0]}/annotations/", json={"result": [_drawn(x=50), _drawn(x=60)]})
    label_studio.ask("POST", f"/api/tasks/{tasks[1]}/annotations/", json={"result": [], "was_cancelled": True})
    label_studio.ask("DELETE", f"/api/tasks/{tasks[2]}/")
    label_studio.add_tasks(project, [_task(_upload(label_studio, project, 7))])
    changed, _ = pull(project)
    fresh, _ = pull(project, datasets="elsewhere")
    assert changed.figures == {"tasks": 4, "images": 4, "regions": 5, "excluded": 0}
    for name in annotations.TABLES:
        assert (changed.path / f"{name}.arrow").read_bytes() == (fresh.path / f"{name}.arrow").read_bytes()


def test_a_forced_pull_sees_images_that_were_replaced_under_their_address(label_studio, other_host, pull):
    other_host.pages["/a.png"] = _png(1)
    project = label_studio.project("Replaced")
    label_studio.add_tasks(project, [_task(f"{other_host.url}/a.png")])
    before, _ = pull(project)
    other_host.pages["/a.png"] = _png(2)
    assert pull(project)[0] == before
    assert pull(project, forced=True)[0].id != before.id
    assert len(other_host.asked) == 2


def test_images_that_failed_are_tried_again_by_the_next_run(label_studio, other_host, pull, tmp_path):
    other_host.pages |= {"/a.png": _png(1), "/b.png": _png(2)[:-30]}
    project = label_studio.project("Tried again")
    label_studio.add_tasks(project, [_task(f"{other_host.url}/{name}.png") for name in "ab"])
    options = _options(label_studio, project)
    states = [backend.look(options, tmp_path / "datasets").state]

    def run(excluded):
        assert pull(project)[0].figures["excluded"] == excluded
        states.append(backend.look(options, tmp_path / "datasets").state)

    run(1)
    assert states[1] != states[0]  # so the next run pulls
    run(1)
    assert states[2] == states[1]  # and the one after it does not
    other_host.pages["/b.png"] = _png(2)
    run(0)
    assert states[3] == states[0]


def test_after_a_kill_only_the_rest_is_downloaded(label_studio, pull, tmp_path):
    project, _ = _annotated(label_studio, "Killed", 4)
    result, _ = pull(project)
    served = label_studio.served(f"/data/upload/{project}/")
    index = tmp_path / "datasets" / "pulled" / "downloads.jsonl"
    kept = index.read_text().splitlines()
    index.write_text("\n".join(kept[:3]) + "\n" + kept[3][:25])  # as a kill may leave it
    again, _ = pull(project)
    assert label_studio.served(f"/data/upload/{project}/") == served * 6 // 4
    assert again == result
    pull(project)
    assert label_studio.served(f"/data/upload/{project}/") == served * 6 // 4


def test_images_that_are_missing_or_broken_are_listed_and_the_rest_goes_on(label_studio, other_host, pull):
    project, tasks = _annotated(label_studio, "Some are missing", 1)
    other_host.pages |= {"/there.png": _png(1), "/text.png": b"this is no image", "/small.png": _png(2, (12, 12))}
    sources = [f"{other_host.url}/{name}.png" for name in ("gone", "there", "text", "small")]
    tasks += label_studio.add_tasks(project, [_task(source) for source in sources])
    result, tables = pull(project)
    excluded = {
        loss["task_id"]: (loss["reason"], loss["detail"])
        for loss in tables.losses.to_pylist()
        if loss["what"] == "image"
    }
    assert excluded == {
        tasks[1]: ("missing_image", f"{other_host.url}/gone.png: HTTP 404 from 127.0.0.1"),
        tasks[3]: ("broken_image", f"{other_host.url}/text.png: not an image"),
        tasks[4]: ("size_differs", "annotated at 40 x 30, is 12 x 12"),
    }
    assert result.figures == {"tasks": 5, "images": 2, "regions": 2, "excluded": 3}


def test_when_not_one_image_is_found_something_else_is_wrong(label_studio, pull, tmp_path):
    pull(_annotated(label_studio, "None missing", 1)[0])
    pulled = list(tmp_path.glob("datasets/pulled/*/"))
    project = label_studio.project("All missing")
    sources = [f"/data/local-files/?d=nowhere/{number}.png" for number in range(3)]
    tasks = label_studio.add_tasks(project, [_task(source) for source in sources])
    with pytest.raises(DetectorError, match=rf"not one of the project's 3 images .* task {tasks[0]} .*HTTP 404 from"):
        pull(project)
    assert list(tmp_path.glob("datasets/pulled/*/")) == pulled


def test_the_policy_chooses_by_the_annotators_address(label_studio, pull):
    project, tasks = _annotated(label_studio, "Two annotations", 1)
    label_studio.ask("POST", f"/api/tasks/{tasks[0]}/annotations/", json={"result": [_drawn(x=50), _drawn(x=60)]})
    assert pull(project)[0].figures["regions"] == 2
    assert pull(project, annotations="first")[0].figures["regions"] == 1
    assert pull(project, annotations={"annotator": EMAIL})[0].figures["regions"] == 2
    assert pull(project, annotations={"annotator": "nobody@example.com"})[0].figures["excluded"] == 1
    with pytest.raises(UsageError, match=f"task {tasks[0]} has several annotations"):
        pull(project, annotations="fail")


def test_the_state_tells_a_deletion(label_studio, tmp_path):
    project, tasks = _annotated(label_studio, "Deleted from", 2)
    options = _options(label_studio, project)
    before = backend.look(options, tmp_path).state
    assert backend.look(options, tmp_path).state == before
    label_studio.ask("DELETE", f"/api/tasks/{tasks[0]}/")
    assert backend.look(options, tmp_path).state != before
    assert TOKEN not in before


def test_a_secret_is_not_shown(label_studio):
    options = _options(label_studio, 1)
    assert TOKEN not in f"{options!r} {options.model_dump_json()}"


@pytest.mark.parametrize(
    "url", ["localhost:8080", "ftp://label-studio", "http://", "http:///data", "http://a b", "http://host:port"]
)
def test_an_address_is_checked_before_anything_is_asked(url):
    with pytest.raises(ValidationError, match="must be an address such as http://localhost:8080"):
        backend.Options(url=url, token=TOKEN, project=1)


@pytest.mark.parametrize("url", ["http://localhost:8080", "https://ls.example.com/team/", "http://[::1]:8080"])
def test_an_address_may_have_a_port_and_a_path(url):
    assert backend.Options(url=url, token=TOKEN, project=1).url == url


def _options(server, project, **more):
    return backend.Options(url=server.url, token=TOKEN, project=project, **{"private_hosts": ["127.0.0.1"]} | more)


def _annotated(server, title, count):
    """A project with `count` uploaded images, each with one disc: its id, and its tasks'."""
    project = server.project(title)
    sources = [_upload(server, project, number) for number in range(count)]
    return project, server.add_tasks(project, [_task(source) for source in sources])


def _task(source):
    return {"data": {"image": source, "split": "train"}, "annotations": [{"result": [_drawn()]}]}


def _upload(server, project, number):
    [source] = server.upload(project, {f"{number}.png": _png(number)}).values()
    return source


def _drawn(**place):
    return disc(**place, original_width=40, original_height=30)


def _png(number, size=(40, 30)):
    content = io.BytesIO()
    Image.new("RGB", size, (number, 100, 200)).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def signed():
    with signed_host() as host:
        yield host


def test_the_same_picture_with_another_signature_is_no_change(label_studio, signed, pull, tmp_path):
    """It is neither downloaded nor another row; where the picture is gone, the new address leads to it."""
    project = label_studio.project("Signed")
    forms = ("a.png?X-Amz-Date={n}&X-Amz-Signature=c4nary{n}", "b.png?v=1&token=c4nary{n}", "b.png?v=2&token=c4nary{n}")
    paths = [[f"/{form.format(n=turn)}" for form in forms] for turn in range(2)]
    signed.pictures |= {path: _png(number) for number, path in enumerate(paths[0])}
    tasks = label_studio.add_tasks(project, [_task(signed.url + path) for path in paths[0]])
    first, tables = pull(project)
    state = backend.look(_options(label_studio, project), tmp_path / "datasets").state
    assert tables.images["source"].to_pylist() == [
        f"{signed.url}/{name}" for name in ("a.png?signature=***", "b.png?v=1&token=***", "b.png?v=2&token=***")
    ]
    assert len(set(tables.images["sha256"].to_pylist())) == 3
    signed.pictures = {path: _png(number) for number, path in enumerate(paths[1])}
    for task, path in zip(tasks, paths[1], strict=True):
        label_studio.ask("PATCH", f"/api/tasks/{task}/", json=_task(signed.url + path))
    signed.asked.clear()
    assert backend.look(_options(label_studio, project), tmp_path / "datasets").state == state
    assert pull(project)[0] == first
    assert signed.asked == []
    for row in tables.images.to_pylist():
        stored(tmp_path / "datasets" / "store", row["sha256"], row["extension"]).unlink()
    assert pull(project)[0] == first
    assert sorted(signed.asked) == sorted(paths[1])


def test_pictures_that_only_a_token_tells_apart_are_two(label_studio, signed, pull):
    signed.pictures |= {f"/get?token={name}": _png(number) for number, name in enumerate("ab")}
    project = label_studio.project("Only a token")
    tasks = label_studio.add_tasks(project, [_image(f"{signed.url}/get?token={name}") for name in "ab"])
    label_studio.ask("PATCH", f"/api/projects/{project}/", json={"label_config": BOXES})
    _, tables = pull(project)
    pictures = tables.images["sha256"].to_pylist()
    assert len(set(pictures)) == 2
    label_studio.ask("DELETE", f"/api/tasks/{tasks[0]}/")
    assert pull(project)[1].images["sha256"].to_pylist() == pictures[1:]


def test_what_an_earlier_release_kept_is_found_and_its_secrets_are_gone(label_studio, signed, pull, tmp_path):
    address = f"{signed.url}/a.png?v=1&X-Amz-Signature=c4nary"
    signed.pictures["/a.png?v=1&X-Amz-Signature=c4nary"] = _png(1)
    project = label_studio.project("Earlier")
    label_studio.add_tasks(project, [_task(address)])
    first, _ = pull(project)
    pulled = tmp_path / "datasets" / "pulled"
    index, [tasks] = pulled / "downloads.jsonl", pulled.glob("server-*.arrow")
    index.write_text(index.read_text().replace("a.png?v=1&signature=***", "a.png?v=1&X-Amz-Signature=c4nary"))
    now = kept.read(tasks)
    texts = [text.replace(b"signature=***", b"X-Amz-Signature=c4nary") for text in now.tasks["json"].to_pylist()]
    old = now.tasks.set_column(3, "json", pa.array(texts, pa.large_binary()))
    old = old.replace_schema_metadata({"look": msgspec.json.encode(now.look), "state": now.state})
    with pa.OSFile(str(tasks), "wb") as file, pa.ipc.new_file(file, old.schema) as writer:
        writer.write_table(old)
    assert b"c4nary" in index.read_bytes()
    assert b"c4nary" in tasks.read_bytes()
    signed.asked.clear()
    assert pull(project)[0] == first
    assert signed.asked == []
    assert b"c4nary" not in index.read_bytes()
    assert "c4nary" not in str(pa.ipc.open_file(tasks.read_bytes()).read_all().to_pylist())


def _image(address):
    return {"data": {"image": address}, "annotations": [{"result": [_drawn()]}]}
