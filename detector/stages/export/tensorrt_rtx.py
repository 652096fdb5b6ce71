"""TensorRT for RTX: an engine for NVIDIA's RTX GPUs, built on any x86-64 machine, with a GPU or without one."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from detector.engines.batch import RANGES, Batch
from detector.errors import DetectorError
from detector.stages import Job, Result, Section, Source
from detector.stages.export._targets import CAPABILITIES, PORTABLE, Batches, ComputeCapabilities, in_words
from detector.stages.export._tolerance import Tolerance

LIBRARIES = ("tensorrt-rtx", "onnxconverter-common", "onnx", "onnxslim", "torch", "ultralytics-opencv-headless")
NEEDS = ("convert", "train", "evaluate")  # its sidecar says from which score on a prediction counts
LOG = "tensorrt-rtx.log"
PARITY = "parity-engine.json"
MISSING = (
    "TensorRT for RTX is not installed: on x86-64 Linux or Windows, pip install tensorrt-rtx; for other machines there "
    "is none"
)


class Options(Section):
    """A TensorRT for RTX engine. The graph that it is built from is compared with the checkpoint."""

    NOT_NAMED = frozenset({"tolerance", "without_library"})
    using: Literal["tensorrt_rtx"] = "tensorrt_rtx"
    precision: Literal["fp32", "fp16"] = Field("fp16", description="of weights and layers; input and output are fp32")
    batch: Batches = Field(
        Batch(min=1, optimum=1, max=1), description=f"pictures at once: a number, or a range such as {RANGES}"
    )
    compute_capabilities: ComputeCapabilities | None = Field(
        None, description=f"kinds of GPU to build for: {', '.join(map(str, CAPABILITIES))}; left out: {PORTABLE}"
    )
    without_library: Literal["skip", "fail"] = Field(
        "fail", description="where the library can't be had: record that it was skipped, or fail"
    )
    tolerance: Tolerance = Field(default_factory=Tolerance, description="largest differences from the checkpoint")


def look(options: Options, datasets: Path) -> Source:
    """The GPUs that the engine could be run on here."""
    from detector.stages.export._gpu import state

    del options, datasets
    return Source(state())


def run(job: Job[Options]) -> Result:
    """Write <name>.rtx.engine with its sidecar, the ONNX file that it was built from, labels.txt and parity.json.

    Raises:
        DetectorError: the library is not here and `without_library` is fail, or it can't build this network.
        GateRefused: the graph, or the engine where it can be run, differs too much from the checkpoint.
    """
    if importlib.util.find_spec("tensorrt_rtx") is None:
        return _without(job)
    from detector.engines.onnx import load
    from detector.stages.export._make import result
    from detector.stages.export._parity import compare
    from detector.stages.export._runners import one_by_one

    options = job.options
    graph = _graph(job)
    parity = compare(job, one_by_one(load(graph)), options.tolerance, options.precision)
    engine = graph.with_suffix(".engine")
    sidecar = _build(job, graph, engine)
    export = result(job, [engine, sidecar, graph, job.folder / LOG], parity)
    facts = f"{engine.name}, {export.figures['megabytes']:.1f} MB, {options.precision}: built for compute capability "
    return _tried(job, engine, replace(export, summary=facts + in_words(options.compute_capabilities)), parity.sentence)


def _graph(job: Job[Options]) -> Path:
    """<name>.rtx.onnx: the checkpoint as ONNX, in the precision of the engine."""
    from detector.models.quiet import LOG as CONVERSION
    from detector.models.quiet import quietly
    from detector.stages.export._graph import write_graph
    from detector.stages.export._make import make

    batch = job.options.batch
    exported = make(job, format="onnx", dynamic=batch.varies, batch=batch.max, device="cpu")
    graph = exported.with_name(f"{exported.stem}.rtx.onnx")
    with quietly(job.folder / CONVERSION):
        write_graph(exported, graph, job.options.precision)
    exported.unlink()
    return graph


def _build(job: Job[Options], graph: Path, engine: Path) -> Path:
    """Build the engine, and write its sidecar."""
    from detector.engines import sidecar
    from detector.stages.export._recipe import engine_recipe, operating_point
    from detector.stages.export._rtx import build
    from detector.system.files import write_whole

    options = job.options
    built = build(graph, options.batch, options.compute_capabilities, job.folder / LOG)
    write_whole(engine, built.engine)
    return sidecar.write(engine, engine_recipe(job, graph, built, LIBRARIES), operating_point(job))


def _tried(job: Job[Options], engine: Path, export: Result, graph: str) -> Result:
    """The result with what is true of this machine; `graph` is how close the graph is to the checkpoint, in words."""
    from detector.engines.tensorrt_rtx import Engine
    from detector.stages.export._parity import compare
    from detector.stages.export._rtx_run import gpu, misfit
    from detector.stages.export._runners import one_by_one

    card, log, options = gpu(), job.folder / LOG, job.options
    notes = [f"its graph, on the processor: {graph}"]
    if card is None:
        return replace(export, summary=f"{export.summary}; not run on this machine", notes=notes)
    if why := misfit(engine, log):
        return replace(export, summary=f"{export.summary}; does not fit the {card} of this machine: {why}", notes=notes)
    runner = Engine(engine, log)
    parity = compare(job, one_by_one(runner.network), options.tolerance, options.precision, PARITY)
    speed = runner.milliseconds()
    notes.append(f"itself, on the {card}: {parity.sentence}; {speed:.2f} ms a batch of {runner.batch}")
    of_engine = {f"engine/{name}": value for name, value in parity.figures.items()} | {"milliseconds": speed}
    artifacts = {place: [*files, job.folder / PARITY] for place, files in export.artifacts.items()}
    return replace(export, figures={**export.figures, **of_engine}, artifacts=artifacts, notes=notes)


def _without(job: Job[Options]) -> Result:
    if job.options.without_library == "fail":
        raise DetectorError(f"{MISSING}. To go on without an engine, set `without_library: skip`")
    return Result(job.folder, f"skipped: {MISSING}", f"skipped: {MISSING}", {"skipped": 1})
