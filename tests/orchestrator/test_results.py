"""What was done is found again, and the newest is what was used last."""

import os
import time

from detector.orchestrator import results
from detector.stages import Kept, Result


def test_a_clock_that_jumps_back_changes_nothing(tmp_path):
    """The first result seems to be from next year: the second, and then the first again, are still the newest."""
    old, new = (Result(tmp_path, name, name) for name in ("old", "new"))
    results.keep(tmp_path, "train", "a", results.Made(old, {}, Kept([])))
    next_year = time.time() + 365 * 86_400
    os.utime(tmp_path / "train/a.json", (next_year, next_year))
    results.keep(tmp_path, "train", "b", results.Made(new, {"options": {"epochs": 3}}, Kept([])))
    assert results.newest(tmp_path, "train") == new
    assert results.last_ingredients(tmp_path, "train") == {"options": {"epochs": 3}}
    results.touch(tmp_path, "train", "a")
    assert results.newest(tmp_path, "train") == old
