"""Whether a project on a Label Studio server changed: what is asked every night, so it is light.

datasets/<name>/pulled/server-<key>.arrow       the tasks as the server gave them last
                       server-<key>.look        its answers to the questions that tell whether any changed since
                       server-<key>.failed      a digest of the images that could not be had then

<key>: 12 hex digits of the server's address and the project's number. Without these files, and with `--force pull`,
everything is asked for anew.
"""

import json
from pathlib import Path

from detector.label_studio.client import Connection
from detector.label_studio.projects import Project, digest, file_of
from detector.label_studio.state import state


def state_of(connection: Connection, project: Project, datasets: Path) -> str:
    """Changes whenever a task or an annotation is added, edited or deleted, and once after images failed."""
    kept = file_of(datasets, connection, project, "arrow")
    failed = file_of(datasets, connection, project, "failed")
    known = [state(connection, project, kept), failed.read_text() if failed.exists() else ""]
    return json.dumps([connection.url, project.id, digest(project.config), *known])
