"""A dataset in the project's FiftyOne database: whether it changed, and what is in it.

A sample has the time when it was changed last, and FiftyOne keeps an index of it. So three small questions tell every
edit: the dataset's own document, its newest sample, how many samples there are. FiftyOne itself is not imported for it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.browse import mongod
from detector.errors import TryAgain, UsageError, did_you_mean

if TYPE_CHECKING:
    from pymongo import MongoClient

    from detector.stages.pull._fiftyone.shapes import Drawn

_DATABASE = "fiftyone"  # its default name
_MOST = 10  # names in a message


def state_of(name: str, view: str | None, place: Path) -> str:
    """Changes whenever a sample, a label, the fields or the saved view do.

    Raises:
        UsageError: there is no such dataset, or no such view of it.
        TryAgain: the database can't be reached.
    """
    with _database(place) as client:
        database = client[_database_name()]
        document = database["datasets"].find_one({"name": name})
        if document is None:
            raise UsageError(_no_dataset(name, [each["name"] for each in database["datasets"].find({}, {"name": 1})]))
        samples = database[document["sample_collection_name"]]
        newest = samples.find_one({}, {"last_modified_at": 1}, sort=[("last_modified_at", -1)]) or {}
        known = [document["_id"], document.get("last_modified_at"), newest.get("last_modified_at")]
        known.append(samples.estimated_document_count())
        if view:
            views = list(database["views"].find({"_dataset_id": document["_id"]}))
            saved = next((each for each in views if each["name"] == view), None)
            if saved is None:
                raise UsageError(_no_view(view, name, [each["name"] for each in views]))
            known += [saved["_id"], saved.get("view_stages")]
        return repr(known)


def _database_name() -> str:
    return os.environ.get("FIFTYONE_DATABASE_NAME", _DATABASE)


@contextmanager
def _database(place: Path) -> "Iterator[MongoClient[dict[str, Any]]]":
    """The database, started where nobody has yet."""
    from pymongo import MongoClient
    from pymongo.errors import ConfigurationError, PyMongoError

    with mongod.serve(place.resolve()) as uri:
        try:
            with MongoClient[dict[str, Any]](uri) as client:
                yield client
        except (ConfigurationError, ValueError) as error:
            raise UsageError(f"{mongod.VARIABLE} is no address of a MongoDB: {error}") from error
        except PyMongoError as error:
            message = str(error).partition(" (")[0]
            raise TryAgain(f"the MongoDB that FiftyOne works with doesn't answer: {message}; run again") from error


def _no_dataset(name: str, names: list[str]) -> str:
    names = sorted(name for name in names if name)
    choices = f"there is {_some(names)}" if names else "there is none yet"
    return (
        f"pull.dataset: no dataset {name!r} in this project's FiftyOne database{did_you_mean(name, names)} ({choices});"
        " `detector app` opens the database, and FIFTYONE_DATABASE_URI names another one. A dataset that is not"
        " persistent goes when its session ends: dataset.persistent = True keeps it"
    )


def _no_view(view: str, name: str, views: list[str]) -> str:
    choices = f"there is {_some(sorted(views))}" if views else "it has none"
    return f"pull.view: the dataset {name!r} has no saved view {view!r}{did_you_mean(view, views)} ({choices})"


def _some(names: list[str]) -> str:
    return ", ".join(names[:_MOST]) + (f" and {len(names) - _MOST:,} more" if len(names) > _MOST else "")


def read(name: str, view: str | None, field: str | None, task: str, place: Path) -> "Drawn":
    """The samples of the dataset, or of one of its saved views. `state_of` has found both."""
    from detector.browse.database import connected
    from detector.stages.pull._fiftyone import samples

    with connected(place) as fiftyone:
        if not fiftyone.dataset_exists(name):
            raise UsageError(_no_dataset(name, fiftyone.list_datasets()))
        dataset = fiftyone.load_dataset(name)
        if view and view not in dataset.list_saved_views():
            raise UsageError(_no_view(view, name, dataset.list_saved_views()))
        chosen = dataset.load_saved_view(view) if view else dataset
        _refuse_other_media(chosen, name, view, fiftyone)
        return samples.read(chosen, samples.chosen_fields(chosen, field, several=False), task, imported=False)


def _refuse_other_media(chosen: Any, name: str, view: str | None, fiftyone: Any) -> None:
    source = f"the saved view {view!r}" if view else f"the dataset {name!r}"
    if not len(chosen):
        raise UsageError(f"{source} is empty; see it in `detector app`")
    if chosen.media_type != "image":
        hint = "; save a view of one slice, by select_group_slices" if chosen.media_type == "group" else ""
        raise UsageError(f"{source} holds {chosen.media_type}, and a detector learns from images{hint}")
    if view and not isinstance(chosen, fiftyone.Dataset) and chosen._is_generated:
        raise UsageError(f"{source} is of patches or frames; save the view of whole images, and name that")
