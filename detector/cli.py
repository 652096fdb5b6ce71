"""The commands: parse, one call, print. Errors are shown here, and only here."""

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from detector import __version__
from detector.errors import Interrupted, Stopped, UsageError, exit_code, failure, sentence
from detector.run import stopping
from detector.terms import STAGES, Task

if TYPE_CHECKING:
    from detector.commands.findings import Finding

_STAGES = click.Choice(STAGES)
_pipeline = click.argument("pipeline", type=click.Path(path_type=Path), default=Path("pipeline.yaml"))
_set = click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="override a value of pipeline.yaml")
_json = click.option("--json", "as_json", is_flag=True, help="one JSON object on stdout, progress on stderr")
_wait = click.option("--wait-lock", type=float, default=0.0, metavar="SECONDS", help="wait for another run to end")
_from = click.option("--from", "first", type=_STAGES, default="pull", help="take what came before as it is")
_until = click.option("--until", "last", type=_STAGES, default="promote", help="stop after this stage")
_force = click.option("--force", "forced", type=_STAGES, multiple=True, help="run this stage even if nothing changed")


def _selecting(command: Callable[..., None]) -> Callable[..., None]:
    """What `run` and `plan` take alike: the pipeline, and which of its stages."""
    for option in (_json, _force, _until, _from, _set, _pipeline):
        command = option(command)
    return command


def main() -> None:
    """Run a command, show an error as one clear text on stderr, and exit with its code."""
    stopping.listen()
    as_json = "--json" in sys.argv
    try:
        commands.main(standalone_mode=False)
    except click.ClickException as error:
        if as_json:
            click.echo(json.dumps(failure(UsageError(error.format_message())), ensure_ascii=False))
        error.show()
        sys.exit(UsageError.exit_code)
    except (KeyboardInterrupt, click.Abort):  # click makes the one of the other
        _fail(Interrupted(), as_json)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (Exception, Stopped) as error:  # noqa: BLE001 - also a bug of ours: said calmly, the run's log has the trace
        _fail(error, as_json)


def _fail(error: BaseException, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(failure(error), ensure_ascii=False))
    click.echo(sentence(error), err=True)
    sys.exit(exit_code(error))


def _show(outcome: dict[str, Any], as_json: bool, lines: Callable[[], None]) -> None:
    if as_json:
        click.echo(json.dumps(outcome, ensure_ascii=False))
    else:
        lines()


@click.group(name="detector", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="detector")
def commands() -> None:
    """Train object detectors from one file: annotations in, engine out.

    \b
    detector init                  write a first pipeline.yaml and a sample project
    detector run                   do what it says; do it again whenever something changed
    """


@commands.command()
@_selecting
@_wait
@click.option("--exit-code-if-unchanged", type=int, default=0, metavar="CODE", help="e.g. 99 for a scheduler")
@click.option("--metrics-file", type=click.Path(path_type=Path), help="for Prometheus' node exporter: its textfile")
def run(
    pipeline: Path,
    overrides: tuple[str, ...],
    first: str,
    last: str,
    forced: tuple[str, ...],
    as_json: bool,
    wait_lock: float,
    exit_code_if_unchanged: int,
    metrics_file: Path | None,
) -> None:
    """Do what PIPELINE (pipeline.yaml) says: only what has changed, in order, recorded.

    \b
    detector run pipeline.yaml
    detector run --set train.epochs=3 --until evaluate
    detector run --from export --force export
    """
    from detector.config.load import load
    from detector.reporting.ending import Ending
    from detector.reporting.terminal import Terminal
    from detector.run.loop import run as run_pipeline
    from detector.run.plan import Choice

    terminal = Terminal(sys.stderr if as_json else sys.stdout)
    with Ending(pipeline, metrics_file, exit_code_if_unchanged, partial(click.echo, err=True)) as ending:
        config = load(pipeline, overrides)
        choice = Choice(first, last, frozenset(forced))
        outcome = run_pipeline(config, choice, terminal, wait_lock, ending.of(config))
    _show(outcome.plain(), as_json, lambda: terminal.outcome(outcome.status, outcome.look))
    if outcome.status == "unchanged":
        sys.exit(exit_code_if_unchanged)


