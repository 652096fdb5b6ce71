"""What a task's reference may mean, and that nothing outside the given folder is ever read or written."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from detector.errors import UsageError
from detector.stages.pull import _references
from detector.stages.pull._references import files_of, find
from detector.stages.pull.label_studio_export import Options, look
from detector.system import many
from tests.end_to_end.conftest import detector
from tests.support.exports import annotation, box, picture, task

PIPELINE = """
name: cells
task: detect
classes: [car]
pull: {using: label_studio_export, path: export.json, images: images}
convert: {split: {field: split}}
check: {using: rules, fail_on: {classes_without_examples: warn}}
train: {model: yolo11n.yaml}
"""
STRANGE = [
    "",
    ".",
    "..",
    "a\0b.png",
    "/data/local-files/?d=%00",
    "http://[bad/x.png",
    "x" * 5000,
    "a/" * 3000,
    "\ud800.png",
]


def leading_to(outside):
    """References to the picture `outside`/secret.png, from a folder beside it that holds links to it."""
    absolute = f"{outside}/secret.png"
    up = f"../{outside.name}/secret.png"
    wrapped = (
        f"file://{absolute}",
        f"/data/local-files/?d={up}",
        f"/data/local-files/?d={absolute}",
        f"/data/upload/{up}",
    )
    encoded = (up.replace(".", "%2e"), up.replace("/", "%2F"), up.replace("/", "\\"), f"file://localhost{absolute}")
    return [absolute, up, f"a/../{up}", *wrapped, *encoded, "link.png", "linked/secret.png", "/data/upload/link.png"]


@pytest.fixture
def outside(tmp_path):
    """A picture that is none of ours, and links to it among ours."""
    images = tmp_path / "project" / "images"
    picture(tmp_path / "project" / "outside" / "secret.png")
    images.mkdir()
    (images / "link.png").symlink_to("../outside/secret.png")
    (images / "linked").symlink_to("../outside")
    return tmp_path / "project" / "outside"


@pytest.mark.parametrize("source", STRANGE)
def test_what_is_no_path_means_no_file(tmp_path, source):
    assert find(source, tmp_path) is None


def test_nothing_outside_the_folder_is_found(outside):
    images = outside.parent / "images"
    for source in leading_to(outside):
        assert find(source, images) is None, source
        assert (images / "linked" / "secret.png").exists()


def test_a_link_inside_the_folder_is_followed(tmp_path):
    real = picture(tmp_path / "there" / "real.png")
    (tmp_path / "alias.png").symlink_to(real)
    assert find("alias.png", tmp_path) == find("there/../alias.png", tmp_path) == real


@pytest.mark.slow
def test_a_run_on_such_an_export_reads_and_writes_nothing_outside(outside):
    folder = outside.parent
    odd = ["-rf.png", "a b/.hidden.png", "..\\up.png", "new\nline.png", "%2e%2e.png", "~root.png"]
    for name in odd:
        picture(folder / "images" / name)
    hostile = [source for source in leading_to(outside) + STRANGE if "\ud800" not in source]
    (folder / "export.json").write_text(json.dumps([_task(*each) for each in enumerate(odd + hostile, 1)]))
    (folder / "pipeline.yaml").write_text(PIPELINE)
    before, parent = _files(folder), _files(folder.parent)
    done = detector(folder, "run", "--until", "convert", "--json")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    figures = json.loads(done.stdout)["steps"][0]["figures"]
    assert (figures["images"], figures["excluded"]) == (len(odd), len(hostile))
    after = _files(folder)
    secret = before["outside/secret.png"]
    assert [name for name, content in after.items() if content == secret] == ["outside/secret.png"]
    made = {name for name in after if after[name] != before.get(name)}
    assert {name.partition("/")[0] for name in made} == {"datasets", "runs"}
    assert before.items() <= after.items()
    assert {name for name in _files(folder.parent) if name not in parent} == {f"project/{name}" for name in made}


def _task(number, source):
    split = ("train", "val", "test")[number % 3]
    return task(number, annotation(box(1, 1, 9, 9)), data={"image": source, "split": split})


def _files(folder):
    """Each file below `folder`, links not followed, and the digest of its content."""
    found = (Path(at, name) for at, _, names in os.walk(folder) for name in names)
    return {str(file.relative_to(folder)): _digest(file) for file in found if not file.is_symlink()}


def _digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


TWO_IMAGES = "<View><Image name='{name}' value='${name}'/></View>"


@pytest.mark.parametrize("together", [1, 2, 100])
def test_a_picture_that_changes_or_comes_is_another_source_however_many_there_are(tmp_path, monkeypatch, together):
    """Where there are many, they are looked at in parts, by a process for each core."""
    monkeypatch.setattr(many, "MANY", 1)
    monkeypatch.setattr(_references, "TOGETHER", together)
    names = [f"{number}.png" for number in range(5)]
    for name in names:
        (tmp_path / name).write_bytes(b"picture")
    sources, index = [*names, "later.png"], tmp_path / "index.json"
    states = [files_of(lambda: sources, tmp_path, index).state for _ in range(2)]
    (tmp_path / "3.png").write_bytes(b"another one")
    states.append(files_of(lambda: sources, tmp_path, index).state)
    (tmp_path / "later.png").write_bytes(b"picture")
    looked = files_of(lambda: sources, tmp_path, index)
    assert states[0] == states[1]
    assert len({*states, looked.state}) == 3
    assert looked.files == {name: str(tmp_path / name) for name in sources}


def test_pictures_that_were_moved_are_the_same_source(tmp_path):
    (tmp_path / "here").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "here" / name).write_bytes(b"picture")
    sources, index = ["a.png", "gone.png", "b.png"], tmp_path / "index.json"
    before = files_of(lambda: sources, tmp_path / "here", index)
    (tmp_path / "here").rename(tmp_path / "there")
    after = files_of(lambda: sources, tmp_path / "there", index)
    assert before.state == after.state
    assert after.files == {
        "a.png": str(tmp_path / "there/a.png"), "gone.png": None, "b.png": str(tmp_path / "there/b.png")
    }  # fmt: skip


def test_another_labelling_configuration_is_another_source(tmp_path):
    tasks = [task(at, annotation(), data={"left": f"l{at}.png", "right": f"r{at}.png"}) for at in (1, 2)]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    config = tmp_path / "config.xml"
    options = Options(path=tmp_path / "export.json", label_config=config)
    states = []
    for name in ("left", "right", "left"):
        config.write_text(TWO_IMAGES.format(name=name))
        source = look(options, tmp_path)
        states.append(source.state)
        assert set(source.content.files) == {f"{name[0]}1.png", f"{name[0]}2.png"}
    assert states[0] == states[2] != states[1]


def test_a_labelling_configuration_that_is_not_there_is_named(tmp_path):
    (tmp_path / "export.json").write_text("[]")
    options = Options(path=tmp_path / "export.json", label_config=tmp_path / "gone.xml")
    with pytest.raises(UsageError, match=r"pull\.label_config: .*gone\.xml can't be read \(No such file"):
        look(options, tmp_path)
