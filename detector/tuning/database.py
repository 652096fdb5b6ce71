"""Optuna's database: a SQLite file that several workers open, and its failures in our words."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.errors import DetectorError, TryAgain
from detector.system.lock import locked
from detector.tuning import study

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.trial import FrozenTrial


def opened(
    file: Path,
    name: str,
    pruner: "BasePruner | None" = None,
    concerns: Callable[["FrozenTrial"], bool] = lambda _: True,
) -> study.Shared:
    """The study `name`, made where there is none. Its values are the higher the better.

    Raises:
        TryAgain: Another program holds the database.
        DetectorError: The database can't be used.
    """
    import optuna

    optuna.logging.disable_default_handler()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = file.with_name("lock")
    with database(file), locked(lock, study.BUSY), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not file.exists():
            file.touch()  # with the permissions of any other file: SQLite would let its owner alone write there
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{file}",
            engine_kwargs={"connect_args": {"timeout": study.BUSY}},
            heartbeat_interval=study.INTERVAL,
            grace_period=study.GRACE,
            heartbeat_stale_trial_callback=study.again(study.KILLS),
        )
        named: dict[str, Any] = {"study_name": name, "direction": "maximize", "load_if_exists": True}
        return study.Shared(optuna.create_study(storage=storage, pruner=pruner, **named), storage, lock, concerns)


@contextmanager
def database(file: Path) -> Iterator[None]:
    """Inside, what goes wrong with the database is told in one sentence.

    Raises:
        TryAgain: Another program holds it.
        DetectorError: It can't be used.
    """
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (StorageInternalError, SQLAlchemyError) as error:
        problem = str(error.__cause__ or error).strip().partition("\n")[0]
        if "locked" in problem:
            raise TryAgain(f"another program holds the studies in {file}; try again when that is done") from error
        raise DetectorError(
            f"the studies in {file} can't be used: {problem}; move the file away to begin anew"
        ) from error
    except RuntimeError as error:
        if "optuna" not in str(error):
            raise
        raise DetectorError(
            f"the studies in {file} are of another version of Optuna; move the file away to begin anew"
        ) from error
