"""TorchScript files by PyTorch, on the processor."""

import json
import warnings
from pathlib import Path
from typing import Any

import torch

from detector.engines.network import Floats, Network
from detector.models.quiet import cores


def load(file: Path) -> Network:
    """The network in a file of Ultralytics' exporter; its tensors are numbered. Raises whatever PyTorch does."""
    torch.set_num_threads(cores())
    told = {"config.txt": ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # that there is torch.export, too
        network = torch.jit.load(str(file), map_location="cpu", _extra_files=told).eval()
    exported: dict[str, Any] = json.loads(told["config.txt"])

    def run(pictures: Floats) -> list[Floats]:
        with torch.inference_mode():
            given = network(torch.from_numpy(pictures))
        return [part.numpy() for part in (given if isinstance(given, tuple) else [given])]

    kind = next(network.graph.outputs()).type()
    count = len(kind.elements()) if kind.kind() == "TupleType" else 1
    batch = None if exported["args"]["dynamic"] else int(exported["batch"])
    return Network(run, "0", [str(at) for at in range(count)], batch)
