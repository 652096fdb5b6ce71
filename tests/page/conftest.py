"""A page of a whole run, and the same open in a browser."""

import re
from typing import NamedTuple

import pytest

from detector import page as report
from detector.page import Run
from tests.support import evaluations


class Written(NamedTuple):
    """A run and the file of its page."""

    run: Run
    file: object

    def rows(self, page, part):
        """The rows of the tables of a part, each a list of what its cells say."""
        page.goto(self.file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        cells = "all => all.map(row => [...row.cells].map(cell => cell.innerText))"
        return [
            [re.sub(r"\s+", " ", cell).strip() for cell in row]
            for row in page.locator(f"{part} tr").evaluate_all(cells)
        ]


def interval(ends):
    """An interval, as the page shows it."""
    return f"[{report.figure(ends[0])}, {report.figure(ends[1])}]"


def write(folder, run):
    """Write the page of a run into `folder`."""
    report.write(folder / "report.html", run)
    return Written(run, folder / "report.html")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    return write(folder, evaluations.run(folder, evaluations.dataset(folder / "datasets")))
