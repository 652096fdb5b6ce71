"""The predictions beside the truth in FiftyOne, where the check stage has put the dataset version there."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from detector.browse import samples
from detector.browse.database import connected
from detector.data.dataset import Dataset
from detector.errors import DetectorError
from detector.stages.evaluate._mistakes import SHOWN_FROM


def show(dataset: Dataset, project: str, predictions: pa.Table, split: str, place: Path) -> list[str]:
    """Put the predictions worth looking at into the version's FiftyOne dataset in `place`; a note of it.

    FiftyOne only shows what was measured already, so that a database out of reach is told and fails nothing.
    """
    if not place.is_dir():
        return []
    try:
        with connected(place) as fiftyone:
            name = samples.name_of(dataset, project)
            if not fiftyone.dataset_exists(name):
                return []
            said = predictions.filter(pc.greater_equal(predictions["score"], SHOWN_FROM))
            samples.add_predictions(fiftyone.load_dataset(name), dataset, said, split)
    except (DetectorError, ConnectionError) as error:
        return [f"the predictions are not in FiftyOne: {error}"]
    return ["the predictions are in FiftyOne, each marked right (tp), false (fp) or missed (fn)"]
