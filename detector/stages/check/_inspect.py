"""A whole check with FiftyOne: load the version, look at it, mark what was found."""

from dataclasses import replace
from typing import Any

from detector.browse.database import connected
from detector.data.dataset import Dataset
from detector.stages import Job
from detector.stages.check._findings import Finding, examine
from detector.stages.check._limits import LimitsWithLookalikes
from detector.stages.check._lookalikes import describe, find, observations, show
from detector.stages.check._tables import Tables, tables_of
from detector.stages.check._views import load


def inspect(dataset: Dataset, job: Job[Any], limits: LimitsWithLookalikes) -> tuple[Tables, list[Finding]]:
    """What every rule finds in the version; it is then in FiftyOne's database, marked with that.

    A database that can't be read is made anew, which is said.
    """
    tables = tables_of(dataset)
    rows, files, described = describe(dataset, tables, job.shards)
    unreadable = set(dataset.images["file"].take(rows[~described.readable]).to_pylist())
    tables = replace(tables, present=set(tables.present) - unreadable)
    alike = observations(find(files, described, tables.splits[rows]), tables, rows)
    found = {rule: observed for rule, observed in alike.items() if getattr(limits, rule) != "off"}
    findings = examine(tables, limits, found)
    with connected(job.fiftyone, job.report.say):
        loaded = load(dataset, job.pipeline.name, findings)
        show(loaded, dataset, rows[described.readable], described.vectors[described.readable])
    return tables, findings
