"""The JSON that Label Studio's UI exports, with the images beside it or at a given root."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from detector.label_studio.policy import Policy
from detector.stages import Job, Result, Section

LIBRARIES = ("msgspec", "pillow", "pyarrow")


class Options(Section):
    """A JSON export of Label Studio."""

    using: Literal["label_studio_export"] = "label_studio_export"
    path: Path = Field(description="the exported JSON file", examples=["export.json"])
    images: Path | None = Field(None, description="what `?d=`, /data/upload/ and relative paths resolve under")
    label_config: Path | None = Field(None, description="the labelling configuration, where tasks have several images")
    annotations: Policy = Field("latest", description="which annotation counts when a task has several")

    @property
    def root(self) -> Path:
        """The folder that references resolve under: `images`, else the export's own."""
        return self.images or self.path.parent


def state(options: Options, datasets: Path) -> str:
    """Changes whenever the export, or an image that it refers to, does."""
    from detector.stages.pull._references import state_of

    return state_of(options, datasets)


def run(job: Job[Options]) -> Result:
    """Read the export, take in the images, write the tables."""
    from detector.stages.pull._export import take

    return take(job)
