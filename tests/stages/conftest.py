"""One training of each kind, for the tests of what comes after it too."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from detector.stages import Result
from tests.support import training


@dataclass(frozen=True)
class Trained:
    """A training, and what went in."""

    task: str
    folder: Path
    converted: Result
    result: Result
    report: training.Recorded


@pytest.fixture(scope="session", params=["detect", "segment"])
def trained(request, tmp_path_factory) -> Trained:
    folder = tmp_path_factory.mktemp(request.param)
    converted, report = training.version(folder, request.param), training.Recorded()
    return Trained(request.param, folder, converted, training.train(folder, request.param, converted, report), report)
