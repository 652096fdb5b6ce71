"""The project on the Label Studio server that a pipeline pulls from, opened to give something back to its tasks."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

from detector.config.pipeline import Config
from detector.data.images import Pixels, stored
from detector.data.places import DATASETS, STORE
from detector.errors import UsageError
from detector.label_studio.addresses import whole_addresses
from detector.label_studio.changes import update
from detector.label_studio.client import Connection, connect
from detector.label_studio.controls import Control, controls, labels_instead
from detector.label_studio.downloads import Into, Shown, download
from detector.label_studio.kept import Kept
from detector.label_studio.label_config import Canvas, canvases
from detector.label_studio.on_images import images_of
from detector.label_studio.projects import Project, file_of, find_project
from detector.system.progress import Progress


class Task(msgspec.Struct):
    """A task as far as it is shown to a model: its data and, as they are, its annotations."""

    id: int
    data: msgspec.Raw
    annotations: list[msgspec.Raw]


class Shot(NamedTuple):
    """An image of a task: the control that shows it, its file in the store, and its size in pixels."""

    control: str
    file: Path
    width: int
    height: int
    sha256: str


@dataclass(frozen=True)
class Opened:
    """The project, what is known of its tasks, and what its labelling configuration shows and draws with."""

    connection: Connection
    project: Project
    kept: Kept
    canvases: tuple[Canvas, ...]
    controls: tuple[Control, ...]
    datasets: Path
    progress: Progress

    def tasks(self) -> Iterator[Task]:
        """All tasks, in the order of their ids."""
        decoder = msgspec.json.Decoder(Task)
        return map(decoder.decode, self.kept.tasks["json"].to_pylist())

    @property
    def described(self) -> dict[str, Any]:
        """The project, for whoever reads what was done with it."""
        return {"id": self.project.id, "title": self.project.title, "url": self.connection.url}

    def link(self, task: int) -> str:
        """Where a person opens it."""
        return f"{self.connection.url}/projects/{self.project.id}/data?task={task}"

    def shots(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, list[Shot] | Pixels]]:
        """Each task with the images that are drawn on; or with what is wrong with one of them.

        Downloads what is not in the store yet.
        """
        shown = [(task, self._shown(task)) for task in tasks]
        images = [image for _, several in shown for image in several]
        whole = partial(whole_addresses, self.connection, self.project, self.kept, self.canvases)
        with TemporaryDirectory() as scratch:
            into = Into(self.datasets, Path(scratch), self.progress)
            pixels = dict(zip(images, download(self.connection, images, into, whole), strict=True))
        for task, several in shown:
            bad = next((pixels[image] for image in several if pixels[image].problem), None)
            yield task, bad or [self._shot(image.field, pixels[image]) for image in several]

    def _shown(self, task: Task) -> list[Shown]:
        sources, closed = images_of(task.data, self.canvases)
        return [Shown(source, task.id, name) for name, source in sources.items() if name not in closed]

    def _shot(self, control: str, pixels: Pixels) -> Shot:
        file = stored(self.datasets / STORE, pixels.sha256, pixels.extension)
        return Shot(control, file, pixels.width, pixels.height, pixels.sha256)


@contextmanager
def opened(config: Config, progress: Progress) -> Iterator[Opened]:
    """The project of the pipeline's `pull`, with its tasks as they are now.

    Raises:
        UsageError: It pulls from no server, or nobody can draw one of its classes in that project.
    """
    options: Any = next(step.options for step in config.steps if step.stage == "pull")
    if options.using != "label_studio":
        raise UsageError(
            f"pull.using is {options.using}, and predictions go back to a Label Studio server: pull from one with"
            " using: label_studio"
        )
    datasets = DATASETS / config.name
    datasets.mkdir(parents=True, exist_ok=True)
    with connect(options.url, options.token.get_secret_value(), options.private_hosts) as connection:
        project = find_project(connection, options.project)
        if not project.config:
            raise UsageError(f"the project “{project.title}” has no labelling configuration yet; set one up first")
        drawn_with = controls(project.config)
        _refuse_strangers(project, drawn_with, config.classes)
        kept = update(connection, project, file_of(datasets, connection, project, "arrow"), progress)
        yield Opened(connection, project, kept, canvases(project.config), drawn_with, datasets, progress)


def _refuse_strangers(project: Project, drawn_with: Sequence[Control], classes: Mapping[str, Sequence[str]]) -> None:
    """Raise UsageError where no control has a label of any class."""
    instead = labels_instead(drawn_with, (label for labels in classes.values() for label in labels))
    if instead is not None:
        raise UsageError(
            f"the labelling configuration of “{project.title}” has no label of a class of this pipeline"
            f" ({', '.join(classes)}); its shape controls have {instead}"
        )
