"""The model that is in use. Where it is the champion, the next champion takes over without a restart."""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from detector.data.colour import Pixels
from detector.errors import DetectorError
from detector.inference.model import Model
from detector.inference.predictors import Sees, predictor
from detector.inference.seen import Object, objects_of

logger = logging.getLogger("detector")


class Loaded(NamedTuple):
    """A model, what answers for it, and how it is described."""

    model: Model
    predictor: Sees
    described: dict[str, Any]


class InUse:
    """The model that `find` gives, loaded; called with pictures it gives the objects on each, and who saw them.

    Before each batch `changed` tells in microseconds, by another value than before, that there may be another model.
    One that can't be loaded is logged, and the one before stays.
    """

    def __init__(
        self, find: Callable[[], Model], changed: Callable[[], object], score: float | None, log: Path
    ) -> None:
        self._find, self._changed, self._score, self._log = find, changed, score, log
        self._known, self._lock = changed(), threading.Lock()
        self.loaded = self._load()

    def __call__(self, pictures: Sequence[Pixels]) -> list[tuple[Loaded, list[Object]]]:
        """What is seen on each picture, and by which model."""
        loaded = self.current()
        return [(loaded, objects_of(objects)) for objects in loaded.predictor(pictures)]

    def current(self) -> Loaded:
        """The model as it should be now: where there is another one, it is loaded first."""
        with self._lock:
            now = self._changed()
            if now != self._known:
                self._known = now
                self._renew()
            return self.loaded

    def _renew(self) -> None:
        try:
            self.loaded = self._load()
            logger.info("now in use: %s", self.loaded.model.title)
        except (DetectorError, OSError) as error:
            logger.warning("%s stays in use: %s", self.loaded.model.title, error)

    def _load(self) -> Loaded:
        model = self._find()
        score = model.counts_from(self._score)
        sees = predictor(model.file.resolve(), score, self._log)
        return Loaded(model, sees, model.described(score, sees.classes) | {"task": sees.task})
