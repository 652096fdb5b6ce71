"""FiftyOne, connected to the project's database and quiet."""

import contextlib
import importlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from detector.browse import mongod


@contextlib.contextmanager
def connected(place: Path, made_anew: Callable[[str], None] | None = None) -> Iterator[ModuleType]:
    """The `fiftyone` module, connected to the database of this project inside the `with`.

    It lies in `place`, with all else that FiftyOne writes; all runs and `detector app` share it. What FiftyOne logs
    goes to the run's log. Whoever can do with an empty database gives `made_anew`; see `mongod.serve`.

    Raises:
        DetectorError: no MongoDB can be had; see `mongod.serve`.
        TryAgain: it went away inside the `with`.
    """
    with mongod.serve(place.resolve(), made_anew) as uri:
        fiftyone = _import(place)
        _disconnect()  # an earlier connection of this process
        fiftyone.config.database_uri = uri
        try:
            with _lost(place, may_be_empty=made_anew is not None):
                yield fiftyone
        finally:
            _disconnect()  # else it waits 30 s at exit for a mongod that is gone


def _disconnect() -> None:
    """End FiftyOne's connection, and forget what keeps one; there is no public way to do either."""
    from fiftyone.core.odm import database
    from fiftyone.factory import repo_factory

    database._disconnect()
    repo_factory._db = None
    repo_factory.RepositoryFactory.repos.clear()  # else a dataset can't be deleted by way of the next connection


@contextlib.contextmanager
def _lost(place: Path, may_be_empty: bool) -> Iterator[None]:
    from pymongo.errors import ConnectionFailure

    try:
        yield
    except (ConnectionError, ConnectionFailure) as error:
        raise mongod.gone(place.resolve(), may_be_empty) from error


def environment(place: Path) -> dict[str, str]:
    """FiftyOne's settings: nothing sent, nothing printed, and nothing written into the user's home."""
    place = place.resolve()
    configs = {
        f"FIFTYONE_{kind}CONFIG_PATH": str(place / "config" / f"{kind.lower()}config.json")
        for kind in ("", "APP_", "ANNOTATION_", "EVALUATION_", "BRAIN_")
    }
    folders = {
        f"FIFTYONE_{kind}_DIR": str(place / kind.lower())
        for kind in ("DATABASE", "DEFAULT_DATASET", "DATASET_ZOO", "MODEL_ZOO", "PLUGINS")
    }
    return {
        **configs,
        **folders,
        "FIFTYONE_DO_NOT_TRACK": "true",
        "FIFTYONE_SHOW_PROGRESS_BARS": "false",
        "FIFTYONE_DATABASE_VALIDATION": "false",  # it may be a newer MongoDB than this FiftyOne knows
        "FIFTYONE_SINGLETON_CACHE": "false",  # a dataset of an earlier connection would be used with that one
        "FIFTYONE_LOGGING_DESTINATION": "logging",  # no handler of its own
    }


def _import(place: Path) -> ModuleType:
    """Import it under our settings; what the user has set stays."""
    for name, value in environment(place).items():
        os.environ.setdefault(name, value)
    return importlib.import_module("fiftyone")