@commands.command()
@_pipeline
@_set
@_json
def validate(pipeline: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Check PIPELINE without running anything: every fault, with its line.

    \b
    detector validate
    detector validate nightly.yaml --set train.epochs=3
    """
    from detector.config.load import load

    config = load(pipeline, overrides)
    steps = [step.name for step in config.steps]
    outcome = {"schema": 1, "status": "valid", "name": config.name, "task": config.task, "steps": steps}
    _show(outcome, as_json, lambda: click.echo(f"{pipeline} is valid: {' → '.join(steps)}"))


@commands.command()
@_selecting
def plan(
    pipeline: Path, overrides: tuple[str, ...], first: str, last: str, forced: tuple[str, ...], as_json: bool
) -> None:
    """Say what `run` would do with each step, and why.

    \b
    detector plan
    detector plan --set train.epochs=100
    """
    from detector.config.load import load
    from detector.run.plan import Choice
    from detector.run.plan import plan as plan_pipeline

    planned = list(plan_pipeline(load(pipeline, overrides), Choice(first, last, frozenset(forced))))
    steps = [{"step": each.step.name, "run": each.why is not None, "why": each.why or []} for each in planned]
    _show({"schema": 1, "steps": steps}, as_json, lambda: click.echo("\n".join(map(_planned, steps))))


def _planned(step: dict[str, Any]) -> str:
    return f"{step['step']:<18}{'run   ' if step['run'] else 'skip  '}{', '.join(step['why'])}".rstrip()


@commands.command()
@_json
def schema(as_json: bool) -> None:
    """Print the JSON Schema of pipeline.yaml, which editors use to complete and check it.

    \b
    detector schema > pipeline.schema.json
    """
    from detector.commands.schema import schema as json_schema

    found = json_schema()
    _show(found, as_json, lambda: click.echo(json.dumps(found, indent=2, ensure_ascii=False)))


@commands.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--task", type=click.Choice(["detect", "segment"]), default="detect", help="boxes or outlines")
@_json
def init(folder: Path, task: Task, as_json: bool) -> None:
    """Write a first pipeline.yaml and a small sample project into FOLDER (here).

    \b
    detector init
    detector init try-it --task segment
    """
    from detector.commands.start import start

    files = start(folder, task)
    outcome = {"schema": 1, "status": "done", "files": [{"path": path, "what": what} for path, what in files]}
    _show(outcome, as_json, lambda: click.echo("\n".join(f"{path} {what}" for path, what in files)))


@commands.command()
@_json
def status(as_json: bool) -> None:
    """Show the last runs of this folder and its dataset versions."""
    from detector.commands.status import lines
    from detector.commands.status import status as current

    found = current()
    _show(found, as_json, lambda: click.echo("\n".join(lines(found))))


@commands.command()
@click.argument("which", required=False, metavar="[VERSION|RUN]")
@click.option("--port", type=int, help="5151, or any that is free")
@_json
def app(which: str | None, port: int | None, as_json: bool) -> None:
    """Open FiftyOne on a dataset version: images, labels, findings, predictions.

    \b
    detector app                   the latest version
    detector app 127f047e599c      a version, or the version that a run used
    """
    from detector.commands.app import app as serve

    def ready(name: str, url: str) -> None:
        outcome = {"schema": 1, "status": "serving", "dataset": name, "url": url}
        _show(outcome, as_json, lambda: click.echo(f"{name} is at {url}  (Ctrl-C ends it)"))

    serve(which, port, ready)


@commands.command()
@click.argument("old")
@click.argument("new", required=False)
@_json
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

    found = between(find(old), find(new))
    _show(found, as_json, lambda: click.echo("\n".join(lines(found))))


@commands.command()
@_pipeline
@_set
@_json
def rollback(pipeline: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Make the previous champion champion again.

    \b
    detector rollback
    """
    from detector import record
    from detector.config.load import load

    config = load(pipeline, overrides)
    old, new = record.load(config.record.using).rollback(config.record, config.name)
    outcome = {"schema": 1, "status": "done", "model": config.name, "from": old, "to": new}
    _show(outcome, as_json, lambda: click.echo(f"{config.name}: the champion is version {new} again, not {old}"))


@commands.command()
@_pipeline
@_set
@_json
@click.option("--keep", type=click.IntRange(min=1), required=True, help="so many of its newest runs stay")
@click.option("--dry-run", is_flag=True, help="only say what would go")
@_wait
def prune(
    pipeline: Path, overrides: tuple[str, ...], as_json: bool, keep: int, dry_run: bool, wait_lock: float
) -> None:
    """Remove old runs and dataset versions of PIPELINE, and what only they needed.

    What the champion, the one before it, and the next run need stays.

    \b
    detector prune --keep 10 --dry-run
    """
    from detector.commands.prune import lines
    from detector.commands.prune import prune as remove_old
    from detector.config.load import load

    found = remove_old(load(pipeline, overrides), keep, dry_run, wait_lock)
    _show(found, as_json, lambda: click.echo("\n".join(lines(found))))


@commands.command()
@_json
def doctor(as_json: bool) -> None:
    """Look at what this machine has for a pipeline, and say how to get the rest."""
    from detector.commands.doctor import examine

    findings = list(examine())
    plain = {"schema": 1, "findings": [finding._asdict() for finding in findings]}
    _show(plain, as_json, lambda: click.echo("\n".join(map(_found, findings))))


def _found(finding: "Finding") -> str:
    mark = "✓" if finding.there else "·"
    advice = f"\n  {'':<28}{finding.advice}" if finding.advice else ""
    return f"{mark} {finding.what:<28}{finding.found}{advice}"
