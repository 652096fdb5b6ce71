"""What a run's weights see on every picture of its dataset version: kept, so that it is asked once.

The evaluation has it for the split that was measured. For the others it is in

    runs/results/<name>/review/<version>-<weights, 12 hex digits>-<split>.parquet

of which those of other versions and weights are removed.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from detector.data import agreement, annotations, runs
from detector.data.dataset import Dataset, Split
from detector.data.evaluation import SEEN, Evaluation
from detector.data.places import RESULTS, RUNS
from detector.data.trained import Trained
from detector.errors import UsageError, did_you_mean
from detector.measure.split import Part, part_of
from detector.models.validate import seen_on
from detector.system.progress import Progress
from detector.terms import SPLITS


@dataclass(frozen=True)
class Reviewed:
    """A run with its data, weights and evaluation."""

    run: Path
    name: str
    dataset: Dataset
    trained: Trained
    evaluation: Evaluation

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits of what the weights have learned."""
        return self.trained.made_from.fingerprint[:12]

    @cached_property
    def agreement(self) -> dict[str, Any] | None:
        """How far people who annotated the same tasks agree, by name; None where no two did, or that is gone."""
        pulled = runs.output_of(self.run, "pull")
        there = pulled is not None and pulled.exists()
        return agreement.summary(annotations.read(pulled).agreement, names=True) if pulled and there else None

    def parts(self, progress: Progress) -> Iterator[tuple[str, Part]]:
        """Every split with its pictures, its objects, and what is seen on them."""
        self._forget_others()
        for name in SPLITS:
            split = self.dataset.on(name)
            if split.images:
                yield name, part_of(split, self._seen(split, progress))

    def _seen(self, split: Split, progress: Progress) -> pa.Table:
        if split.name == self.evaluation.measured.split:
            return self.evaluation.predictions.select(SEEN.names)
        file = self._file(split.name)
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory() as scratch, progress(f"predict {split.name}", split.images) as advance:
                pq.write_table(seen_on(self.trained.best, split, Path(scratch), advance), f"{file}.part")
            Path(f"{file}.part").replace(file)
        return pq.read_table(file)

    def _file(self, split: str) -> Path:
        return RESULTS / self.name / "review" / f"{self.dataset.version}-{self.fingerprint}-{split}.parquet"

    def _forget_others(self) -> None:
        wanted = {self._file(split) for split in SPLITS}
        for file in {*(RESULTS / self.name / "review").glob("*.parquet")} - wanted:
            file.unlink()


def reviewed(which: str | None, name: str) -> Reviewed:
    """The run `which`; None: the newest of pipeline `name` that has evaluated.

    Raises:
        UsageError: There is none, or its data or weights are gone.
    """
    known = {folder.name: runs.outputs_of(folder) for folder in runs.begun()}
    ready = {run: places for run, places in known.items() if _is_of(places, name)}
    run = Path(which).name if which else next(reversed(ready), "")
    if run not in ready:
        hint = did_you_mean(run, ready) if which else ""
        problem = f"{which} is no run of {name} that has evaluated, with its data here" if which else "there is none"
        raise UsageError(f"{problem}{hint}; `detector run` makes one, `detector status` lists them")
    places = ready[run]
    trained = Trained(places["train"])
    return Reviewed(RUNS / run, name, Dataset(places["convert"]), trained, Evaluation(places["evaluate"]))


def _is_of(places: dict[str, Path], name: str) -> bool:
    """Whether a run is of the pipeline, and has what a review looks at."""
    if not {"convert", "train", "evaluate"} <= places.keys() or places["convert"].parent.name != name:
        return False
    evaluation, trained = Evaluation(places["evaluate"]), Trained(places["train"])
    return all(file.exists() for file in (*evaluation.files, trained.best, places["convert"] / "images.parquet"))
