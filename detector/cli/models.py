"""Commands on models: tune, champion, engines, compare, rollback, predict."""

import os
import sys
from pathlib import Path

import click

from detector.cli import options
from detector.cli.options import machines_of, named, opened, say, show, show_lines
from detector.inference import FORMS


@click.command()
@options.pipeline
@options.overrides
@options.as_json
@options.wait_lock
@click.option("--apply", is_flag=True, help="write what won into the file")
def tune(pipeline: Path, overrides: tuple[str, ...], as_json: bool, wait_lock: float, apply: bool) -> None:
    """Search for better training arguments.

    As `train.tune` says: trials by Optuna, judged on val, and the best of them beside the defaults with further seeds.
    The same command again is a second worker, or goes on where the search was cut short.

    \b
    detector tune
    detector tune --set train.tune.trials=40        some more
    detector tune --apply                           with the winner in pipeline.yaml
    """
    from detector.commands.tune import Given, lines
    from detector.commands.tune import tune as search
    from detector.reporting.terminal import Terminal

    terminal = Terminal(sys.stderr if as_json else sys.stdout)
    config = opened(pipeline, overrides)
    outcome = search(config, Given(Path(pipeline.name), overrides), apply, terminal, wait_lock)

    def told() -> None:
        for title, text in lines(outcome, pipeline):
            terminal.line(title, text)

    show(outcome, as_json, told)


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
    show(description, as_json, lambda: say("\n".join(lines(description))))


@click.command()
@click.argument("run", required=False)
@options.as_json
def engines(run: str | None, as_json: bool) -> None:
    """Show what a run exported: accuracy, speed, size.

    RUN is the newest one that exported something, if it is left out.

    \b
    detector engines
    detector engines 20260101T000000Z-abcdef
    """
    from detector.commands.engines import engines as exported
    from detector.commands.engines import lines

    described = exported(run)
    show(described, as_json, lambda: say("\n".join(lines(described))))


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
    show(comparison, as_json, lambda: say("\n".join(lines(comparison))))


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
    show(outcome, as_json, lambda: say(f"{config.name}: the champion is version {new} again, not {old}"))


@click.command()
@click.argument("places", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PICTURES…")
@options.model_to_use
@click.option(
    "--to", type=click.Path(path_type=Path), default=Path("predictions"), help="folder; its content is replaced"
)
@click.option(
    "--form",
    "forms",
    multiple=True,
    type=click.Choice(FORMS),
    help="what to write beside predictions.json; all if left out",
)
@options.overrides
@options.as_json
def predict(
    places: tuple[Path, ...], which: str, using: str, score: float | None, to: Path, forms: tuple[str, ...],
    pipeline: Path, overrides: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Find objects on pictures, in folders of them, and in videos.

    Pictures with what was found drawn on them, YOLO's labels/, predictions.json and coco.json go to a folder.

    \b
    detector predict photos/                                  with the champion
    detector predict a.jpg clip.mp4 --model 20260101T000000Z-abcdef
    detector predict photos/ --using onnx                     the champion as it is deployed
    detector predict photos/ --model best.onnx --score 0.4 --form labels
    detector predict photos/ --set engine=null                here, whatever `engine` in pipeline.yaml says
    """
    from detector.commands.predict import Request, lines
    from detector.commands.predict import predict as look
    from detector.data.places import RUNS
    from detector.engine.shards import shared
    from detector.inference.model import find, given
    from detector.inference.pictures import listed
    from detector.reporting.terminal import Terminal

    terminal = Terminal(sys.stderr if as_json else sys.stdout)
    request = Request(listed([place.absolute() for place in places]), score, to.absolute(), forms or FORMS)
    model, machines = given(Path(which)), machines_of(pipeline, overrides)
    model = model or find(which, using, named(Path(pipeline.name)))
    logs = RUNS / "workers" / str(os.getpid())  # a folder of its own: others may predict at the same time
    outcome = look(model, request, terminal.progress, shared(machines, logs, terminal.line))
    show_lines(outcome, as_json, lines(outcome, to))
