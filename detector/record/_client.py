"""A quiet connection to MLflow, and its failures in our words."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import DetectorError, TryAgain
from detector.record._address import database_file, is_server
from detector.record._database import check_file, check_server
from detector.record._moved import follow
from detector.record._template import copy_empty_store, keep_empty_store
from detector.secrets import without_secrets

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow reads these when it is imported and at each request. A person's own settings win.
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_CONFIGURE_LOGGING": "false",  # its messages then go where this program's go
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",  # seconds
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # there may be JSON
}


def connect(uri: str, *, only_look: bool = False) -> "MlflowClient":
    """A client of the MLflow at `uri`; a new SQLite store is created. One that was moved follows, but to `only_look`.

    Raises:
        TryAgain: Nothing answers there.
        DetectorError: Its database can't be used.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    _check(uri)
    file = database_file(uri)
    from mlflow import MlflowClient

    logger = logging.getLogger("mlflow")
    logger.handlers, logger.propagate = [], True  # as above, should another library have imported it first
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of each of 70 steps that make a database
    with failures(uri):
        if file is not None:
            _create_if_missing(file)
            if not only_look:
                follow(file)
            return _client_of(file)
        return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _check(uri: str) -> None:
    """Find out in seconds what MLflow's own client would find out in minutes."""
    file = database_file(uri)
    if file is not None:
        check_file(file)
    elif is_server(uri):
        _knock(uri)
    else:
        check_server(uri)


@contextmanager
def failures(uri: str) -> Iterator[None]:
    """Tell MLflow's and the network's errors in one sentence.

    Raises:
        TryAgain: The server or its database can't be reached now.
        DetectorError: MLflow refused.
    """
    import requests
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, requests.RequestException, OSError) as error:
        first_line = without_secrets(str(error)).strip().partition("\n")[0]
        kind = TryAgain if _passing(error) else DetectorError
        raise kind(f"MLflow at {without_secrets(uri)}: {first_line}") from error


def _passing(error: BaseException) -> bool:
    """Whether the failure is one of the network or of a busy database, not of what was asked."""
    import requests

    if isinstance(error, requests.RequestException | ConnectionError | TimeoutError):
        return True
    status = getattr(error, "get_http_status_code", lambda: 0)()
    return status in (429, 502, 503, 504) or "API request to" in str(error)


def _knock(uri: str) -> None:
    """Whether a server is there. Raises TryAgain."""
    import requests

    try:
        answer = requests.get(f"{uri.rstrip('/')}/health", timeout=10)
    except requests.RequestException as error:
        raise TryAgain(
            f"no MLflow server answers at {without_secrets(uri)}: start it, or correct `record: uri:` in pipeline.yaml"
        ) from error
    if answer.status_code in (502, 503, 504):
        raise TryAgain(f"the MLflow server at {without_secrets(uri)} is not ready (HTTP {answer.status_code})")


def _create_database(file: Path) -> None:
    """Make a new SQLite store beside its place, then rename it: a kill leaves no half-made database."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    for left in file.parent.glob(f".{file.name}.*"):
        left.unlink()
    fresh.touch()  # with the permissions of any other file: SQLite would let its owner alone write there
    if not copy_empty_store(fresh):
        os.truncate(fresh, 0)
        _client_of(fresh)
        keep_empty_store(fresh)
    fresh.replace(file)


def _as_in_an_address(file: Path) -> Path:
    """Absolute, since MLflow keeps connections by address, and another folder may have a file of that name.

    A folder's name may mean something in an address, though, and no way of writing it is read alike by MLflow and by
    SQLAlchemy: then the path is relative to where this process works.
    """
    absolute = file.absolute()
    return Path(os.path.relpath(absolute)) if set("%?#") & set(str(absolute)) else absolute


def _create_if_missing(file: Path) -> None:
    if not file.exists() or not file.stat().st_size:
        _create_database(file)


def _client_of(file: Path) -> "MlflowClient":
    from mlflow import MlflowClient

    uri = f"sqlite:///{_as_in_an_address(file)}"
    return MlflowClient(tracking_uri=uri, registry_uri=uri)
