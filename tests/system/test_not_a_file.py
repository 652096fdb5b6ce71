"""A pipe, a socket or a device where a file is expected is a sentence, and nothing waits for it."""

import os
import socket
import sys
from pathlib import Path

import pytest

from detector.cli import main
from detector.config.load import load as load_pipeline
from detector.data.annotations import read
from detector.data.images import ingest_one
from detector.errors import ConfigError, UsageError
from detector.stages import load
from detector.stages.convert._lists import read_lists
from detector.stages.convert._options import Split
from tests.support.folders import pictures, pull, write

pytestmark = pytest.mark.timeout(30)
PIPELINE = "name: a\ntask: detect\nclasses: [Cup]\npull: {using: yolo, path: set}\ntrain: {model: MODEL}\n"
SENTENCE = "it is a {}, not a file"


def pipe(place: Path) -> str:
    os.mkfifo(place)
    return "pipe"


def listening(place: Path) -> str:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(place))
    return "socket"


def device(place: Path) -> str:
    place.symlink_to("/dev/zero")
    return "device"


@pytest.fixture(params=[pipe, listening, device])
def other(request, tmp_path, monkeypatch):
    """Makes something at a name in the working folder, and gives the sentence that it is met with."""
    monkeypatch.chdir(tmp_path)
    return lambda name: SENTENCE.format(request.param(Path(name)))


def test_a_pipeline(other, monkeypatch, capsys):
    sentence = other("pipeline.yaml")
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    monkeypatch.setattr(sys, "argv", ["detector", "validate"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(f"pipeline.yaml can't be read ({sentence}); ")


@pytest.mark.parametrize("name", ["path", "label_config"])
def test_an_export(other, tmp_path, name):
    backend = load("pull", "label_studio_export")
    files = {"path": Path("export.json"), "label_config": Path("config.xml")}
    for file in files.values():
        file.write_text("[]")
    files[name].unlink()
    sentence = other(files[name])
    with pytest.raises(UsageError, match=rf"pull\.{name}: .* can't be read \({sentence}\)"):
        backend.look(backend.Options(**files), tmp_path / "datasets/a")


def test_a_list_of_names_or_of_pictures(other):
    root, sentence = write(Path("set"), pictures("images", 3)), other("list")
    with pytest.raises(UsageError, match=rf"list can't be read \({sentence}\)"):
        pull(root, names=Path("list"))
    with pytest.raises(UsageError, match=rf"list can't be read \({sentence}\)"):
        read_lists(Split(lists={"val": "list"}))


@pytest.mark.parametrize("name", ["mine.pt", "yolo26n.pt", "yolo11n.yaml"])
def test_weights_or_an_architecture(other, name):
    other(name)
    Path("pipeline.yaml").write_text(PIPELINE.replace("MODEL", name))
    with pytest.raises(ConfigError, match=rf"train\.model: {name} is no file, but a folder, a pipe or a device"):
        load_pipeline(Path("pipeline.yaml"))


def test_an_image(other, tmp_path):
    sentence = other("a.jpg")
    pixels = ingest_one(Path("a.jpg"), tmp_path / "store")
    assert (pixels.problem, sentence in str(pixels.detail)) == ("broken_image", True)
    root = write(Path("set"), pictures("images", 3) | {"labels/pipe.txt": ""})
    other(root / "images/pipe.jpg")
    [lost] = read(pull(root).path).losses.to_pylist()
    assert lost["reason"] == ("outside_image" if (root / "images/pipe.jpg").is_symlink() else "missing_image")
