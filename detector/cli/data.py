"""Commands on what runs have left: status, app, diff, verify, prune."""

import sys
from pathlib import Path

import click

from detector.cli import options
from detector.cli.options import opened, say, show
from detector.errors import DetectorError


@click.command()
@options.as_json
def status(as_json: bool) -> None:
    """Show the last runs of this folder and its dataset versions."""
    from detector.commands.status import lines
    from detector.commands.status import status as current

    state = current()
    show(state, as_json, lambda: say("\n".join(lines(state))))


@click.command()
@click.argument("which", required=False, metavar="[VERSION|RUN]")
@click.option("--port", type=int, help="5151, or any that is free")
@options.as_json
def app(which: str | None, port: int | None, as_json: bool) -> None:
    """Open FiftyOne on a dataset version.

    It shows images, labels, what the check found, and predictions.

    \b
    detector app                   the latest version
    detector app 127f047e599c      a version, or the version that a run used
    """
    from detector.commands.app import app as serve

    def ready(name: str, url: str) -> None:
        outcome = {"schema": 1, "status": "serving", "dataset": name, "url": url}
        show(outcome, as_json, lambda: say(f"{name} is at {url}  (Ctrl-C ends it)"))

    serve(which, port, ready, lambda line: say(line, err=True))


@click.command()
@click.argument("old")
@click.argument("new", required=False)
@options.as_json
def diff(old: str, new: str | None, as_json: bool) -> None:
    """Show what changed from dataset version OLD to NEW (the latest).

    Each is a version, or a run that used one.

    \b
    detector diff 127f047e599c
    detector diff 127f047e599c 22f81171874a
    """
    from detector.commands.diff import diff as between
    from detector.commands.diff import lines
    from detector.commands.versions import find

    changes = between(find(old), find(new))
    show(changes, as_json, lambda: say("\n".join(lines(changes))))


@click.command()
@options.pipeline
@options.overrides
@options.as_json
def verify(pipeline: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Read every file that the newest results stand on, and the champion's.

    A run only looks at size, time and inode. This holds each file against its hash. It ends with 1 where one is not
    as it was left; nothing is written, and `detector run` makes it again.
    """
    from detector.commands.verify import lines
    from detector.commands.verify import verify as read

    outcome = read(opened(pipeline, overrides))
    show(outcome, as_json, lambda: say("\n".join(lines(outcome))))
    if outcome["status"] == "damaged":
        sys.exit(DetectorError.exit_code)


@click.command()
@options.pipeline
@options.overrides
@options.as_json
@click.option("--keep", type=click.IntRange(min=1), required=True, help="so many of its newest runs stay")
@click.option("--dry-run", is_flag=True, help="only say what would go")
@options.wait_lock
def prune(
    pipeline: Path, overrides: tuple[str, ...], as_json: bool, keep: int, dry_run: bool, wait_lock: float
) -> None:
    """Remove old runs and dataset versions.

    Those of PIPELINE, and what only they needed.

    What the champion, the one before it, and the next run need stays.

    \b
    detector prune --keep 10 --dry-run
    """
    from detector.commands.prune import lines
    from detector.commands.prune import prune as remove_old

    removed = remove_old(opened(pipeline, overrides), keep, dry_run, wait_lock)
    show(removed, as_json, lambda: say("\n".join(lines(removed))))
