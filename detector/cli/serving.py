"""Commands that answer until they are stopped: serve, demo, listen."""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from detector.cli import options
from detector.cli.options import named, opened, say, say_json, show

Command = Callable[..., None]
_host = click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 for whoever reaches this machine")


def _port(usual: int) -> Callable[[Command], Command]:
    return click.option(
        "--port", type=click.IntRange(0, 65535), default=usual, show_default=True, help="0 for any that is free"
    )


@click.command()
@options.model_to_use
@_host
@_port(8000)
@click.option(
    "--label-studio", "with_tasks", is_flag=True, help="also as a model of Label Studio's: it drafts what is opened"
)
@options.as_json
def serve(
    which: str, using: str, score: float | None, host: str, port: int, pipeline: Path, with_tasks: bool, as_json: bool
) -> None:  # fmt: skip
    """Answer over HTTP what a model sees on a picture.

    /predict takes a picture as the body of a POST. /model, /health and /metrics (for Prometheus) tell of the server,
    /docs of all that it takes. A new champion takes over without a restart. Whoever reaches it can use it; where the
    variable DETECTOR_SECRET is set, whoever knows that secret.

    \b
    detector serve
    detector serve --label-studio               add it there under Settings, Model
    curl --data-binary @a.jpg http://127.0.0.1:8000/predict
    """
    from detector.commands.serve import Access, Wanted
    from detector.commands.serve import serve as answer
    from detector.inference.model import given
    from detector.web.place import Place
    from detector.web.secret import secret_of

    secret, file = secret_of(os.environ), given(Path(which))
    config = opened(pipeline, ()) if with_tasks else None
    name = config.name if config else named(pipeline) if file is None else ""
    wanted = Wanted(which if file is None else str(file.file), using, score, name)

    def ready(url: str, model: dict[str, Any]) -> None:
        outcome = {"schema": 1, "status": "serving", "url": url, "model": model}
        text = f"{model['name']} answers at {url}/predict, from a score of {model['score']:.2f} on  (Ctrl-C ends it)"
        show(outcome, as_json, lambda: say(text))

    answer(wanted, Place(host, port), Access(secret, config), ready)


@click.command()
@options.model_to_use
@_host
@_port(7860)
@options.as_json
def demo(which: str, using: str, score: float | None, host: str, port: int, pipeline: Path, as_json: bool) -> None:
    """Show a page that a picture can be dropped on, with what a model sees on it.

    A slider sets from which score on an object counts; it starts at the operating point. Beside the champion stands the
    model of the last run, where that did not become champion. It wants Gradio, in an environment of its own. Whoever
    reaches it can use it; where the variable DETECTOR_SECRET is set, whoever knows that secret, with any name.

    \b
    detector demo
    detector demo --model best.onnx --score 0.4
    """
    from detector.commands.demo import chosen
    from detector.commands.demo import demo as show_page
    from detector.inference.model import given
    from detector.web.place import Place
    from detector.web.secret import secret_of

    secret, file = secret_of(os.environ), given(Path(which))
    models = chosen(which, using, named(pipeline)) if file is None else [file]

    def ready(url: str, shown: list[dict[str, Any]]) -> None:
        outcome = {"schema": 1, "status": "showing", "url": url, "models": shown}
        text = f"{' beside '.join(model['name'] for model in shown)}: open {url}  (Ctrl-C ends it)"
        show(outcome, as_json, lambda: say(text))

    show_page(models, score, Place(host, port), secret, ready)


@click.command()
@options.pipeline
@click.option(
    "--quiet-for",
    type=click.FloatRange(0),
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="a run starts so long after the last change",
)
@click.option(
    "--after",
    type=click.IntRange(1),
    default=500,
    show_default=True,
    metavar="N",
    help="a run starts at once when so many changes wait",
)
@click.option("--register", metavar="URL", help="let Label Studio tell us of changes: it reaches us at URL")
@_host
@_port(8001)
@options.as_json
def listen(
    pipeline: Path, quiet_for: float, after: int, register: str | None, host: str, port: int, as_json: bool
) -> None:  # fmt: skip
    """Start a run when annotators have changed something.

    Label Studio's webhooks tell of it, at /webhook. They are kept on the disk until a run has taken them. Whoever has
    the secret of the variable DETECTOR_SECRET may tell; without one only this machine may.

    \b
    detector listen --register http://detector.example:8001
    detector listen --quiet-for 60 --after 100
    """
    from detector.commands.listen import Wanted, line
    from detector.commands.listen import listen as answer
    from detector.listen.schedule import When
    from detector.reporting.terminal import Terminal
    from detector.web.place import Place
    from detector.web.secret import secret_of

    terminal, secret = Terminal(), secret_of(os.environ)
    config = opened(pipeline, ())

    def tell(event: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # whoever read it has gone, or a disk is full; the runs go on
            say_json({"schema": 1, **event}) if as_json else terminal.line(*line(event))
            sys.stdout.flush()

    answer(config, Path(pipeline.name), Wanted(Place(host, port), When(quiet_for, after), secret, register), tell)
