"""Commands on pipeline.yaml: init, validate, plan, run, schema."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from detector.cli import options
from detector.cli.options import opened, say, say_warning, show
from detector.terms import Task

if TYPE_CHECKING:
    from detector.orchestrator.plan import Planned


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--task", type=click.Choice(["detect", "segment"]), default="detect", help="boxes or outlines")
@click.option(
    "--from-darknet",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="from a folder with obj.data, a .cfg or BMW's train_config.json",
)
@click.option(
    "--from-label-studio", metavar="URL", help="from a project on this server; its token is in LABEL_STUDIO_TOKEN"
)
@click.option("--project", metavar="TITLE", help="which one, where the server has several: its title or its id")
@options.as_json
def init(
    folder: Path, task: Task, from_darknet: Path | None, from_label_studio: str | None, project: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Write a first pipeline.yaml and a sample project.

    Into FOLDER, or here.

    \b
    detector init
    detector init try-it --task segment
    detector init --from-darknet my-darknet-data
    detector init --from-label-studio http://localhost:8080 --project "Blood cells"
    """
    from detector.commands import start_from
    from detector.commands.start import start

    if from_darknet and from_label_studio:
        raise click.UsageError("give --from-darknet or --from-label-studio, not both")
    if project and not from_label_studio:
        raise click.UsageError("--project is for --from-label-studio URL")
    if from_darknet:
        started = start_from.start_from_darknet(folder, from_darknet)
    elif from_label_studio is not None:
        token = os.environ.get(start_from.TOKEN)
        started = start_from.start_from_label_studio(folder, from_label_studio, token, project)
    else:
        started = None
    files = [(str(started.path), started.what)] if started else start(folder, task)
    outcome: dict[str, Any] = {"schema": 1, "status": "done"}
    outcome["files"] = [{"path": path, "what": what} for path, what in files]
    if from_darknet and started:
        outcome["became"] = [row._asdict() for row in started.rows]
    lines = [*(f"{path} {what}" for path, what in files), f"`detector run {files[0][0]}` does what it says"]
    show(outcome, as_json, lambda: say("\n".join(lines)))


@click.command()
@options.pipeline
@options.overrides
@options.as_json
def validate(pipeline: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Check pipeline.yaml: every fault, with its line.

    Nothing runs.

    \b
    detector validate
    detector validate nightly.yaml --set train.epochs=3
    """
    from detector import engine
    from detector.stages import Pipeline, remarks_of

    config = opened(pipeline, overrides)
    steps = [step.name for step in config.steps]
    remarks = {step.name: [*remarks_of(step.backend, step.options, cast(Pipeline, config))] for step in config.steps}
    outcome = {"schema": 1, "status": "valid", "name": config.name, "task": config.task, "steps": steps}
    remarks["engine"] = [missing] if (missing := engine.missing(config.engine)) else []
    outcome["remarks"] = {name: told for name, told in remarks.items() if told}
    lines = [f"{name:<19}  {remark}" for name, told in remarks.items() for remark in told]
    show(outcome, as_json, lambda: say("\n".join([f"{pipeline} is valid: {' → '.join(steps)}", *lines])))


@click.command()
@options.steps
def plan(
    pipeline: Path, overrides: tuple[str, ...], first: str, last: str, forced: tuple[str, ...], as_json: bool
) -> None:
    """Say what `run` would do with each step, and why.

    Below `train`: what is derived from the data for options that are left out, once `convert` has run.

    \b
    detector plan
    detector plan --set train.epochs=100
    """
    from detector.orchestrator import studied
    from detector.orchestrator.going_on import going_on
    from detector.orchestrator.plan import Choice
    from detector.orchestrator.plan import plan as plan_pipeline

    config = opened(pipeline, overrides)
    planned = list(plan_pipeline(config, Choice(first, last, frozenset(forced))))
    cut_short = dict(filter(None, [going_on(config, planned)]))
    steps = [_described(each, cut_short.get(each.step.name)) for each in planned]
    search = studied.planned(config, next((each.result for each in planned if each.step.name == "convert"), None))
    lines = [line for step in steps for line in _lines(step)]
    lines += [f"{'tune':<19}  {studied.line(search)}"] if search else []
    show({"schema": 1, "steps": steps, "tune": search}, as_json, lambda: say("\n".join(lines)))


def _described(planned: "Planned", goes_on: str | None) -> dict[str, Any]:
    """The step for `--json`; where a run was cut short at it, that is one more reason."""
    why = [*(planned.why or []), *filter(None, [goes_on])]
    return {"step": planned.step.name, "run": planned.why is not None, "why": why, "derived": planned.derived}


def _lines(step: dict[str, Any]) -> Iterator[str]:
    """What happens with the step; below it what it derives for options that are left out."""
    yield f"{step['step']:<19}  {'run   ' if step['run'] else 'skip  '}{', '.join(step['why'])}".rstrip()
    for name, each in step["derived"].items():
        yield f"{'':<21}{name} {each['value']}: {each['why']}"


@click.command()
@options.steps
@options.wait_lock
@click.option(
    "--exit-code-if-unchanged", type=click.IntRange(0, 255), default=0, metavar="CODE", help="e.g. 99 for a scheduler"
)
@options.metrics_file
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
    """Do what pipeline.yaml says, if it is not done yet.

    Only what has changed, in order, recorded.

    \b
    detector run pipeline.yaml
    detector run --set train.epochs=3 --until evaluate
    detector run --from export --force export
    """
    from detector.orchestrator.loop import run as run_pipeline
    from detector.orchestrator.plan import Choice
    from detector.reporting.ending import Ending
    from detector.reporting.terminal import Terminal

    terminal = Terminal(sys.stderr if as_json else sys.stdout)
    started_in = Path.cwd()
    with Ending(pipeline, metrics_file, exit_code_if_unchanged, say_warning) as ending:
        config = opened(pipeline, overrides)
        if Path.cwd() != started_in:
            terminal.line("project", f"{Path.cwd()}, which the paths below are relative to")
        choice = Choice(first, last, frozenset(forced))
        outcome = run_pipeline(config, choice, terminal, wait_lock, ending.of(config))
    show(outcome.plain(), as_json, lambda: terminal.outcome(outcome.status, outcome.look))
    if outcome.status == "unchanged":
        sys.exit(exit_code_if_unchanged)


@click.command()
@options.as_json
def schema(as_json: bool) -> None:
    """Print the JSON Schema of pipeline.yaml.

    Editors complete and check the file with it.

    \b
    detector schema > pipeline.schema.json
    """
    from detector.commands.schema import schema as json_schema

    described = json_schema()
    show(described, as_json, lambda: say(json.dumps(described, indent=2, ensure_ascii=False)))
