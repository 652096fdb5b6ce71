"""A whole check with FiftyOne: load the version, look at it, mark what was found."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from detector.browse import samples
from detector.browse.database import connected
from detector.data.dataset import Dataset
from detector.stages.check._findings import Finding, examine
from detector.stages.check._limits import LimitsWithLookalikes
from detector.stages.check._lookalikes import describe, find, observations, show
from detector.stages.check._tables import Tables, tables_of
from detector.stages.check._views import mark


def inspect(
    dataset: Dataset, project: str, limits: LimitsWithLookalikes, place: Path, say: Callable[[str], None]
) -> tuple[Tables, list[Finding]]:
    """What every rule finds in the version; it is then in FiftyOne's database in `place`, marked with that.

    A database that can't be read is made anew, which is said.
    """
    tables = tables_of(dataset)
    rows, files, described = describe(dataset, tables)
    unreadable = set(dataset.images["file"].take(rows[~described.readable]).to_pylist())
    tables = replace(tables, present=set(tables.present) - unreadable)
    alike = observations(find(files, described, tables.splits[rows]), tables, rows)
    with connected(place, say):
        loaded = samples.load(dataset, project)
        show(loaded, dataset, rows[described.readable], described.vectors[described.readable])
        findings = examine(
            tables, limits, {rule: observed for rule, observed in alike.items() if getattr(limits, rule) != "off"}
        )
        mark(loaded, dataset, findings)
    return tables, findings
