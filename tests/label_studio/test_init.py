"""`detector init --from-label-studio`: a pipeline from a project's own labelling configuration."""

import os
import subprocess
import sys

import pytest

from detector.config.load import load
from tests.support.services.label_studio import BOXES, TOKEN

OUTLINES = """<View><Image name="image" value="$image"/><Labels name="what" toName="image">
<Label value="tree"/><Label value="lake" alias="water"/></Labels><Polygon name="drawn" toName="image"/></View>"""
WORDS = '<View><Text name="text" value="$text"/><Choices name="c" toName="text"><Choice value="a"/></Choices></View>'


def init(folder, url, *arguments, token=TOKEN):
    """The command, as a person with this token in the environment runs it."""
    command = [sys.executable, "-m", "detector", "init", "--from-label-studio", url, *arguments]
    environment = {key: value for key, value in os.environ.items() if key != "LABEL_STUDIO_TOKEN"}
    environment |= {"LABEL_STUDIO_TOKEN": token} if token else {}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize(
    ("config", "task", "classes"), [(BOXES, "detect", ["disc", "square"]), (OUTLINES, "segment", ["tree", "water"])]
)
def test_classes_and_task_are_those_of_the_project(label_studio, tmp_path, config, task, classes):
    title = f"Yard: {task} “2”"
    label_studio.project(title, config)
    done = init(tmp_path, label_studio.url, "--project", title)
    assert done.returncode == 0, done.stderr
    made = load(tmp_path / "pipeline.yaml", environment={"LABEL_STUDIO_TOKEN": TOKEN})
    assert (made.task, list(made.classes), made.name) == (task, classes, f"yard-{task}-2")
    pull = made.steps[0].options
    assert (pull.url, pull.project) == (label_studio.url, title)
    assert TOKEN not in (tmp_path / "pipeline.yaml").read_text()


def test_without_a_title_the_projects_are_listed(label_studio, tmp_path):
    for title in ("One yard", "Another yard"):
        label_studio.project(title)
    done = init(tmp_path, label_studio.url)
    assert done.returncode == 2
    assert "which project? Name one with --project; there are: " in done.stderr
    assert "“One yard”" in done.stderr


def test_what_is_no_use_is_said(label_studio, tmp_path):
    label_studio.project("Only words", WORDS)
    done = init(tmp_path, label_studio.url, "--project", "Only words")
    assert (done.returncode, "has no labels to draw with" in done.stderr) == (2, True)
    done = init(tmp_path, label_studio.url, token="")
    assert (done.returncode, "LABEL_STUDIO_TOKEN is not set" in done.stderr) == (2, True)
    for url in ("localhost:8080", "http://[", "ftp://x", "http://a:b@127.0.0.1", ""):
        done = init(tmp_path, url)
        assert (done.returncode, "is no address of a server" in done.stderr) == (2, True)
    assert not list(tmp_path.iterdir())
