"""Work on many things that may be shared among machines; whoever asks for it does not know who does it."""

import platform
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

from detector.errors import UsageError

Item = TypeVar("Item")
Output = TypeVar("Output")
Advance: TypeAlias = Callable[[int], None]  # so many more are done


class Shards(Protocol):
    """Shares work among machines."""

    def __call__(
        self,
        work: Callable[[Sequence[Item], Advance], Output],
        items: Sequence[Item],
        advance: Advance,
        *,
        least: int,
        gpu: bool = False,
    ) -> list[Output]:
        """What `work` makes of parts of `items`, in their order; of no items, what it makes of none.

        Another machine has the same files and no more: `work`, items and what is made of them can be pickled. A part of
        fewer than `least` items is not worth sending; `gpu` says whether a GPU helps. What `work` raises is raised.
        """
        ...


def alone(
    work: Callable[[Sequence[Item], Advance], Output],
    items: Sequence[Item],
    advance: Advance,
    *,
    least: int,  # noqa: ARG001 - nothing is sent
    gpu: bool = False,  # noqa: ARG001 - this machine has one, or none
) -> list[Output]:
    """All of it on this machine."""
    return [work(items, advance)]


def refuse_absent(files: Iterable[Path]) -> None:
    """Raise UsageError where the first of the files is not on this machine: nor are the others, then."""
    for file in files:
        if not file.exists():
            raise UsageError(
                f"{file} is not on {platform.node()}; every machine of the engine needs the pictures at the same path,"
                " and without them `--set engine=null` does all on this one"
            )
        return
