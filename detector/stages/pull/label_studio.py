"""Tasks and images from a running Label Studio server."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from detector.label_studio.policy import Policy
from detector.stages import Job, Result, Section

LIBRARIES = ("msgspec", "pillow", "pyarrow")


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

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if not re.fullmatch(r"https?://([\w.-]+|\[[\da-fA-F:]+\])(:\d+)?(/\S*)?", url):
            raise ValueError("must be an address such as http://localhost:8080 or https://label-studio.example.com")
        return url


def state(options: Options, datasets: Path) -> str:
    """Changes whenever a task or an annotation is added, edited or deleted on the server."""
    from detector.stages.pull._asked import state_of

    return state_of(options, datasets)


def run(job: Job[Options]) -> Result:
    """Ask for what changed, download the images that aren't here yet, write the tables."""
    from detector.stages.pull._server import take

    return take(job)
