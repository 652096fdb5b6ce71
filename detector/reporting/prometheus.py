"""A run as a text file for the textfile collector of Prometheus' node exporter.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detector import __version__
from detector.reporting.outcome import Done

Labels = dict[str, str]
Family = tuple[str, str, list[tuple[Labels, float]]]  # name, help, samples
_COSTS = {
    "images_per_second": ("detector_step_images_per_second", "Images that the step went through in a second."),
    "peak_memory_bytes": ("detector_step_peak_memory_bytes", "Most memory that the process held in the step."),
    "peak_gpu_bytes": ("detector_step_peak_gpu_memory_bytes", "Most memory that the step held on a GPU."),
    "disk_bytes": ("detector_step_disk_bytes", "Size of the files that the step left."),
}


@dataclass(frozen=True)
class Ended:
    """A run that is over: when (Unix time), after how many seconds, and the steps that it came to."""

    pipeline: str
    exit_code: int
    succeeded: bool
    at: float
    seconds: float
    steps: Sequence[Done]


def exposition(run: Ended) -> bytes:
    """The content of the file: a gauge for each family that has samples."""
    # Only a run with --metrics-file waits for the library.
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    for name, help_text, samples in (*_of_run(run), *_of_steps(run)):
        if samples:
            gauge = Gauge(name, help_text, list(samples[0][0]), registry=registry)
        for labels, value in samples:
            gauge.labels(*map(_encodable, labels.values())).set(value)
    return generate_latest(registry)


def _encodable(text: str) -> str:
    """A file's name may hold bytes that are no UTF-8."""
    return text.encode(errors="replace").decode()


def _of_run(run: Ended) -> Iterator[Family]:
    of = {"pipeline": run.pipeline}
    yield "detector_run_success", "Whether the last run ended well, also if nothing was new.", [(of, run.succeeded)]
    yield "detector_run_exit_code", "Exit code of the last run.", [(of, run.exit_code)]
    yield "detector_run_timestamp_seconds", "Unix time at which the last run ended.", [(of, run.at)]
    yield "detector_run_duration_seconds", "Wall time of the last run.", [(of, run.seconds)]
    yield "detector_build_info", "The version that ran.", [({**of, "version": __version__}, 1)]


def _of_steps(run: Ended) -> Iterator[Family]:
    steps = [({"pipeline": run.pipeline, "step": done.name}, done) for done in run.steps]
    ran = [(labels, done.seconds) for labels, done in steps if not done.skipped]
    yield "detector_step_duration_seconds", "Wall time of each step that ran.", ran
    skipped: list[tuple[Labels, float]] = [(labels, done.skipped) for labels, done in steps]
    yield "detector_step_skipped", "Whether the step had nothing to do.", skipped
    for cost, (name, help_text) in _COSTS.items():
        yield name, help_text, [(labels, done.costs[cost]) for labels, done in steps if cost in done.costs]
    figures = [
        ({**labels, "name": name}, value) for labels, done in steps for name, value in done.result.figures.items()
    ]
    yield "detector_figure", "What the step gave in numbers.", figures
