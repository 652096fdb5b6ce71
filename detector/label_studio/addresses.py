"""The whole addresses of images: what is kept of a task has no signature, and a download needs one."""

from collections.abc import Collection

import msgspec

from detector.label_studio import listing
from detector.label_studio.client import Connection
from detector.label_studio.kept import Kept
from detector.label_studio.label_config import Canvas
from detector.label_studio.on_images import images_of
from detector.label_studio.projects import Project

Where = tuple[int, str]  # the task, and the control that shows the image


def whole_addresses(
    connection: Connection, project: Project, kept: Kept, shown: tuple[Canvas, ...] | None, tasks: Collection[int]
) -> dict[Where, str]:
    """The address of each image of `tasks`, with its secrets; the server is asked for what was not listed just now."""
    data = {task: kept.whole[task] for task in tasks if task in kept.whole}
    for page in listing.named(connection, project, sorted(set(tasks) - data.keys())):
        listed = zip(page["id"].to_pylist(), page["whole"].to_pylist(), strict=True)
        data |= {task: whole for task, whole in listed if whole is not None}
    return {
        (task, name): source
        for task, whole in data.items()
        for name, source in images_of(msgspec.Raw(whole), shown)[0].items()
    }
