"""A report for tests: it says nothing, and remembers."""

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Quiet:
    """What was said, and how far each progress bar came."""

    said: list[str] = field(default_factory=list)
    advanced: Counter[str] = field(default_factory=Counter)

    def say(self, line):
        self.said.append(line)

    @contextmanager
    def progress(self, title, total):
        def advance(by):
            self.advanced[title] += by
            assert self.advanced[title] <= total

        yield advance

    def parameters(self, values):
        pass

    def metrics(self, values, step=0):
        pass
