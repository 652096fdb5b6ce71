"""What every runtime gives."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class Network(NamedTuple):
    """An exported network, loaded.

    run takes (B, 3, H, W), RGB in 0 … 1, and gives its outputs, each (B, …), in the order of `outputs`. batch is the
    number of pictures that it takes at once; None: any.
    """

    run: Callable[[Floats], list[Floats]]
    input: str
    outputs: list[str]
    batch: int | None
