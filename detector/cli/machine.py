"""Commands on this machine: doctor."""

from typing import TYPE_CHECKING

import click

from detector.cli import options
from detector.cli.options import say, show

if TYPE_CHECKING:
    from detector.commands.findings import Finding


@click.command()
@options.as_json
def doctor(as_json: bool) -> None:
    """Say what this machine has, and how to get the rest."""
    from detector.commands.doctor import examine

    findings = list(examine())
    plain = {"schema": 1, "findings": [finding._asdict() for finding in findings]}
    show(plain, as_json, lambda: say("\n".join(map(_line, findings))))


def _line(finding: "Finding") -> str:
    mark = "✓" if finding.there else "·"
    advice = f"\n  {'':<28}{finding.advice}" if finding.advice else ""
    return f"{mark} {finding.what:<28}{finding.found}{advice}"
