"""Broken and hostile input: whatever is in it, a person reads a sentence, and nothing is touched that is not theirs.

`make test` tries the same few hundred cases each time; `make torture` tries 10,000 others.
"""

from hypothesis import HealthCheck, settings

SECONDS = 20  # longer than any case may take on a busy machine: more is a hang
_common = {"deadline": SECONDS * 1000, "suppress_health_check": [*HealthCheck], "database": None}


def few(cases: int) -> settings:
    return settings(max_examples=cases, derandomize=True, **_common)


def many(cases: int) -> settings:
    return settings(max_examples=cases, print_blob=True, **_common)
