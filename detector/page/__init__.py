"""report.html: one page of a run that a team opens in the morning. It needs no network and no other file."""

from collections.abc import Sequence
from pathlib import Path

from detector.data.dataset import Dataset
from detector.page._view import view
from detector.reporting.outcome import Done


def write(page: Path, name: str, steps: Sequence[Done], dataset: Dataset | None, resolved: str) -> None:
    """Write the page of a run of the pipeline `name`.

    `resolved` is the pipeline as YAML without secrets. A step that did not run leaves its part of the page out.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("detector.page", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("report.html.j2").render(view(name, steps, dataset, resolved))
    page.write_text(html, encoding="utf-8")
