"""What a checkpoint makes of whole pictures: the last features before its head, pooled over the picture."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.data.colour import Pixels
from detector.models.quiet import device, quietly
from detector.models.weights import load_model


class Describer:
    """A checkpoint that was loaded once; call it with pictures. What the package says goes to the file `log`.

    Raises:
        UsageError: it can't be loaded.
    """

    def __init__(self, checkpoint: Path, log: Path) -> None:
        with quietly(log):
            self._model = load_model(checkpoint)

    def __call__(self, pictures: Sequence[Pixels]) -> Iterator[npt.NDArray[np.float32]]:
        """Of each picture so many numbers as the last layer before the head has channels, of unit length."""
        for picture in pictures:
            [features] = self._model.embed(picture, device=device(), verbose=False)
            numbers = features.float().cpu().numpy().ravel().astype(np.float32)
            yield numbers / max(float(np.linalg.norm(numbers)), 1e-12)
