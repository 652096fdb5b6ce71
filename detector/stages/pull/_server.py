"""A project on a Label Studio server as tables: its tasks, and the images that they refer to."""

import json
from collections.abc import Sequence
from pathlib import Path

from detector.files import write_whole
from detector.images import Pixels
from detector.label_studio.changes import update
from detector.label_studio.client import connect
from detector.label_studio.label_config import image_fields
from detector.label_studio.listing import emails
from detector.label_studio.projects import find_project
from detector.label_studio.reading import How
from detector.label_studio.tasks import tables
from detector.stages import Job, Result
from detector.stages.pull._asked import digest, file_of
from detector.stages.pull._attach import attach, finish, wanted
from detector.stages.pull._downloads import download
from detector.stages.pull.label_studio import Options


def take(job: Job[Options]) -> Result:
    """Ask for the tasks that changed, download the images that aren't here yet, write the tables."""
    options = job.options
    with connect(options.url, options.token.get_secret_value()) as connection:
        project = find_project(connection, options.project)
        file = file_of(job.datasets, connection, project, "arrow")
        kept = update(connection, project, file, job.report.progress, anew=job.forced)
        link = f"{connection.url}/projects/{project.id}/data?task={{task}}"
        fields = image_fields(project.config) if project.config else None
        how = How(options.annotations, link, fields, emails(connection))
        drawn = tables(kept.tasks["json"].to_pylist(), how)
        rows = wanted(drawn)
        sources, numbers = drawn.images["source"].to_pylist(), drawn.images["task_id"].to_pylist()
        pixels = download(connection, [(sources[row], numbers[row]) for row in rows], job)
        _remember_failed(file_of(job.datasets, connection, project, "failed"), [sources[row] for row in rows], pixels)
    attached = attach(drawn, dict(zip(rows, pixels, strict=True)))
    return finish(attached, job.datasets, f"the Label Studio project “{project.title}”")


def _remember_failed(file: Path, sources: Sequence[str], pixels: Sequence[Pixels]) -> None:
    """A digest of the images that failed: a state that differs from the one before, so that the next run tries again.

    When the same ones fail again, nothing differs, and they are tried with the next change.
    """
    failed = {source: str(found.problem) for source, found in zip(sources, pixels, strict=True) if found.problem}
    if failed:
        write_whole(file, digest(json.dumps(failed, sort_keys=True)))
    else:
        file.unlink(missing_ok=True)
