"""The fast rules alone: tables in, findings and a gate out. No FiftyOne, no database."""

from typing import Literal

from pydantic import Field

from detector.stages import Job, Result, Section
from detector.stages.check._limits import Limits

LIBRARIES = ("numpy", "opencv-python-headless", "pillow", "pyarrow")


class Options(Section):
    """Rules over the dataset version's tables."""

    using: Literal["rules"] = "rules"
    fail_on: Limits = Field(default_factory=Limits, description="for each rule: off, warn, or a number it may not pass")


def run(job: Job[Options]) -> Result:
    """Look at the version by every rule; refuse it when one found more than it may."""
    from detector.data.dataset import Dataset
    from detector.stages.check._findings import conclude, examine
    from detector.stages.check._tables import tables_of

    dataset = Dataset(job.inputs["convert"].path)
    tables = tables_of(dataset)
    return conclude(dataset, tables, examine(tables, job.options.fail_on), job.folder)
