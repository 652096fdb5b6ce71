"""Something small that is asked of many files: on every core where there are so many that it is worth the while."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Asked = TypeVar("Asked")
Told = TypeVar("Told")
TOGETHER = 5_000  # files that are looked at in one go
MANY = 20_000  # files; to look at these takes longer than to start a process


def of_many(tell: Callable[[Asked], Told], asked: Sequence[Asked], files: int) -> list[Told]:
    """`tell` of each, in order; all together they ask about so many files."""
    if files < MANY:
        return list(map(tell, asked))
    from detector.system.processes import on_every_core, parts_of  # multiprocessing with it

    shares = on_every_core(lambda part: list(map(tell, asked[part])), parts_of(len(asked), 1))
    return [told for share in shares for told in share]
