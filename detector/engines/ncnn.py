"""ncnn's files (.param, and .bin beside it) by ncnn, on the processor."""

from pathlib import Path

import ncnn
import numpy as np

from detector.engines.network import Floats, Network
from detector.models.quiet import cores


def load(file: Path) -> Network:
    """The network in <name>.param and <name>.bin. Raises ValueError when ncnn can't read them."""
    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    net.opt.num_threads = cores()
    for read, part in ((net.load_param, file), (net.load_model, file.with_suffix(".bin"))):
        if not part.is_file() or read(str(part)):
            raise ValueError(f"ncnn can't read {part.name}")
    (given,), outputs = net.input_names(), sorted(net.output_names())  # as pnnx numbers them

    def run(pictures: Floats) -> list[Floats]:
        parts = [_run(net, given, outputs, picture) for picture in pictures]
        return [np.stack(part) for part in zip(*parts, strict=True)]

    return Network(run, given, list(outputs), 1)


def _run(net: ncnn.Net, given: str, outputs: list[str], picture: Floats) -> list[Floats]:
    with net.create_extractor() as extractor:
        extractor.input(given, ncnn.Mat(np.ascontiguousarray(picture)))
        return [np.array(extractor.extract(name)[1]) for name in outputs]
