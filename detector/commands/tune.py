"""`detector tune`: a search for better training arguments, and its winner written into pipeline.yaml."""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from detector.config.edit import written
from detector.config.load import load
from detector.config.pipeline import Config
from detector.errors import ConfigError, UsageError
from detector.orchestrator import results
from detector.orchestrator.plan import results_of
from detector.orchestrator.studied import studied
from detector.reporting.terminal import Terminal
from detector.tuning.said import setting

OPTIONS = ("train", "options")


class Given(NamedTuple):
    """The file, and what the command line has for it."""

    pipeline: Path
    overrides: tuple[str, ...]

    @property
    def worker(self) -> tuple[str, ...]:
        """What makes `detector` a worker on another machine: it waits for a run that is at work in the project."""
        sets = [word for override in (*self.overrides, "engine=null") for word in ("--set", override)]
        return ("tune", str(self.pipeline), "--json", "--wait-lock", "inf", *sets)


def tune(config: Config, given: Given, apply: bool, terminal: Terminal, wait: float) -> dict[str, Any]:
    """Search until there is a verdict, and with `apply` write what won into the file.

    With `apply`, a search that is decided on the present dataset version is not done again on a newer one first.

    Raises what a run raises, and UsageError where there is nothing to search for, or the file can't be edited.
    """
    study = studied(config, results.newest(results_of(config), "convert")) if apply else None
    rows, shown = None, None
    if study is None or study.verdict is None:
        from detector.tuning.tune import tune as search

        study, rows, shown = search(config, terminal, wait, given.worker)
    assert study.verdict is not None  # noqa: S101 - a search ends with one
    values = dict(study.verdict.values)
    applied = apply and bool(values)
    if applied:
        write(given.pipeline, values)
    return {
        "schema": 1,
        "status": "done",
        "study": asdict(study),
        "trials": rows,
        "set": setting(values) if values else None,
        "applied": applied,
        "record": shown and shown.where,
        "record_runs": shown and shown.runs,
    }


def write(pipeline: Path, values: Mapping[str, Any]) -> None:
    """Write training arguments into the file, whole or not at all; what is not theirs stays as it is.

    Raises:
        UsageError: The file's form does not allow it.
    """
    place = pipeline.resolve()
    scratch = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        scratch.write_bytes(written(place.read_bytes().decode(), OPTIONS, values).encode())
        shutil.copymode(place, scratch)
        load(scratch, shown=pipeline)
        scratch.replace(place)
    except ConfigError:
        raise
    except UsageError as error:
        raise UsageError(f"{error}, or give runs {setting(values)}") from error
    finally:
        scratch.unlink(missing_ok=True)


def lines(outcome: Mapping[str, Any], pipeline: Path) -> Iterator[tuple[str, str]]:
    """A title and a text: what to do with the verdict."""
    values = outcome["study"]["verdict"]["values"]
    if outcome["applied"]:
        winner = outcome["study"]["verdict"]["winner"]
        yield "applied", f"{pipeline} has the arguments of trial {winner} now; `detector run` trains with them"
    elif values:
        yield "apply", "detector tune --apply  writes this into the file; for one run it is"
        yield "", f"detector run {outcome['set']}"
    if outcome["record"]:
        yield "MLflow", f"{outcome['record']}\n{outcome['record_runs']}"
