"""`detector demo`: a page on which a model is tried, until it is stopped."""

import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from detector.data.runs import begun
from detector.errors import UsageError
from detector.inference.model import CHAMPION, Model, find
from detector.system.cache import CACHE
from detector.web.place import Place, answer, listening, url_of
from detector.web.secret import is_secret

MISSING = (
    "Gradio is not installed here, and wants an older Pillow than constraints.txt has: give it an environment of its "
    "own, python -m venv .venv-demo && .venv-demo/bin/pip install -r deploy/demo.txt && .venv-demo/bin/pip install "
    "--no-deps . && .venv-demo/bin/detector demo --using onnx, or with all of detector: pip install '.[demo]'"
)
LARGEST = 64 << 20  # bytes of a picture


def chosen(which: str, using: str, name: str) -> list[Model]:
    """The model; beside the champion the one of the last run, where that stayed challenger.

    Raises:
        UsageError: there is no such model.
    """
    beside = _challenger(name) if which == CHAMPION else ()
    return [find(each, using, name) for each in (which, *beside)]


def _challenger(name: str) -> Iterator[str]:
    """The last run of the pipeline that came to a verdict, if that is that its model is no champion."""
    for run, state in reversed(begun().items()):
        verdicts = [step["summary"] for step in state.get("steps", ()) if step["step"] == "promote"]
        if state.get("name") == name and verdicts:
            yield from [run.name] if verdicts[0].startswith("challenger") else []
            return


def demo(
    models: Sequence[Model],
    score: float | None,
    place: Place,
    secret: str | None,
    ready: Callable[[str, list[dict[str, Any]]], None],
) -> None:
    """Show the page until interrupted or stopped. `ready` gets its address and the models, once it can be opened.

    Raises:
        UsageError: Gradio is not here, the port is taken.
        DetectorError: a model can't be run here.
    """
    if importlib.util.find_spec("gradio") is None:
        raise UsageError(MISSING)
    with tempfile.TemporaryDirectory() as scratch, listening(place) as listener:
        os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": scratch}  # read while it is imported
        application, described = _application(models, score, secret)
        ready(url_of(listener), described)
        answer(application, listener)


def _application(models: Sequence[Model], score: float | None, secret: str | None) -> tuple[Any, list[dict[str, Any]]]:
    import gradio as gr
    from fastapi import FastAPI

    from detector.demo.page import LEAST, Tried, page
    from detector.inference.predictors import predictor

    CACHE.mkdir(parents=True, exist_ok=True)
    tried, described = [], []
    for model in models:
        counts = model.counts_from(score)
        sees = predictor(model.file.resolve(), min(LEAST, counts), CACHE / "demo.log")
        tried.append(Tried(model.title, sees, counts))
        described.append(model.described(counts, sees.classes) | {"task": sees.task})
    auth = None if secret is None else lambda _, password: is_secret(secret, password)
    blocks = page(tried, "What the model sees")
    application = gr.mount_gradio_app(
        FastAPI(), blocks, "/", auth=auth, max_file_size=LARGEST, footer_links=[], ssr_mode=False
    )
    return application, described
