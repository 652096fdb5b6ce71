"""A progress bar, as those see it who advance it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Progress(Protocol):
    """Shows how far some work is."""

    def __call__(self, title: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """A bar of `total` units; the function that it gives advances it by so many."""
        ...
