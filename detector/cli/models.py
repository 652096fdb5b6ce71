"""Commands on registered models: rollback."""

from pathlib import Path

import click

from detector.cli import options
from detector.cli.options import opened, show


@click.command()
@options.pipeline
@options.overrides
@options.as_json
def rollback(pipeline: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Make the previous champion champion again.

    \b
    detector rollback
    """
    from detector import record

    config = opened(pipeline, overrides)
    old, new = record.load(config.record.using).rollback(config.record, config.name)
    outcome = {"schema": 1, "status": "done", "model": config.name, "from": old, "to": new}
    show(outcome, as_json, lambda: click.echo(f"{config.name}: the champion is version {new} again, not {old}"))
