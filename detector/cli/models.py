"""Commands on models: tune, champion, engines, compare, rollback, predict, serve."""

import sys
from pathlib import Path
from typing import Any

import click

from detector.cli import options
from detector.cli.options import named, opened, say, show
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
    from detector.commands.tune import lines
    from detector.commands.tune import tune as search
    from detector.reporting.terminal import Terminal

    terminal = Terminal(sys.stderr if as_json else sys.stdout)
    config = opened(pipeline, overrides)
    outcome = search(config, Path(pipeline.name), apply, terminal, wait_lock)

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
@options.as_json
def predict(
    places: tuple[Path, ...], which: str, using: str, score: float | None, to: Path, forms: tuple[str, ...],
    pipeline: Path, as_json: bool,
) -> None:  # fmt: skip
    """Find objects on pictures, in folders of them, and in videos.

    Pictures with what was found drawn on them, YOLO's labels/, predictions.json and coco.json go to a folder.

    \b
    detector predict photos/                                  with the champion
    detector predict a.jpg clip.mp4 --model 20260101T000000Z-abcdef
    detector predict photos/ --using onnx                     the champion as it is deployed
    detector predict photos/ --model best.onnx --score 0.4 --form labels
    """
    from detector.commands.predict import Request, lines
    from detector.commands.predict import predict as look
    from detector.inference.model import find, given
    from detector.inference.pictures import listed
    from detector.reporting.terminal import Terminal

    terminal = Terminal(sys.stderr if as_json else sys.stdout)
    request = Request(listed([place.absolute() for place in places]), score, to.absolute(), forms or FORMS)
    model = given(Path(which)) or find(which, using, named(pipeline))
    outcome = look(model, request, terminal.progress)

    def told() -> None:
        for title, text in lines(outcome, to):
            terminal.line(title, text)

    show(outcome, as_json, told)


@click.command()
@options.model_to_use
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 for whoever reaches this machine")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 for any that is free")
@options.as_json
def serve(
    which: str, using: str, score: float | None, host: str, port: int, pipeline: Path, as_json: bool
) -> None:  # fmt: skip
    """Answer over HTTP what a model sees on a picture.

    /predict takes a picture as the body of a POST. /model, /health and /metrics (for Prometheus) tell of the server,
    /docs of all that it takes. A new champion takes over without a restart. There is no password: whoever reaches it
    can use it.

    \b
    detector serve
    curl --data-binary @a.jpg http://127.0.0.1:8000/predict
    """
    from detector.commands.serve import Place, Wanted
    from detector.commands.serve import serve as answer
    from detector.inference.model import given

    name = "" if given(Path(which)) else named(pipeline)

    def ready(url: str, model: dict[str, Any]) -> None:
        outcome = {"schema": 1, "status": "serving", "url": url, "model": model}
        text = f"{model['name']} answers at {url}/predict, from a score of {model['score']:.2f} on  (Ctrl-C ends it)"
        show(outcome, as_json, lambda: say(text))

    answer(Wanted(which, using, score, name), Place(host, port), ready)
