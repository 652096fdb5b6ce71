"""report.html: one page of a run that a manager and an engineer both read. It needs no network and no other file.

It tells, from the top: what the run came to, what changed since the champion, the data, what the check found, the
training, what was measured, the engines, what it all cost, and how to get the same again. A part without anything to
show is left out; so a run that failed, or that a gate refused, has a page of what there is.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from detector.page._data import told_of
from detector.page._pictures import as_address
from detector.page._run import Failure, Run
from detector.page._tasks import opens
from detector.page._view import view
from detector.system.files import write_whole

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Failure", "Run", "as_address", "opens", "templates", "told_of", "write"]


def write(page: Path, run: Run) -> None:
    """Write the page of a run."""
    write_whole(page, templates().get_template("report.html.j2").render(view(run)))


def templates() -> "Environment":
    """The templates of the page, with its filters."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("detector.page", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figure": figure, "change": change}
    return environment


def figure(value: float | None) -> str:
    """`0.681`; a dash where there is none to measure."""
    return "–" if value is None or value != value else f"{value:.3f}"  # noqa: PLR0124 - NaN


def change(value: float) -> str:
    """`+0.012`, `−0.012` with a real minus; a dash where there is none to measure."""
    return "–" if value != value else f"{value:+.3f}".replace("-", "−")  # noqa: PLR0124 - NaN
