"""The predictions beside the truth in FiftyOne, where the check stage has put the dataset version there."""

from pathlib import Path

import pyarrow as pa

from detector.browse import samples
from detector.browse.database import connected
from detector.browse.predictions import add_predictions
from detector.data.dataset import Split
from detector.data.evaluation import Evaluation
from detector.errors import DetectorError


def show(split: Split, project: str, evaluation: Evaluation, predictions: pa.Table, place: Path) -> list[str]:
    """Put the predictions worth looking at into the version's FiftyOne dataset in `place`; a note of it.

    FiftyOne only shows what was measured already, so that a database out of reach is told and fails nothing.
    """
    if not place.is_dir():
        return []
    told: list[str] = []
    try:
        with connected(place, told.append) as fiftyone:
            name = samples.name_of(split.dataset, project)
            if not fiftyone.dataset_exists(name):
                return told
            add_predictions(fiftyone.load_dataset(name), split, evaluation.objects, predictions)
    except (DetectorError, ConnectionError) as error:
        return [*told, f"the predictions are not in FiftyOne: {error}"]
    return [*told, "the predictions are in FiftyOne, each marked right (tp), false (fp) or missed (fn)"]
