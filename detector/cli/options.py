"""What several commands take, and how each shows what came of it."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from detector.secrets import cleaned, without_secrets
from detector.system.files import unwritable
from detector.system.text import json_line, visible
from detector.system.wrapping import coloured, width_of, wrapped
from detector.terms import STAGES

if TYPE_CHECKING:
    from detector.config.pipeline import Config
    from detector.engine import Machines

_STAGE = click.Choice(STAGES)
_which = click.option(
    "--model", "which", default="champion", metavar="WHICH", help="champion (the default), a run, or a file"
)
_using = click.option(
    "--using", default="checkpoint", help="what was exported from it, as `detector champion` lists it"
)
_score = click.option(
    "--score", type=click.FloatRange(0, 1), help="what counts; else the operating point that was measured"
)
_pipeline = click.option(
    "--pipeline", type=click.Path(path_type=Path), default=Path("pipeline.yaml"), help="whose champion or run"
)
pipeline = click.argument("pipeline", type=click.Path(path_type=Path), default=Path("pipeline.yaml"))
overrides = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="override a value of pipeline.yaml"
)
as_json = click.option("--json", "as_json", is_flag=True, help="one JSON object on stdout, progress on stderr")
wait_lock = click.option("--wait-lock", type=float, default=0.0, metavar="SECONDS", help="wait for another run to end")


def _writable(_context: click.Context, _parameter: click.Parameter, file: Path | None) -> Path | None:
    """A file that the end of a run can be written to: judged before the run, which it must not fail afterwards."""
    if file is not None and (problem := unwritable(file)):
        raise click.BadParameter(f"{problem}.")
    return file


metrics_file = click.option(
    "--metrics-file",
    type=click.Path(path_type=Path),
    callback=_writable,
    help="for Prometheus' node exporter: its textfile",
)
_first = click.option("--from", "first", type=_STAGE, default=STAGES[0], help="take what came before as it is")
_last = click.option("--until", "last", type=_STAGE, default=STAGES[-1], help="stop after this stage")
_forced = click.option("--force", "forced", type=_STAGE, multiple=True, help="run this stage even if nothing changed")


def steps(command: Callable[..., None]) -> Callable[..., None]:
    """What `run` and `plan` take alike: the pipeline, and which of its stages."""
    for option in (as_json, _forced, _last, _first, overrides, pipeline):
        command = option(command)
    return command


def which_model(command: Callable[..., None]) -> Callable[..., None]:
    """A model, and from which score on what it says counts."""
    for option in (_score, _using, _which):
        command = option(command)
    return command


def model_to_use(command: Callable[..., None]) -> Callable[..., None]:
    """What `predict` and `serve` take alike: a model, and the pipeline whose champion or run it is."""
    return which_model(_pipeline(command))


def opened(pipeline: Path, overrides: Sequence[str]) -> "Config":
    """The pipeline, checked. From now on this process works in its folder, which its paths are relative to."""
    from detector.config.load import load
    from detector.data.places import enter

    enter(pipeline.parent)
    return load(Path(pipeline.name), overrides, shown=pipeline)


def named(pipeline: Path) -> str:
    """The pipeline's name, and nothing else of it: where its models are used, what trains them may be absent."""
    from detector.config.load import name_of
    from detector.data.places import enter

    enter(pipeline.parent)
    return name_of(Path(pipeline.name)) or opened(Path(pipeline.name), ()).name


def machines_of(pipeline: Path, overrides: Sequence[str]) -> "Machines | None":
    """The machines that the pipeline asks for, if there is one. From now on this process works in its folder."""
    from detector.config.load import engine_of
    from detector.data.places import enter

    enter(pipeline.parent)
    return engine_of(Path(pipeline.name), overrides)


def say(text: str, err: bool = False) -> None:
    """Print it without secrets, and what strangers wrote as no command to the terminal. Nothing else prints."""
    click.echo(_for(sys.stderr if err else sys.stdout, text), err=err)


def say_failure(text: str) -> None:
    """The same for what went wrong, on stderr, and in red where there are colours."""
    _say_in("red", text)


def say_warning(text: str) -> None:
    """The same for what went wrong and changed nothing, in yellow."""
    _say_in("yellow", text)


def _say_in(colour: str, text: str) -> None:
    shown = _for(sys.stderr, text)
    click.echo(click.style(shown, fg=colour) if coloured(sys.stderr) else shown, err=True)


def _for(stream: TextIO, text: str) -> str:
    return wrapped(visible(without_secrets(text)), width_of(stream))


def say_json(outcome: Mapping[str, Any]) -> None:
    """Print one JSON object without secrets."""
    click.echo(json_line(cleaned(outcome)))


def show_lines(outcome: dict[str, Any], as_json: bool, lines: Iterable[tuple[str, str]]) -> None:
    """Print one JSON object, or titled lines for a person."""
    from detector.reporting.terminal import Terminal

    def told() -> None:
        terminal = Terminal()
        for title, text in lines:
            terminal.line(title, text)

    show(outcome, as_json, told)


def show(outcome: dict[str, Any], as_json: bool, lines: Callable[[], None]) -> None:
    """Print one JSON object, or what `lines` prints for a person."""
    if as_json:
        say_json(outcome)
    else:
        lines()
