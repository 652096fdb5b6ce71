"""What `detector doctor` finds."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One thing that was looked for; `advice` is empty when nothing needs doing."""

    what: str
    there: bool
    found: str
    advice: str = ""
