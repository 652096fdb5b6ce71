"""The sections of pipeline.yaml: which backends each has, and the schema of each backend's part."""

from detector import engine, record, stages
from detector.stages import Section
from detector.terms import STAGES

SECTIONS = (*STAGES, "record", "engine")
ROOMS = {"record": record, "engine": engine}  # sections that are no stages
DEFAULT_BACKENDS = {
    "convert": "yolo",
    "check": "fiftyone",
    "train": "ultralytics",
    "evaluate": "ultralytics",
    "promote": "better",
    "record": "mlflow",
}
DEFAULT_EXPORT = ({"using": "onnx"}, {"using": "tensorrt_rtx", "without_library": "skip"})


def backends(section: str) -> list[str]:
    """The names that a section's `using` takes."""
    return ROOMS[section].names() if section in ROOMS else stages.names(section)


def options_of(section: str, using: str) -> type[Section]:
    """The schema of a backend's part of the file."""
    return ROOMS[section].load(using).Options if section in ROOMS else stages.load(section, using).Options
