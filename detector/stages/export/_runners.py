"""Ways to run a model on one picture: the checkpoint itself, and what was exported from it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from detector.engines.network import Floats, Network
from detector.models.weights import load_model


class Raw(NamedTuple):
    """What a network gives for a picture, before any suppression of overlaps.

    candidates (A, 4 + classes + coefficients): box centre x, y, width, height in pixels of the input, a score for each
    class, and for a model with masks their coefficients; prototypes (coefficients, H, W), or None without masks.
    """

    candidates: Floats
    prototypes: Floats | None


Runner = Callable[[Floats], Raw]  # takes (1, 3, H, W), RGB in 0 … 1


class Checkpoint:
    """A Runner: the checkpoint in single precision on the CPU, with the one-to-many head, which is what is exported."""

    def __init__(self, weights: Path) -> None:
        self._network = load_model(weights).model.float().cpu().eval()
        if hasattr(self._network, "end2end"):
            self._network.end2end = False

    def __call__(self, picture: Floats) -> Raw:
        """Run it on a picture."""
        import torch

        with torch.inference_mode():
            outputs = self._network(torch.from_numpy(picture))[0]
        return raw([part.numpy() for part in (outputs if isinstance(outputs, tuple) else (outputs,))])


def one_by_one(network: Network) -> Runner:
    """A network with its raw head; one for several pictures at once gets so many copies of each."""
    return lambda picture: raw(network.run(picture.repeat(network.batch or 1, axis=0)))


def engine_runner(file: Path) -> Runner:
    """A TensorRT engine, with Ultralytics' header, on the first GPU; call it within `quietly`."""
    import torch
    from ultralytics.nn.autobackend import AutoBackend

    gpu = torch.device("cuda:0")
    engine = AutoBackend(str(file), device=gpu)

    def run(picture: Floats) -> Raw:
        outputs = engine(torch.from_numpy(picture).to(gpu))
        return raw([part.float().cpu().numpy() for part in (outputs if isinstance(outputs, list) else [outputs])])

    return run


def raw(outputs: list[Any]) -> Raw:
    """What a network gives, from its outputs: (1, 4 + classes + coefficients, A), and (1, coefficients, H, W)."""
    return Raw(outputs[0][0].T, outputs[1][0] if len(outputs) > 1 else None)
