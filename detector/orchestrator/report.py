"""The page of a run, whether it ended well or not. It is imported here: a run with nothing to do needs none of it."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import GateRefused, TryAgain, sentence
from detector.orchestrator.state import State
from detector.record import Recorder

if TYPE_CHECKING:
    from detector.data.dataset import Dataset
    from detector.page import Failure

logger = logging.getLogger("detector")


def write(state: State, failure: "Failure | None" = None) -> Path:
    """Write report.html into the run's folder; give its path."""
    from detector.page import Run
    from detector.page import write as write_page

    config, outcome = state.config, state.outcome
    assert outcome.folder is not None  # noqa: S101 - an open run has one
    page = outcome.folder / "report.html"
    version = dataset(state.inputs["convert"].path) if "convert" in state.inputs else None
    write_page(page, Run(config.name, outcome.folder, outcome.steps, version, config.resolved(), failure))
    return page


def write_failed(state: State, error: Exception, recorder: Recorder | None) -> None:
    """Write the page of what there is, also into the record where that can be reached.

    What goes wrong with that is in the log, since the run's own error is what is told.
    """
    try:
        from detector.page import Failure

        refused = isinstance(error, GateRefused)
        message = sentence(error)
        evidence = error.evidence if isinstance(error, GateRefused) else ()
        page = write(state, Failure(_step(state), refused, message, evidence))
        state.terminal.line("report", str(page))
        if recorder and not isinstance(error, TryAgain):  # the record itself may be out of reach
            recorder.artifact(page, "report")
    except Exception:
        logger.exception("the page of the run could not be written")


def _step(state: State) -> str | None:
    """The step that it was at; None where it was between two."""
    step = (state.outcome.working or {}).get("step")
    return step if step not in {done.name for done in state.outcome.steps} else None


def dataset(folder: Path) -> "Dataset":
    """The dataset version in `folder`."""
    from detector.data.dataset import Dataset  # Arrow with it

    return Dataset(folder)
