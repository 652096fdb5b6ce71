"""Which trial is better beyond chance: by images and by seeds."""

import numpy as np
import pytest

from detector.data.comparison import Difference
from detector.data.studies import Best
from detector.tuning.winner import Asked, candidate, chosen, verdict

ASKED = Asked("mAP50-95", 0.95)
REACH = 1.96  # half the width of an interval, in standard deviations


def differences(changes, images=0.01, before=(0.6, 0.6, 0.6)):
    """Differences of seeds; `images` is the standard deviation by images of each."""
    return [
        Difference(value, value + change, change - REACH * images, change + REACH * images, 0.5)
        for value, change in zip(before, changes, strict=True)
    ]


def test_only_what_came_above_the_defaults_is_trained_again():
    best = [Best(trial, value, {}) for trial, value in enumerate([0.5, 0.7, 0.6, 0.7, 0.65])]
    assert [each.trial for each in chosen(best, 0.6)] == [1, 3]
    assert chosen(best, 0.7) == []


def test_what_is_better_with_every_seed_and_on_all_images_wins():
    found = verdict([candidate(7, {"lr0": 0.003}, differences([0.05, 0.06, 0.055]))], [1, 2, 3], 0.6, ASKED)
    assert (found.winner, found.values) == (7, {"lr0": 0.003})
    assert found.why == (
        "trial 7 is better: mAP50-95 0.6550 against 0.6000 over 3 seeds, +0.0550 [+0.0345, +0.0755]; "
        "better with 99.9 %, 95 % is asked"
    )


@pytest.mark.parametrize(
    ("changes", "images"),
    [([0.001, 0.09, 0.01], 0.001), ([0.02, 0.02, 0.02], 0.03), ([-0.03, -0.02, -0.025], 0.01), ([0.0, 0.0, 0.0], 0.0)],
    ids=["the seeds differ", "the images differ", "worse", "the same weights"],
)
def test_what_may_be_chance_does_not(changes, images):
    found = verdict([candidate(7, {"lr0": 0.003}, differences(changes, images))], [1, 2, 3], 0.6, ASKED)
    assert (found.winner, found.values) == (None, {})
    assert found.why.startswith("the defaults stay: trial 7 has mAP50-95 0.")


def test_of_two_the_better_one_is_asked_for_more():
    """The better of two is lucky twice as often: 97.5 % in place of 95."""
    good, worse = candidate(3, {"a": 1}, differences([0.03] * 3, 0.0167)), candidate(5, {}, differences([0.01] * 3))
    assert 0.95 < good.better < 0.975
    assert verdict([good], [1, 2, 3], 0.6, ASKED).winner == 3
    both = verdict([worse, good], [1, 2, 3], 0.6, ASKED)
    assert both.winner is None
    assert "the defaults stay: trial 3 has" in both.why
    assert both.why.endswith("97.5 % is asked")


def test_without_a_candidate_the_defaults_stay():
    found = verdict([], [1, 2, 3], 0.61234, ASKED)
    assert found.why == "the defaults stay: no trial came above their mAP50-95 of 0.6123"


@pytest.mark.parametrize("by_seeds", [0.0, 0.01, 0.05])
def test_what_is_no_better_wins_at_most_as_often_as_is_allowed(by_seeds):
    """2000 searches whose best trial is as good as the defaults: images and seeds decide alone."""
    draw, crowned, searches = np.random.default_rng(0), 0, 2000
    for _ in range(searches):
        before, after = draw.normal(0.6, by_seeds, (2, 3))
        changes = after - before + draw.normal(0, 0.01)  # the same images in each seed
        found = verdict([candidate(1, {}, differences(changes, before=before))], [1, 2, 3], 0.6, ASKED)
        crowned += found.winner is not None
    assert crowned / searches < 0.05 + 3 * np.sqrt(0.05 * 0.95 / searches)
