"""A project on a Label Studio server as tables: its tasks, and the images that they refer to."""

from detector.label_studio.client import connect
from detector.label_studio.listing import tasks
from detector.label_studio.projects import find_project, looks_like
from detector.label_studio.tasks import annotations
from detector.stages import Job, Result
from detector.stages.pull._attach import attach, finish, wanted
from detector.stages.pull._downloads import download
from detector.stages.pull.label_studio import Options


def state_of(options: Options) -> str:
    """Changes whenever a task or an annotation is added, edited or deleted."""
    with connect(options.url, options.token.get_secret_value()) as connection:
        return looks_like(connection, find_project(connection, options.project))


def take(job: Job[Options]) -> Result:
    """List the tasks, download the images that aren't here yet, write the tables."""
    options = job.options
    with connect(options.url, options.token.get_secret_value()) as connection:
        project = find_project(connection, options.project)
        listed = tasks(connection, project, job.report)
        link = f"{connection.url}/projects/{project.id}/data?task={{task}}"
        drawn = annotations(listed, options.annotations, link, project.config)
        rows = wanted(drawn)
        sources, numbers = drawn.images["source"].to_pylist(), drawn.images["task_id"].to_pylist()
        pixels = download(connection, [(sources[row], numbers[row]) for row in rows], job)
    attached = attach(drawn, dict(zip(rows, pixels, strict=True)))
    return finish(attached, job.datasets, f"the Label Studio project “{project.title}”")
