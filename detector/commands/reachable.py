"""What `detector doctor` says of what a run asks over the network: Label Studio, and where weights are published."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from detector.commands.findings import Finding
from detector.config.load import load
from detector.config.pipeline import Config
from detector.errors import DetectorError, UsageError, sentence
from detector.models.weights import place_of_fetched
from detector.stages import remarks_of

PIPELINE = Path("pipeline.yaml")
WEIGHTS = "https://github.com/ultralytics/assets/releases"
SECONDS = 5.0  # that anybody is waited for


def examine() -> Iterator[Finding]:
    """The server of `pull` with its token, and the source of the weights: what pipeline.yaml asks for, where it is."""
    if not PIPELINE.is_file():
        yield _weights()
        return
    try:
        config = load(PIPELINE)
    except UsageError as error:
        yield Finding(
            str(PIPELINE), False, sentence(error).partition("\n")[0], "`detector validate` says what is wrong"
        )
        return
    by_stage = {step.stage: step for step in config.steps}
    if by_stage["pull"].options.using == "label_studio":
        yield _server(by_stage["pull"].options)
    yield from _weights_of(config)


def _server(options: Any) -> Finding:
    """Whether the server knows the token and the project. The token is in no message."""
    what, (found, problem) = "label studio", _within(lambda: _project(options))
    if problem is None:
        return Finding(what, True, f"{options.url} takes the token; the project is “{found}”")
    advice = "check pull.url and the network, and that the server is up; the token is in its Account & Settings"
    return Finding(what, False, f"{options.url}: {problem}", advice)


def _project(options: Any) -> str:
    from detector.label_studio.client import connect
    from detector.label_studio.projects import find_project

    with connect(options.url, options.token.get_secret_value()) as connection:
        return find_project(connection, options.project).title


def _weights_of(config: Config) -> Iterator[Finding]:
    """What `train` has to fetch, if it has to."""
    step = next(each for each in config.steps if each.stage == "train")
    if any(remarks_of(step.backend, step.options, config)):
        yield _weights()
    else:
        yield Finding("weights", True, "nothing has to be fetched to train")


def _weights() -> Finding:
    """Whether the source of published weights answers."""
    status, problem = _within(_head)
    if problem is None and isinstance(status, int) and status < 400:
        return Finding("weights", True, f"{WEIGHTS} answers: published weights can be fetched")
    place = place_of_fetched("yolo26n.pt").parent
    advice = (
        f"go online once, copy the weights to {place}, or let train.model name a file, or "
        "an architecture (.yaml) to train from scratch"
    )
    return Finding("weights", False, f"offline: {WEIGHTS}: {problem or f'HTTP {status}'}", advice)


def _head() -> int:
    import httpx

    return httpx.head(WEIGHTS, timeout=SECONDS, follow_redirects=True).status_code


def _within(ask: Callable[[], object]) -> tuple[object, str | None]:
    """What `ask` gives, or what went wrong, after so many SECONDS at most."""
    told: list[tuple[object, str | None]] = [(None, f"no answer within {SECONDS:g} s")]

    def asked() -> None:
        try:
            told.insert(0, (ask(), None))
        except DetectorError as error:
            told.insert(0, (None, sentence(error).partition("\n")[0]))
        except Exception as error:  # noqa: BLE001 - whatever the network, a proxy or a library has to say
            told.insert(0, (None, type(error).__name__))

    asking = threading.Thread(target=asked, daemon=True)
    asking.start()
    asking.join(SECONDS)
    return told[0]
