"""Commands on models: champion, compare, rollback."""

from pathlib import Path

import click

from detector.cli import options
from detector.cli.options import opened, show


@click.command()
@options.pipeline
@options.overrides
@options.as_json
def champion(pipeline: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Show the champion: version, figures, files.

    \b
    detector champion
    """
    from detector.commands.champion import champion as current
    from detector.commands.champion import lines

    description = current(opened(pipeline, overrides).name)
    show(description, as_json, lambda: click.echo("\n".join(lines(description))))


@click.command()
@click.argument("before", default="champion")
@click.argument("after", required=False)
@click.option("--pipeline", type=click.Path(path_type=Path), default=Path("pipeline.yaml"), help="the pipeline of both")
@options.as_json
def compare(before: str, after: str | None, pipeline: Path, as_json: bool) -> None:
    """Compare two models on the same images.

    BEFORE is the champion, and AFTER the newest run, if they are left out. Each is a run, the number of a registered
    version, or `champion`. Figures have the interval of their difference.

    \b
    detector compare                                   the champion and the newest run
    detector compare 3 champion                        two registered versions
    detector compare 20260101T000000Z-abcdef           a run and the newest one
    """
    from detector.commands.compare import compare as between
    from detector.commands.comparison import lines

    comparison = between(before, after, opened(pipeline, ()))
    show(comparison, as_json, lambda: click.echo("\n".join(lines(comparison))))


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
