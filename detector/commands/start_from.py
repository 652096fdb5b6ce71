"""`detector init --from-darknet` and `--from-label-studio`: a first pipeline.yaml from what a team has already."""

import json
import re
from pathlib import Path
from typing import NamedTuple

from detector.darknet.became import Became
from detector.errors import UsageError
from detector.system.files import write_whole
from detector.system.text import plain_name
from detector.terms import Task, counted

TOKEN = "LABEL_STUDIO_TOKEN"  # noqa: S105 - the name of a variable
_OUTLINES = {"polygon", "brush"}


class Started(NamedTuple):
    """The file, what was done with it, and what became of each key that it was made from."""

    path: Path
    what: str
    rows: list[Became]


def start_from_darknet(folder: Path, root: Path) -> Started:
    """Write pipeline.yaml into `folder` from Darknet's files below `root`.

    Raises UsageError where it is there already, and where there are no such files.
    """
    from detector.darknet.pipeline import made_from

    path = _free(folder)
    made = made_from(root, folder)
    write_whole(path, made.text)
    taken = sum(bool(row.places) for row in made.rows)
    rest = f"{counted(len(made.rows) - taken, 'key')} left out, each with what became of it, as comments"
    left = [f"; {each} was not read, as there is one like it" for each in made.files.more[:3]]
    return Started(path, f"written: {counted(taken, 'key')} taken over; {rest}{''.join(left)}", made.rows)


def start_from_label_studio(folder: Path, url: str, token: str | None, project: str | None) -> Started:
    """Write pipeline.yaml into `folder` for a project on a Label Studio server, from its labelling configuration.

    Raises UsageError where it is there already, and where server, token, project or configuration are of no use.
    """
    from detector.label_studio.client import connect
    from detector.label_studio.controls import controls
    from detector.label_studio.projects import find_project, only_project
    from detector.stages.pull.label_studio import ADDRESS

    path = _free(folder)
    if not token:
        raise UsageError(f"{TOKEN} is not set; take a token from Account & Settings in Label Studio, and export it")
    if not re.fullmatch(ADDRESS, url):
        raise UsageError(f"{url!r} is no address of a server; write one such as http://localhost:8080")
    with connect(url.rstrip("/"), token) as connection:
        found = find_project(connection, project) if project else only_project(connection)
    drawn_with = controls(found.config or "<View/>")
    classes = [*dict.fromkeys(label for control in drawn_with for label in control.labels)]
    if not classes:
        raise UsageError(
            f"“{found.title}” has no labels to draw with; give it a Labeling Interface with RectangleLabels or"
            " PolygonLabels first"
        )
    shapes = {control.shape for control in drawn_with}
    task: Task = "segment" if shapes <= _OUTLINES else "detect"
    name = plain_name(found.title) or "detector"
    write_whole(path, _TEXT.format(
        title=" ".join(found.title.split()), id=found.id, name=name, task=task, model=_MODEL[task],
        classes=json.dumps(classes, ensure_ascii=False), url=json.dumps(url.rstrip("/")), token=TOKEN,
        project=json.dumps(found.title, ensure_ascii=False) if project != str(found.id) else found.id,
    ))  # fmt: skip
    return Started(
        path, f"written: a pipeline to {task} {len(classes)} {'class' if len(classes) == 1 else 'classes'}", []
    )


_MODEL = {"detect": "yolo26n.pt", "segment": "yolo26n-seg.pt"}
_TEXT = """\
# Made from the labelling configuration of “{title}”, project {id}.
# `detector validate` checks it, `detector plan` says what a run would do, `detector run` does it.
name: {name}
task: {task}
classes: {classes}    # the order gives the YOLO class ids

pull:
  using: label_studio
  url: {url}
  token: ${{{token}}}    # from the environment alone
  project: {project}

train:
  model: {model}    # weights to fine-tune: n, s, m, l or x, by size
  # epochs, image_size, batch and more follow from the data: `detector plan` says what, and why
"""


def _free(folder: Path) -> Path:
    """The place of pipeline.yaml. Raises UsageError where there is one: it would not be what was asked for."""
    path = folder / "pipeline.yaml"
    if path.exists():
        raise UsageError(f"{path} is there already; move it away, or name another folder: detector init FOLDER …")
    folder.mkdir(parents=True, exist_ok=True)
    return path
