"""Small projects in which a training ends oddly, as ../shared/cases has them: each gives what its expect.md says."""

import json
import shutil
from pathlib import Path

import pytest

from detector.browse.database import connected
from tests.support import warm

CASES = Path(__file__).parents[2] / "shared/cases"


@pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not here")
@pytest.mark.timeout(600)
def test_a_segmentation_model_that_finds_nothing(tmp_path):
    project = tmp_path / "empty-segment"
    shutil.copytree(CASES / "empty-segment", project)
    done = warm.run(project, "run", "pipeline.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        "evaluate             2 test images: mAP50-95 0.000 [0.000, 0.000], mAP50 0.000; nothing is found"
        in done.stdout
    )
    assert "2 objects missed and 0 false" in done.stdout
    assert "promote              challenger: version 1, mAP50-95 0.0000, below the minimum of 0.05" in done.stdout
    with connected(project / "runs/fiftyone") as fiftyone:
        [name] = fiftyone.list_datasets()
        test = fiftyone.load_dataset(name).match_tags("test")
        assert test.values("ground_truth.polylines.evaluation") == [["fn"], ["fn"]]
        assert test.values("predictions.polylines") == [[], []]
    again = warm.run(project, "run", "pipeline.yaml", "--json")
    assert (again.returncode, json.loads(again.stdout)["status"]) == (0, "unchanged")
