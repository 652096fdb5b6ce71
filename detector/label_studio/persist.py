"""Asking again: what may pass by itself is worth another try, what won't is not."""

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TypeVar

WAITS = (1.0, 2.0, 4.0)  # seconds before the second, third and fourth try
LONGEST = 60.0  # seconds that a server may ask us to wait

T = TypeVar("T")


class Passing(Exception):
    """What was asked for may be answered later; `after` is how many seconds the server asked us to wait."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


def persist(ask: Callable[[], T]) -> T:
    """What `ask` gives, asked up to four times while it raises Passing; then that is raised."""
    for wait in WAITS:
        try:
            return ask()
        except Passing as failure:
            time.sleep(wait if failure.after is None else min(failure.after, LONGEST))
    return ask()


def may_pass(status: int) -> bool:
    """Whether an answer of this HTTP status is worth another try: too many requests, or the server's own trouble."""
    return status in {408, 429} or status >= 500


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds, from a Retry-After header (RFC 9110, section 10.2.3): a number, or a date. Names are in lower case."""
    value = headers.get("retry-after", "")
    if value.isdigit():
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except ValueError:
        return None
