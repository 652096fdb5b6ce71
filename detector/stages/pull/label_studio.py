"""Tasks and images from a running Label Studio server."""

import re
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from detector.label_studio.policy import Policy
from detector.stages import Job, Result, Section, Source
from detector.stages.pull._kept import kept

__all__ = ["LIBRARIES", "Options", "kept", "look", "run"]
ADDRESS = r"https?://([\w.-]+|\[[\da-fA-F:]+\])(:\d+)?(/[^\s?#;@]*)?"
LIBRARIES = ("msgspec", "numpy", "opencv-python-headless", "pillow", "pyarrow")


class Options(Section):
    """A project on a Label Studio server."""

    using: Literal["label_studio"] = "label_studio"
    url: str = Field(description="where the server is", examples=["http://localhost:8080", "${LABEL_STUDIO_URL}"])
    token: SecretStr = Field(
        description="a legacy token or a personal access token, from the environment",
        examples=["${LABEL_STUDIO_TOKEN}"],
    )
    project: int | str = Field(description="the project's id or its exact title", examples=[3, "Blood cells"])
    annotations: Policy = Field("latest", description="which annotation counts when a task has several")

    private_hosts: list[str] = Field(
        [],
        description="hosts on this machine or a private network that images may come from, beside the server itself: a"
        " name or an address, with a port or without",
        examples=[["minio.example.com", "10.0.0.7:9000"]],
    )

    @field_validator("private_hosts")
    @classmethod
    def _are_hosts(cls, hosts: list[str]) -> list[str]:
        for host in hosts:
            if not _is_host(host):
                raise ValueError(
                    f"{host!r} is no host; write a name or an address, such as minio:9000, without http://"
                )
        return hosts

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if not re.fullmatch(ADDRESS, url):
            raise ValueError("must be an address such as http://localhost:8080 or https://label-studio.example.com")
        return url


def _is_host(text: str) -> bool:
    """Whether it is `minio`, `10.0.0.7:9000`, `::1` or `[::1]:9000`."""
    matched = re.fullmatch(r"(?:[a-zA-Z0-9_.-]+|\[(?P<v6>[\da-fA-F:.]+)\])(?::(?P<port>\d{1,5}))?", text)
    try:
        if matched is None or matched["v6"]:
            ip_address(matched["v6"] if matched else text)
    except ValueError:
        return False
    return matched is None or int(matched["port"] or 0) < 1 << 16


def look(options: Options, datasets: Path) -> Source:
    """The project as it is now: it changes whenever a task or an annotation is added, edited or deleted."""
    from detector.label_studio.client import connect
    from detector.label_studio.projects import find_project
    from detector.stages.pull._asked import state_of

    with connect(options.url, options.token.get_secret_value()) as connection:
        return Source(state_of(connection, find_project(connection, options.project), datasets))


def run(job: Job[Options]) -> Result:
    """Ask for the tasks that changed, download the images that aren't here yet, write the tables."""
    from detector.label_studio.addresses import whole_addresses
    from detector.label_studio.changes import update
    from detector.label_studio.client import connect
    from detector.label_studio.downloads import Into, Shown, download, refuse_if_all_missing, remember_failed
    from detector.label_studio.label_config import canvases
    from detector.label_studio.listing import emails
    from detector.label_studio.projects import file_of, find_project
    from detector.label_studio.reading import How
    from detector.label_studio.tasks import tables
    from detector.stages.pull._attach import attach, finish, wanted

    options = job.options
    with connect(options.url, options.token.get_secret_value(), options.private_hosts) as connection:
        project = find_project(connection, options.project)
        file = file_of(job.datasets, connection, project, "arrow")
        kept = update(connection, project, file, job.report.progress, anew=job.forced)
        link = f"{connection.url}/projects/{project.id}/data?task={{task}}"
        shown = canvases(project.config) if project.config else None
        how = How(options.annotations, link, shown, emails(connection))
        drawn = tables(kept.tasks["json"].to_pylist(), how)
        rows = wanted(drawn)
        columns = (drawn.images[name].to_pylist() for name in ("source", "task_id", "field"))
        images = [Shown(*image) for image in zip(*columns, strict=True)]
        wanted_images = [images[row] for row in rows]
        whole = partial(whole_addresses, connection, project, kept, shown)
        into = Into(job.datasets, job.folder, job.report.progress, job.forced)
        pixels = download(connection, wanted_images, into, whole)
        refuse_if_all_missing(wanted_images, pixels)
        failed = file_of(job.datasets, connection, project, "failed")
        remember_failed(failed, [image.source for image in wanted_images], pixels)
    attached = attach(drawn, dict(zip(rows, pixels, strict=True)))
    return finish(attached, job, f"the Label Studio project “{project.title}”", ids=True)
