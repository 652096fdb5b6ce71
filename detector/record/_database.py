"""Whether a database can be had, asked in a moment: MLflow would try for a minute and a half before it says no."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from detector.errors import SHARED, DetectorError, TryAgain, UsageError
from detector.secrets import without_secrets

WAIT = 5.0  # seconds for another program to let go of a SQLite file
_ELSEWHERE = "correct `record: uri:` in pipeline.yaml"


def check_file(file: Path) -> None:
    """Find out whether MLflow can keep its store in the SQLite file; the folder is made if it is one of this project.

    Raises:
        UsageError: The file can't be written, is no database, or is that of another program.
        TryAgain: Another program has locked it.
    """
    _check_folder(file.parent)
    if not file.exists():
        return
    if not os.access(file, os.R_OK | os.W_OK):
        raise UsageError(f"the record {file} can't be read and written by this user ({SHARED}); or {_ELSEWHERE}")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=WAIT)) as database:
            database.execute("BEGIN IMMEDIATE")  # as a write does: it needs the file, the folder and the lock
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            database.rollback()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise TryAgain(f"the record {file} is locked by another program; try again when that is done") from error
        raise UsageError(f"the record {file} can't be opened to write: {error}; {_ELSEWHERE}") from error
    except sqlite3.DatabaseError as error:
        raise UsageError(
            f"the record {file} can't be read as a SQLite database ({error}): bring it back from a backup, move it "
            f"away to begin a new one, or {_ELSEWHERE}"
        ) from error
    if tables and not {"alembic_version", "experiments"} <= tables:
        shown = ", ".join(sorted(tables)[:3])
        raise UsageError(f"the record {file} is another program's database, with the tables {shown}; {_ELSEWHERE}")


def _check_folder(folder: Path) -> None:
    current = Path.cwd().resolve()
    try:
        if not folder.is_dir() and not folder.resolve().is_relative_to(current):
            raise UsageError(f"the folder {folder} of the record is not there; make it, or {_ELSEWHERE}")
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / f".{os.getpid()}"
        place.touch()
        place.unlink()
    except OSError as error:
        raise UsageError(
            f"the record can't be kept in {folder} ({error.strerror}); let this user write there, or {_ELSEWHERE}"
        ) from error


def check_server(uri: str) -> None:
    """Find out whether a database server answers, and has the database.

    Raises:
        TryAgain: It does not answer, or refuses this user.
        DetectorError: Its driver is not installed.
    """
    import sqlalchemy

    try:
        engine = sqlalchemy.create_engine(uri)
    except ModuleNotFoundError as error:
        raise DetectorError(
            f"the record at {without_secrets(uri)} needs {error.name}, which is not installed: pip install {error.name}"
        ) from error
    try:
        engine.connect().close()
    except sqlalchemy.exc.SQLAlchemyError as error:
        first = without_secrets(str(error.__cause__ or error)).strip().partition("\n")[0]
        raise TryAgain(f"the database of the record, {without_secrets(uri)}, can't be had: {first}") from error
    finally:
        engine.dispose()
