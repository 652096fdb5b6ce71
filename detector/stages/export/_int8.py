"""OpenVINO's int8 by NNCF: layers that would cost more accuracy than is allowed stay in floating point."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from detector.data.dataset import Dataset, Split
from detector.engines.detector import Detector
from detector.engines.network import Floats
from detector.engines.openvino import network_of
from detector.engines.prepare import Size, prepared, read
from detector.measure.engine import Image, accuracy
from detector.stages.export._calibration import IMAGES

CONTROLLED = 100  # images of val: the outputs for all of them are in memory, twice
LAYERS = {"Convolution", "GroupConvolution", "MatMul"}


def quantize(file: Path, dataset: Dataset, size: Size, max_drop: float) -> int:
    """Replace the network in <name>.xml and .bin by its int8 form; gives how many layers cost too much, and stayed.

    Ranges are those of train's images. The head stays in floating point; so do the layers that it takes, the most
    sensitive first, for a mAP50-95 on val that is at most `max_drop` below the network's own.
    """
    import nncf
    import openvino

    model = openvino.Core().read_model(file)
    head = _head(model)
    learned = _given(dataset.on("train"), dataset.on("train").files[:IMAGES], size)
    options = {"preset": nncf.QuantizationPreset.MIXED, "subset_size": IMAGES}
    options |= {"ignored_scope": nncf.IgnoredScope(names=sorted(head), validate=False)}
    images = dataset.on("val").files[:CONTROLLED]
    if {row for row, _ in images} & {*dataset.instances["image"].to_pylist()}:
        validate, given = _validate(dataset, size), _given(dataset.on("val"), images, size)
        quantized = nncf.quantize_with_accuracy_control(model, learned, given, validate, max_drop=max_drop, **options)
    else:
        quantized = nncf.quantize(model, learned, **options)
    _write(quantized, file)
    return _in_float(quantized, head)


def _validate(dataset: Dataset, size: Size) -> Any:
    """What NNCF asks how good a network is; without a figure for each image it compares the outputs themselves."""

    def validate(compiled: Any, images: Iterable[Image]) -> tuple[float, None]:
        detector = Detector(network_of(compiled), "raw", len(dataset.classes), size)
        return accuracy(detector, dataset.on("val"), list(images)), None

    return validate


def _given(split: Split, images: Sequence[Image], size: Size) -> Any:
    """The images, and how they become what the network takes."""
    import nncf

    def transformed(image: Image) -> Floats:
        return prepared([read(split.dataset.image_path(image[1]))], size)[0]

    return nncf.Dataset(images, transformed)


def _head(model: Any) -> set[str]:
    """The operations of the network's last module, which has its last sigmoid; and every other sigmoid."""
    kinds = {each.get_friendly_name(): each.get_type_name() for each in model.get_ordered_ops()}
    sigmoids = [name for name, kind in kinds.items() if kind == "Sigmoid"]
    scope = sigmoids[-1].partition("/")[0]
    return {*sigmoids, *(name for name in kinds if name.startswith((f"{scope}/", f"{scope}.")))}


def _in_float(model: Any, head: set[str]) -> int:
    """How many layers outside of the head have weights that were not quantized."""
    layers = [each for each in model.get_ordered_ops() if each.get_type_name() in LAYERS]
    own = [each for each in layers if each.get_friendly_name() not in head]
    return sum(each.input_value(1).get_node().get_type_name() == "Constant" for each in own)


def _write(model: Any, file: Path) -> None:
    """Over the files that the network was read from, which may still be mapped into memory."""
    import openvino

    beside = file.with_name(f"int8-{file.name}")
    openvino.save_model(model, beside, compress_to_fp16=False)
    for ending in (".xml", ".bin"):
        beside.with_suffix(ending).replace(file.with_suffix(ending))
