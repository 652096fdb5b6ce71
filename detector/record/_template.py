"""An empty SQLite store of MLflow's, kept for the next project: MLflow takes ten seconds to make one."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from importlib.metadata import version
from pathlib import Path

from detector.system.cache import CACHE


def copy_empty_store(to: Path) -> bool:
    """Copy the kept store, if there is one of this MLflow's version, and it is whole."""
    kept = _place()
    try:
        shutil.copyfile(kept, to)
        with closing(sqlite3.connect(to)) as store:
            whole = store.execute("PRAGMA quick_check").fetchone() == ("ok",)
            return whole and bool(store.execute("SELECT version_num FROM alembic_version").fetchone())
    except (OSError, sqlite3.DatabaseError):
        return False


def keep_empty_store(file: Path) -> None:
    """Keep a store that MLflow has just made, without what names the folder it was made in."""
    kept = _place()
    scratch = kept.with_name(f"{kept.name}.{os.getpid()}")
    with suppress(OSError, sqlite3.DatabaseError):  # a full disk: the next project waits, too
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, scratch)
        with closing(sqlite3.connect(scratch)) as store, store:
            store.execute("DELETE FROM experiments")  # MLflow makes its `Default` again, with the path of where it is
        scratch.replace(kept)
    with suppress(OSError):
        scratch.unlink(missing_ok=True)


def _place() -> Path:
    return CACHE / f"mlflow-{version('mlflow')}.db"
