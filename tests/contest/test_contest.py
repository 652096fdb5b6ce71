"""A coronation means something: what is no better is not crowned, and what is better is. Real trainings, real contests.

`make test-contest` does all of it, in an hour; `make test` a small form.
"""

import itertools
import json

import pytest

from tests.contest.contestants import TRAIN, all_evaluated, contest, evaluated

SEEDS = 20
FEW = 10  # epochs


def crowned(verdicts):
    return sum(verdict.alias == "champion" for verdict in verdicts)


@pytest.mark.timeout(900)
def test_shuffled_labels_are_not_crowned_and_more_labels_are(tmp_path):
    """One of each: a quarter of the labels against all of them, and all against those of which a third is wrong."""
    part, whole = (evaluated(tmp_path / f"{train}", 0, train=train, epochs=FEW) for train in (TRAIN // 4, TRAIN))
    wrong = evaluated(tmp_path / "wrong", 0, shuffled=1 / 3, epochs=FEW)
    assert contest(whole, wrong).alias == "challenger"
    assert contest(part, whole).alias == "champion"
    again = contest(whole, whole)
    assert (again.alias, again.figures["better_share"]) == ("challenger", 0)


@pytest.mark.contest
@pytest.mark.timeout(4 * 3600)
def test_seeds_of_one_configuration_seldom_crown_each_other(tmp_path):
    """All 190 pairs, both ways: at most one in twenty."""
    models = all_evaluated(tmp_path, range(SEEDS))
    verdicts = [contest(one, other) for one, other in itertools.permutations(models, 2)]
    told = {
        "mAP50-95": [round(each.measured.metrics["mAP50-95"], 4) for each in models],
        "contests": len(verdicts),
        "crowned": crowned(verdicts),
        "crowned_without_classes": crowned(
            contest(one, other, per_class=False) for one, other in itertools.permutations(models, 2)
        ),
    }
    print(json.dumps(told))
    assert len(verdicts) == SEEDS * (SEEDS - 1)
    assert crowned(verdicts) <= 0.05 * len(verdicts)


@pytest.mark.contest
@pytest.mark.timeout(4 * 3600)
def test_a_third_of_the_labels_shuffled_is_never_crowned_and_twice_the_labels_mostly_are(tmp_path):
    seeds = range(SEEDS // 2)
    half = all_evaluated(tmp_path / "half", seeds, train=TRAIN // 2)
    whole = all_evaluated(tmp_path / "whole", [100 + seed for seed in seeds])
    wrong = all_evaluated(tmp_path / "wrong", [200 + seed for seed in seeds], shuffled=1 / 3)
    against_wrong = [contest(one, other) for one, other in itertools.product(whole, wrong)]
    against_half = [contest(one, other) for one, other in zip(half, whole, strict=True)]
    print(json.dumps({"shuffled": crowned(against_wrong), "twice": crowned(against_half), "of": len(against_half)}))
    assert crowned(against_wrong) == 0
    assert crowned(against_half) >= 0.8 * len(against_half)
