"""The rules, then the version in FiftyOne: findings as tags and saved views, lookalikes by embeddings."""

from typing import Literal

from pydantic import Field

from detector.stages import Job, Result, Section
from detector.stages import kept_and_shown as kept
from detector.stages.check._limits import LimitsWithLookalikes

__all__ = ["LIBRARIES", "Options", "kept", "run"]
LIBRARIES = (
    "faiss-cpu",
    "fiftyone",
    "fiftyone-brain",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "pyarrow",
    "scipy",
)


class Options(Section):
    """Rules over the tables, and what FiftyOne finds in the pictures."""

    using: Literal["fiftyone"] = "fiftyone"
    fail_on: LimitsWithLookalikes = Field(
        default_factory=LimitsWithLookalikes, description="for each rule: off, warn, or a number it may not pass"
    )


def run(job: Job[Options]) -> Result:
    """Look at the version, show it in FiftyOne (also one that is refused), and refuse what found more than it may."""
    from detector.data.dataset import Dataset
    from detector.stages.check._findings import conclude
    from detector.stages.check._inspect import inspect

    dataset = Dataset(job.inputs["convert"].path)
    tables, findings = inspect(dataset, job, job.options.fail_on)
    return conclude(dataset, tables, findings, job.folder)
