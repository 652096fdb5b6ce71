"""Tasks by number and link: some at once, the others a click away, and of very many the file that lists them all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

NAMED = 20  # at once
LISTED = 2_000  # on the page: more would make it megabytes large


class Named(NamedTuple):
    """What a list of the page shows: the `first` ones, the `rest` behind a click, and how many only the `file` has."""

    first: Sequence[Any]
    rest: Sequence[Any] = ()
    beyond: int = 0
    file: Path | None = None


def named(every: Sequence[Any], file: Path, first: int = NAMED) -> Named:
    """All of `every`, which `file` lists, too."""
    return Named(every[:first], every[first:LISTED], max(len(every) - LISTED, 0), file)


def with_links(tasks: Sequence[Any], links: Mapping[Any, str | None]) -> list[tuple[Any, str | None]]:
    """Each task beside its link; None where there is none to follow."""
    return [(task, link if opens(link := links.get(task)) else None) for task in dict.fromkeys(tasks)]


def opens(link: str | None) -> bool:
    """Whether a link leads to a task, and does nothing else."""
    return bool(link) and str(link).startswith(("http://", "https://"))
