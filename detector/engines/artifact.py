"""A file with its sidecar, checked and loaded, whatever its runtime is."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from detector.engines.detector import Detector
from detector.engines.network import Network
from detector.engines.sidecar import AGAIN, Sidecar, checked
from detector.errors import DetectorError


@dataclass(frozen=True)
class Artifact:
    """An engine that is ready: what its sidecar says, and how to use it."""

    sidecar: Sidecar
    detector: Detector


def open_artifact(file: Path) -> Artifact:
    """Check an engine against its sidecar, then load it.

    Raises:
        DetectorError: it or its sidecar was changed or is missing, or this machine can't run it.
    """
    sidecar = checked(file)
    made_from = sidecar.made_from
    detector = Detector(_load(file, made_from.runtime), made_from.head, len(made_from.classes), made_from.size)
    return Artifact(sidecar, detector)


def _load(file: Path, runtime: str) -> Network:
    try:
        network: Network = import_module(f"detector.engines.{runtime}").load(file)
    except DetectorError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        raise DetectorError(f"{file} can't be loaded by {runtime}: {reason}; {AGAIN}") from error
    return network
