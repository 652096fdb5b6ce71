"""Likely label mistakes in FiftyOne: the saved view `label_mistakes`, the worst first, and a tag on what is wrong."""

from collections.abc import Callable, Sequence
from typing import Any

from detector.annotators.review import Mistake
from detector.data.dataset import Dataset
from detector.data.places import FIFTYONE

NAME = "label_mistakes"


def show(dataset: Dataset, mistakes: Sequence[Mistake], warn: Callable[[str], None]) -> int:
    """Make the view of these mistakes, in place of an earlier one; gives how many pictures it has.

    `warn` is told of a database that had to be made anew. Raises DetectorError where no MongoDB can be had.
    """
    from detector.browse import samples
    from detector.browse.database import connected
    from detector.browse.labels import TRUTH

    with connected(FIFTYONE, warn):
        loaded = samples.load(dataset, dataset.folder.parent.name)
        _forget(loaded, TRUTH)
        known = samples.sample_ids(loaded, dataset)
        shown = list(dict.fromkeys(identity for each in mistakes if (identity := known[each.image])))
        if shown:
            wrong = _labels(samples.label_ids(loaded, dataset), dataset, mistakes)
            if wrong:
                loaded.select_labels(ids=wrong, fields=TRUTH).tag_labels(NAME)
            view = loaded.select(shown, ordered=True)
            loaded.save_view(NAME, view, description="likely label mistakes, the likeliest first: detector review")
        return len(shown)


def _forget(loaded: Any, field: str) -> None:
    loaded.untag_labels(NAME, label_fields=field)
    if loaded.has_saved_view(NAME):
        loaded.delete_saved_view(NAME)


def _labels(ids: Sequence[str | None], dataset: Dataset, mistakes: Sequence[Mistake]) -> list[str]:
    """The ids of the labels that may be wrong; what is not annotated has none."""
    wanted = {(each.image, each.region) for each in mistakes if each.region}
    places = zip(*(dataset.instances[name].to_pylist() for name in ("image", "region_id")), strict=True)
    return [identity for identity, place in zip(ids, places, strict=True) if identity and place in wanted]
