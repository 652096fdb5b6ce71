"""Commands that go back to the annotators: push, review."""

import sys
from pathlib import Path

import click

from detector.annotators import ORDERS, Order
from detector.cli import options
from detector.cli.options import opened, show_lines


@click.command()
@options.pipeline
@options.overrides
@options.which_model
@click.option("--limit", type=click.IntRange(min=1), help="so many tasks at most")
@click.option(
    "--order",
    type=click.Choice(ORDERS),
    default=ORDERS[0],
    show_default=True,
    help="what matters most; written as the prediction score, of which the smallest comes first",
)
@options.as_json
def push(
    pipeline: Path, overrides: tuple[str, ...], which: str, using: str, score: float | None, limit: int | None,
    order: Order, as_json: bool,
) -> None:  # fmt: skip
    """Send a model's predictions to the unlabelled tasks.

    They are there when an annotator opens a task of the Label Studio project that the pipeline pulls from. What has an
    annotation, or this model's prediction, is left alone; older predictions of ours are replaced.

    \b
    detector push                                     the champion's, at its operating point
    detector push --limit 200 --order diverse
    detector push --model 20260101T000000Z-abcdef --score 0.3
    """
    from detector.annotators.chosen import Wanted
    from detector.annotators.push import Request
    from detector.commands.push import lines
    from detector.commands.push import push as send
    from detector.reporting.terminal import Terminal

    terminal = Terminal(sys.stderr if as_json else sys.stdout)
    request = Request(Wanted(which, using, score), limit, order)
    outcome = send(opened(pipeline, overrides), request, terminal.progress)
    show_lines(outcome, as_json, lines(outcome))


@click.command()
@options.pipeline
@options.overrides
@click.option("--run", metavar="RUN", help="whose data and model; the newest, if left out")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="so many mistakes at most")
@click.option("--push", is_flag=True, help="put the model's view on the tasks, so that the worst can be opened first")
@options.as_json
def review(
    pipeline: Path, overrides: tuple[str, ...], run: str | None, limit: int, push: bool, as_json: bool
) -> None:  # fmt: skip
    """Show likely label mistakes in a run's data.

    Objects without a label, labels on nothing, other classes and misplaced boxes, the likeliest first, with pictures on
    a page beside the run. What somebody has looked at since is not shown again.

    \b
    detector review
    detector review --push --limit 20                 and put them on the tasks
    """
    from detector.commands.review import Request, find, lines
    from detector.reporting.terminal import Terminal

    terminal = Terminal(sys.stderr if as_json else sys.stdout)
    outcome = find(opened(pipeline, overrides), Request(run, limit, push), terminal.progress)
    show_lines(outcome, as_json, lines(outcome, pipeline))
